"""A worker that loads nothing, so that it can be killed often: it answers with the names it is given."""

import os
import signal

import pyarrow as pa


class Echo:
    """In place of `ray_runner.Worker`; a name with "poison" in it kills it, one with "later" the first time."""

    def __init__(self, asked: object, folder: str, sources: list[str], weights: dict[str, str]):
        self.marks = weights["marks"]

    def __call__(self, block: pa.Table) -> pa.Table:
        told = []
        for row in block.to_pylist():
            name = row["name"].decode()
            mark = os.path.join(self.marks, name)  # noqa: PTH118 - its process has few imports
            if "poison" in name or ("later" in name and not os.path.exists(mark)):  # noqa: PTH110
                os.close(os.open(mark, os.O_CREAT))
                os.kill(os.getpid(), signal.SIGKILL)
            told.append({"number": row["number"], "lines": row["name"], "faces": 1, "error": None})
        return pa.Table.from_pylist(told)
