"""A checkpoint -> a folder that answers and explains without torch: the graph, and beside it what is data."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import onnx
import torch

import fer_models
from fer_models import average_maps, random_weights
from fer_models.checkpoint import Checkpoint
from fer_models.engine_onnx import DATA, FORMAT, GRAPH, PIXELS
from fer_models.errors import ExportError
from fer_models.export.check import CheckReport, check_graph, check_pixel_gradients, check_random_weights
from fer_models.export.cut import write_parts
from fer_models.export.graph import OPSET, Prepared, WrittenGraph, prepared, write_graph
from fer_models.export.int8 import Faces, Int8Report, labelled_faces, write_int8
from fer_models.export.mtcnn import WEIGHTS, write_networks
from fer_models.export.pixels import write_pixel_gradients
from fer_models.files import write_fault
from fer_models.folding import FoldingError
from fer_models.methods import METHODS
from fer_models.models.modeling_fer import FERPreTrainedModel
from fer_models.models.modeling_hfc import HFCForImageClassification
from fer_models.mtcnn_networks import FILES
from fer_models.onnx_parts import Parts
from fer_models.onnx_session import Sessions

TOLERANCE, TOLERANCE_HFC = 1e-4, 1e-3  # of logits and maps; HFC's singular values are counted, not decomposed
ANSWERS = (
    *("image_size", "face_margin", "softmax_temperature", "folded_temperature", "reject_threshold"),
    *("class_priors", "balanced_temperature", "balanced_threshold"),
)
PROCESSING = ("size", "resample", "source_size", "do_grayscale", "image_mean", "image_std", "rescale_factor")


class ExportReport(NamedTuple):
    """check: the graph in float against the library. int8: what 8 bits cost; `None` where they were not asked for."""

    check: CheckReport
    int8: Int8Report | None


def _described(checkpoint: Checkpoint, map_names: list[str], profile_names: list[str]) -> list[dict]:
    """What each map is, where it lies among the outputs, and how it is to be drawn."""
    model = checkpoint.model
    return [
        {
            "output": f"map_{number}",
            "name": name,
            "meaning": model.attention_meanings[name],
            "kind": model.attention_kinds[name],
            "profiles": [f"profile_{2 * profile_names.index(name) + part}" for part in range(2)]
            if name in profile_names
            else None,
        }
        for number, name in enumerate(map_names)
    ]


class _More(NamedTuple):
    """parts, pixels: as `onnx_parts.Parts` wants to know of them. random: the file of random weights. differences: from
    the library."""

    parts: list[dict]
    pixels: list[dict]
    random: str | None
    differences: dict[str, float]


_NOTHING = _More([], [], None, {})


def _write_more(
    folder: Path, model: FERPreTrainedModel, network: Prepared, traced: WrittenGraph, tolerance: float, written: dict
) -> _More:
    """What the onnx engine has beside the graph: its parts, the gradient for the pixels, random weights of both.

    Raises:
        ExportError: it does not say what the library says.
    """
    parts = write_parts(folder / GRAPH, traced.places, "part") if traced.places else []
    if parts:
        check_graph(Parts(folder, parts), model, tolerance)
    pixels, of_pixels = write_pixel_gradients(network, folder / PIXELS, written)
    differences = check_pixel_gradients(Parts(folder, pixels), model)
    file = folder / random_weights.FILE
    of_graph = {random_weights.ANSWERS: traced.weights, random_weights.PIXELS: of_pixels}
    random_weights.write_random_weights(file, written["sha256"], network.drawn, of_graph)
    answers, gradients = random_weights.read_random_weights(file, written["sha256"], list(of_graph))
    whole = Parts(folder, parts, weights=answers) if parts else Sessions(folder / GRAPH, weights=answers)
    differences |= check_random_weights(whole, Parts(folder, pixels, weights=gradients), model)
    return _More(parts, pixels, file.name, differences)


def export_checkpoint(checkpoint: Checkpoint, folder: Path, int8: Path | None = None) -> ExportReport:
    """Write `model.onnx`, its parts where it takes singular values, the gradient for the pixels, random weights to
    check maps with, the checkpoint's average maps, the three networks that find faces, and `export.json` into the
    folder, all or none.

    Args:
        int8: a folder of faces, as `int8.labelled_faces` wants them, for a graph that computes with 8 bits.

    Raises:
        ExportError: the graph cannot be made, or does not say what the library says, or loses too much with 8 bits; or
            the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _export(checkpoint, folder, int8)
    except OSError as error:
        if not (told := write_fault(error, folder)):
            raise
        raise ExportError(told) from error


def _export(checkpoint: Checkpoint, folder: Path, int8: Path | None) -> ExportReport:
    model, processor = checkpoint.model.cpu(), checkpoint.processor
    written = {"sha256": checkpoint.sha256, "checkpoint": checkpoint.name, "software": fer_models.__version__}
    tolerance = TOLERANCE_HFC if isinstance(model, HFCForImageClassification) else TOLERANCE
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as name:
        unfinished = Path(name)
        try:
            network = prepared(model)
            traced = write_graph(network, unfinished / GRAPH, written)
        except FoldingError as error:
            raise ExportError(f"{checkpoint.name} cannot be exported: {error}") from error
        write_networks(unfinished)
        report = check_graph(Sessions(unfinished / GRAPH), model, tolerance)
        in_8_bits, more = None, _NOTHING
        if int8 is not None:
            crops, labels = labelled_faces(int8, checkpoint.expressions)
            faces = Faces(crops, labels, lambda some: checkpoint.pixel_values(some).numpy())
            in_8_bits = write_int8(unfinished / GRAPH, faces)
        else:
            more = _write_more(unfinished, model, network, traced, tolerance, written)
        data = written | {
            "format": FORMAT,
            "made_with": {"torch": torch.__version__, "onnx": onnx.__version__, "opset": OPSET},
            "network": {key: value for key, value in asdict(checkpoint.facts).items() if key != "maps"},
            "labels": checkpoint.expressions,
            "answers": {key: getattr(model.config, key) for key in ANSWERS},
            "processing": {key: value for key, value in processor.to_dict().items() if key in PROCESSING},
            "cam": {
                "output": "cam",
                "method": "gradcam",
                "name": METHODS["gradcam"].title,
                "meaning": METHODS["gradcam"].meaning,
                "kind": "heat",
            },
            "maps": _described(checkpoint, traced.map_names, traced.profile_names),
            "parts": more.parts,
            "pixels": more.pixels,
            "random": more.random,
            "check": report.as_data() | {"differences": report.differences | more.differences},
            "int8": in_8_bits and in_8_bits.as_data(),
            "finding_faces": {"networks": FILES, "weights": WEIGHTS},
        }
        files = [part["file"] for part in (*more.parts, *more.pixels)] + ([more.random] if more.random else [])
        data["sizes"] = {file: (unfinished / file).stat().st_size for file in files}
        (unfinished / DATA).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        elsewhere = folder.resolve() != checkpoint.folder.resolve()
        beside = [average_maps.FILE] if elsewhere and more.random and checkpoint.baselines else []
        for file in beside:
            shutil.copyfile(checkpoint.folder / file, unfinished / file)
        for file in (GRAPH, *files, *FILES, *beside, DATA):
            (unfinished / file).replace(folder / file)
        others = ["part_*.onnx", f"{Path(PIXELS).stem}*.onnx", random_weights.FILE]
        others += [average_maps.FILE] if elsewhere else []  # those of an export before
        for old in [file for pattern in others for file in folder.glob(pattern)]:
            if old.name not in (*files, *beside):
                old.unlink()
    return ExportReport(report, in_8_bits)


__all__ = ["ExportReport", "export_checkpoint"]
