"""A graph in a file -> onnxruntime sessions on the CPU.

Threads of a session do not spin while they wait for work: they would take the cores from other sessions.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_models.errors import CheckpointError
from fer_models.extras import needed_for
from fer_models.side_by_side import cores, on_one_core

if TYPE_CHECKING:
    from onnxruntime import OrtValue

OLDEST_RUNTIME = (1, 19)  # opset 20 and the IR of today's files


def open_session(file: Path, threads: int, keeps_memory: bool = True, weights: "Mapping[str, OrtValue] | None" = None):
    """The session, which computes with so many threads.

    Args:
        keeps_memory: the most that it ever needed, for its next run; that is faster, but sessions do not share it.
        weights: in place of the file's, by name, to be kept as long as the session; those of other names are left out.

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
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = keeps_memory
    options.log_severity_level = 3
    if weights is not None:
        # 1.32.0 turns weights into the layout of its convolutions from what the file holds, whatever it was given
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        for name, values in weights.items():
            options.add_initializer(name, values)
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes are not public
        raise CheckpointError(f"{file} is damaged or of another onnxruntime; export it again") from error


def _lent(weights: Mapping[str, np.ndarray]) -> "dict[str, OrtValue]":
    """As onnxruntime wants them: they are not copied."""
    from onnxruntime import OrtValue

    return {name: OrtValue.ortvalue_from_numpy(values) for name, values in weights.items()}


def _told(session) -> dict[str, str]:
    return session.get_modelmeta().custom_metadata_map


class Sessions:
    """A graph's sessions: one that computes on one core, and another, opened when it is first needed, for who has all
    of them.

    Args:
        keeps_memory: as for `open_session`.
        weights: in place of the file's, by name; those of other names are left out.

    Raises:
        CheckpointError, MissingExtraError: as `open_session`.
    """

    def __init__(self, file: Path, keeps_memory: bool = True, weights: Mapping[str, np.ndarray] | None = None):
        self.file, self.keeps_memory = file, keeps_memory
        lent = None if weights is None else _lent(weights)
        self.narrow = open_session(file, 1, keeps_memory, lent)
        self.wide, self._opening = None, threading.Lock()
        self._lent = lent  # the last to go: the sessions compute with the weights where they lie

    def _on_all_cores(self):
        """
        Raises:
            CheckpointError: the file was written anew since.
        """
        with self._opening:
            if self.wide is None:
                session = open_session(self.file, cores(), self.keeps_memory, self._lent)
                if _told(session) != _told(self.narrow):
                    raise CheckpointError(f"{self.file} was written anew while it was in use; start again")
                self.wide = session
            return self.wide

    @property
    def outputs(self) -> list[str]:
        """Their names, in the graph's order."""
        return [output.name for output in self.narrow.get_outputs()]

    @property
    def inputs(self) -> list[str]:
        """Their names, in the graph's order."""
        return [one.name for one in self.narrow.get_inputs()]

    def told(self, key: str) -> str | None:
        """What the file says under this key."""
        return _told(self.narrow).get(key)

    def run(self, names: list[str] | None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of these names, of all by default."""
        narrow = cores() == 1 or on_one_core() or self._lent is not None  # which are for a few passes
        session = self.narrow if narrow else self._on_all_cores()
        return session.run(names, inputs)


__all__ = ["Sessions", "open_session"]
