"""Files are written whole or not at all, and a command that cannot write says so in one sentence."""

import ast
import contextlib
import importlib
import io
import json
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_models.average_maps import Baselines, write_baselines
from fer_models.files import write_bytes, write_fault, write_faults_told, write_text
from fer_models.paths import CHECKPOINTS, EXAMPLES, RESULTS, ROOT

MODEL = CHECKPOINTS / "pattlite-ferplus"
PHOTO = str(EXAMPLES / "portrait.jpg")


@pytest.fixture
def no_room() -> Iterator[Callable]:
    """A context in which every file of this process may have 100 bytes: writing more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    @contextlib.contextmanager
    def limited() -> Iterator[io.StringIO]:
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
            try:
                yield told
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)

    yield limited
    signal.signal(signal.SIGXFSZ, handler)


def test_what_has_no_room_leaves_the_old_file_and_no_other(tmp_path, no_room):
    file = tmp_path / "small.json"
    write_text(file, "old")
    with pytest.raises(OSError) as caught, no_room():
        write_bytes(file, bytes(1000))
    assert file.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [file]
    assert (
        write_fault(caught.value, file)
        == f"{file} cannot be written (File too large); make room, or name another place"
    )


def write_some_baselines(file: Path) -> None:
    maps = Baselines(np.zeros((7, 7)), {}, np.zeros((1, 7, 7)), ("fear",), 1)
    write_baselines(file, {"gradcam": maps}, {"sha256": "0"})


def _pages(out: Path) -> list[str]:
    page = out / "page.md"
    page.write_text("<!-- generated: speed visitors -->\n<!-- end -->\n", encoding="utf-8")
    return ["--pages", str(page)]


COMMANDS: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "answers": ("fer_models.__main__", lambda out: [PHOTO, "--model", str(MODEL), "--out", str(out / "a.jsonl")]),
    "table": ("fer_models.__main__", lambda out: [PHOTO, "--model", str(MODEL), "--out", str(out / "a.csv")]),
    "maps": ("fer_models.__main__", lambda out: [PHOTO, "--model", str(MODEL), "--maps", str(out / "maps")]),
    "pages": ("train.write_pages", _pages),
    "weights and card": ("train.hub_folder", lambda out: [str(_copied(out))]),
}


def _copied(out: Path) -> Path:
    return Path(shutil.copytree(MODEL, out / MODEL.name, dirs_exist_ok=True))


def run(name: str, out: Path, within: Callable) -> tuple[int | str | None, str]:
    """A command's exit code, and all that it said."""
    module, arguments = COMMANDS[name]
    main = importlib.import_module(module).main
    given = arguments(out)
    with within() as told:
        try:
            code = main(given)
        except SystemExit as end:
            code = end.code
    said = f"{told.getvalue()}{code if isinstance(code, str) else ''}"
    return (1 if isinstance(code, str) else code), said


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_sentence_and_an_exit_code(tmp_path, no_room, name):
    code, said = run(name, tmp_path, no_room)
    assert code in (1, 2), said
    (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "cannot be written" in sentence and "make room" in sentence
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["answers", "table", "maps"])
def test_a_file_where_a_folder_is_needed_is_one_sentence(tmp_path, name):
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    code, said = run(name, tmp_path / "taken", _as_it_is)
    assert code in (1, 2), said
    (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "taken" in sentence and "another" in sentence and "Traceback" not in said


@contextlib.contextmanager
def _as_it_is() -> Iterator[io.StringIO]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said


@pytest.mark.parametrize("write", [write_some_baselines, lambda file: write_text(file, 1000 * "x")])
def test_small_files_are_renamed_into_place(tmp_path, no_room, write):
    file = tmp_path / "one"
    with pytest.raises(OSError), no_room():
        write(file)
    assert list(tmp_path.iterdir()) == []
    write(file)
    assert file.stat().st_size > 100


def test_what_libraries_say_about_a_full_disk_is_understood():
    words = "Error while serializing: I/O error: No space left on device (os error 28)"
    with (
        pytest.raises(SystemExit, match="error: what belongs there cannot be written"),
        write_faults_told(),
    ):
        raise RuntimeError(words)
    assert write_fault(ValueError("something else")) == "" and write_fault(FileNotFoundError(2, "no", "x")) == ""


def _mains(file: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            yield node


def test_every_command_that_writes_tells_so():
    files = [*sorted((ROOT / "train").glob("*.py")), *sorted((ROOT / "benchmarks").glob("*.py"))]
    mains = {file.name: main for file in files for main in _mains(file)}
    assert len(mains) > 20
    for name, main in mains.items():
        decorators = [ast.unparse(one) for one in main.decorator_list]
        assert "command" in decorators or "write_faults_told()" in decorators, name


def test_result_files_are_what_the_list_of_commands_writes(tmp_path, no_room):
    from fer_models.results import read, write

    result = read(RESULTS / "load.json")
    with pytest.raises(SystemExit, match="make room"), no_room(), write_faults_told():
        write(tmp_path / "load.json", result)
    write(tmp_path / "load.json", result)
    assert json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))["kind"] == "load"
