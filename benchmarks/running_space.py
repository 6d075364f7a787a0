"""The Space in a process of its own, for what measures it from outside."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_models.paths import ROOT


@dataclass(frozen=True)
class RunningSpace:
    """address: of the page. process: the Space's. uploads: where the folder of what visitors send is made. start_up:
    seconds until the page was there."""

    address: str
    process: subprocess.Popen
    uploads: Path
    start_up: float

    def megabytes(self, field: str = "VmRSS") -> float:
        """Memory of the process: resident now (`VmRSS`), or the most so far (`VmHWM`). Linux alone says so."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024

    def uploaded_megabytes(self) -> float:
        """What lies in the folder of uploads."""
        return sum(file.stat().st_size for file in self.uploads.rglob("*") if file.is_file()) / 2**20


@contextmanager
def served(
    arguments: Sequence[str | Path] = (), root: Path = ROOT, uploads: Path | None = None
) -> Iterator[RunningSpace]:
    """`python app.py` with these arguments, until the block ends.

    Args:
        root: of the repository that is served.
        uploads: where its folder of visitors' files is made; by default a folder that goes with it.

    Raises:
        SystemExit: it does not start; the message is what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        log, uploads = Path(folder) / "log", uploads or Path(folder) / "uploads"
        uploads.mkdir(exist_ok=True)
        start = time.perf_counter()
        with log.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                [sys.executable, str(root / "app.py"), *map(str, arguments)],
                cwd=root,
                stdout=out,
                stderr=out,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "GRADIO_TEMP_DIR": str(uploads)},
            )
        try:
            while not (address := re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))):
                if process.poll() is not None:
                    raise SystemExit(f"error: the Space did not start:\n{log.read_text(encoding='utf-8')}")
                time.sleep(0.05)
            yield RunningSpace(address.group(), process, uploads, time.perf_counter() - start)
        finally:
            process.terminate()
            process.wait(10)
