"""A graph in a file -> an onnxruntime session on the CPU.

The thread count is that of `OMP_NUM_THREADS` where it is set: threads that outnumber the cores wait for each other.
"""

import os
from pathlib import Path

from fer_models.errors import CheckpointError
from fer_models.extras import needed_for

OLDEST_RUNTIME = (1, 19)  # opset 20 and the IR of today's files


def open_session(file: Path):
    """The session.

    Raises:
        CheckpointError: the file is damaged, or onnxruntime is too old for it.
        MissingExtraError: onnxruntime is not installed.
    """
    with needed_for("answering with the onnx engine"):
        import onnxruntime
    found = tuple(int(part) for part in onnxruntime.__version__.split(".")[:2])
    if found < OLDEST_RUNTIME:
        raise CheckpointError(
            f"onnxruntime {onnxruntime.__version__} is too old for {file}; it needs "
            f"{'.'.join(map(str, OLDEST_RUNTIME))} or newer"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes are not public
        raise CheckpointError(f"{file} is damaged or of another onnxruntime; export it again") from error


__all__ = ["open_session"]
