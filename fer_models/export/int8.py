"""An exported graph with convolutions of 8 bits, in the setting that answers best on faces whose expression is known.

Which setting is right depends on the network and on the processor: without instructions for it sums saturate unless
weights have 7 bits, with them 7 bits only cost accuracy. So all are made and measured, on the processor at hand.
"""

import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from fer_models.engine_onnx import OWN_ANSWER
from fer_models.errors import ExportError
from fer_models.export.graph import quietly
from fer_models.expressions import ExpressionError, canonical_expression
from fer_models.listing import find_pictures
from fer_models.photo import read_photo

MOST_LOSS = 0.01  # of the answers that were right
CALIBRATION = 200  # faces, at most a third of those that are given
LEAST = 60  # faces, of which two thirds measure
_BATCH = 16


@dataclass(frozen=True)
class Faces:
    """crops: of one face each. labels: places of their expressions among the model's. prepare: crops -> `(N, 3, S, S)`,
    as the model wants them."""

    crops: Sequence[Image.Image]
    labels: Sequence[int]
    prepare: Callable[[Sequence[Image.Image]], np.ndarray]

    def some(self, places: Sequence[int]) -> "Faces":
        """Those at these places."""
        return Faces([self.crops[place] for place in places], [self.labels[place] for place in places], self.prepare)

    def inputs(self) -> Iterator[dict[str, np.ndarray]]:
        """Of the graph, a few faces at a time."""
        for first in range(0, len(self.crops), _BATCH):
            some = self.crops[first : first + _BATCH]
            ids = np.full(len(some), OWN_ANSWER, dtype=np.int64)
            yield {"pixel_values": self.prepare(some), "class_ids": ids}


@dataclass(frozen=True)
class Int8Report:
    """Shares of right answers, in float and in 8 bits, by setting ("per channel, 7 bits"); the chosen one, and on how
    many faces and on which processor that was measured."""

    chosen: str
    accuracy: float
    float_accuracy: float
    every: dict[str, float]
    calibration_faces: int
    measured_faces: int
    processor: str

    def as_data(self) -> dict:
        """For a JSON file."""
        return asdict(self)


class _Reader(CalibrationDataReader):
    def __init__(self, faces: Faces):
        self._inputs = faces.inputs()

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._inputs, None)


def labelled_faces(folder: Path, expressions: Sequence[str]) -> tuple[list[Image.Image], list[int]]:
    """The faces, cut out already, in sub-folders that are named by their expression; one whose name is no expression of
    the model is left out.

    Raises:
        ExportError: there are too few.
    """
    faces, labels = [], []
    for file in find_pictures([folder]) if folder.is_dir() else ():
        try:
            name = canonical_expression(file.parent.name)
        except ExpressionError:
            name = file.parent.name
        if name in expressions:
            faces.append(read_photo(file))
            labels.append(expressions.index(name))
    if len(faces) < LEAST:
        raise ExportError(
            f"{folder} has {len(faces)} faces in folders named by expression; 8 bits need {LEAST} or more"
        )
    return faces, labels


@dataclass(frozen=True)
class Made:
    """file: of the graph in the setting that answers best. report: what every setting answers."""

    file: Path
    report: Int8Report


def best_of_8_bits(file: Path, calibration: Faces, measured: Faces, folder: Path) -> Made:
    """Make the graph in every setting, in the folder, and measure each on this processor.

    Args:
        calibration: faces that say how large features become.
        measured: faces whose right answers are counted.
    """
    in_float = _accuracy(file, measured)
    made: dict[str, tuple[float, Path]] = {}
    quant_pre_process(file, folder / "prepared.onnx", skip_symbolic_shape=True)
    aside = _beside_the_answer(onnx.load(folder / "prepared.onnx").graph)
    for per_channel, reduced in product((True, False), (False, True)):
        setting = f"per {'channel' if per_channel else 'tensor'}, {7 if reduced else 8} bits"
        target = folder / f"{len(made)}.onnx"
        with quietly():
            quantize_static(
                folder / "prepared.onnx",
                target,
                _Reader(calibration),
                per_channel=per_channel,
                reduce_range=reduced,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=aside,
            )
        made[setting] = (_accuracy(target, measured), target)
    chosen = max(made, key=lambda setting: made[setting][0])
    accuracy, best = made[chosen]
    report = Int8Report(
        chosen=chosen,
        accuracy=accuracy,
        float_accuracy=in_float,
        every={setting: share for setting, (share, _) in made.items()},
        calibration_faces=len(calibration.crops),
        measured_faces=len(measured.labels),
        processor=processor(),
    )
    return Made(best, report)


def write_int8(file: Path, faces: Faces, most_loss: float = MOST_LOSS) -> Int8Report:
    """Put the best graph of 8 bits in the place of `file`.

    Args:
        faces: every third, `CALIBRATION` at most, says how large features become; the others measure.
        most_loss: of the share of right answers.

    Raises:
        ExportError: even the best loses more; `file` is as it was.
    """
    calibration = faces.some(range(0, len(faces.crops), 3)[:CALIBRATION])
    measured = faces.some([place for place in range(len(faces.crops)) if place % 3])
    with tempfile.TemporaryDirectory() as name:
        made = best_of_8_bits(file, calibration, measured, Path(name))
        report = made.report
        if not report.accuracy >= report.float_accuracy - most_loss:
            raise ExportError(
                f"with 8 bits at best {100 * report.accuracy:.1f} % of {report.measured_faces:,} faces are answered "
                f"right ({report.chosen}), in float {100 * report.float_accuracy:.1f} %; leave --int8 out"
            )
        graph, told = onnx.load(made.file), {one.key: one.value for one in onnx.load(file).metadata_props}
        onnx.helper.set_model_props(graph, told)
        onnx.save(graph, file)
    return report


def _beside_the_answer(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that only maps need: the gradient keeps its precision."""
    maker = {output: node for node in graph.node for output in node.output}
    needed, waiting = set(), ["logits"]
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node.name not in needed:
            needed.add(node.name)
            waiting.extend(node.input)
    return [node.name for node in graph.node if node.name not in needed]


def _accuracy(file: Path, faces: Faces) -> float:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    answers = [session.run(["logits"], one)[0].argmax(axis=1) for one in faces.inputs()]
    return float((np.concatenate(answers) == np.array(faces.labels)).mean())


def processor() -> str:
    """Its name, and whether it has instructions for products of 8 bits."""
    file = Path("/proc/cpuinfo")
    if not file.is_file():
        return platform.processor() or platform.machine()
    lines = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8").splitlines() if ":" in line)
    told = {key.strip(): value.strip() for key, value in lines.items()}
    vnni = any(flag.endswith("_vnni") for flag in told.get("flags", "").split())
    return f"{told.get('model name', platform.machine())}, {'with' if vnni else 'without'} VNNI"


__all__ = [
    *("CALIBRATION", "MOST_LOSS", "Faces", "Int8Report", "Made", "best_of_8_bits", "labelled_faces", "processor"),
    "write_int8",
]
