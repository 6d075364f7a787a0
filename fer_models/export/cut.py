"""An exported graph cut where it takes singular values, or their gradient: numpy finds them in a tenth of the time that
the graph's fixed number of products and sums needs, so the onnx engine runs the parts, and other runtimes the whole."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import onnx
from onnx.utils import Extractor

NUMPY = "fer_models"  # the domain of operators that are named as `onnx_parts.STEPS` and have to be cut out
LARGEST = 64  # side of a map; of larger ones numpy's products take all cores, whatever a thread was given


class Place(NamedTuple):
    """Where numpy makes a tensor. step: how, a key of `onnx_parts.STEPS`. takes: the names of the tensors that it
    needs. gives: the name of what it makes."""

    step: str
    takes: tuple[str, ...]
    gives: str


def _steps(graph: onnx.GraphProto, places: Sequence[Place]) -> tuple[dict[str, int], list[onnx.NodeProto]]:
    """Name of a tensor -> the part that makes it; and the nodes that the graph's outputs need, without those in whose
    place numpy is."""
    maker = {name: node for node in graph.node for name in node.output}
    cut = {place.gives: place.takes for place in places}
    needed, waiting = set(), [output.name for output in graph.output]
    while waiting:
        name = waiting.pop()
        if name in cut:
            waiting.extend(cut[name])
        elif name in maker and id(maker[name]) not in needed:
            needed.add(id(maker[name]))
            waiting.extend(maker[name].input)
    kept = [node for node in graph.node if id(node) in needed]
    part = {place.gives: number for number, place in enumerate(places, start=1)}
    for node in kept:  # in an order in which they can be computed, but for what a place gives, known beforehand
        step = max((part.get(name, 0) for name in node.input), default=0)
        part.update(dict.fromkeys(node.output, step))
    return part, kept


def places_of(model: onnx.ModelProto) -> list[Place]:
    """Where a graph has operators of numpy's, in the order in which they are reached."""
    return [Place(node.op_type, tuple(node.input), node.output[0]) for node in model.graph.node if node.domain == NUMPY]


def write_parts(file: Path, places: Sequence[Place], name: str) -> list[dict]:
    """Write the parts of a graph beside it, as `NAME_0.onnx` and so on, and say what each is.

    Args:
        places: in the order in which they are reached.

    Returns:
        For each part its `file`, the `outputs` of the graph that it makes, and, but for the last, the place `then`:
        what numpy makes when it has run, for the parts that follow. A part's other inputs are the graph's, or made by
        parts before it. Nothing where the graph has no tensors of the places' names, as the exporter may have renamed
        them.
    """
    model = onnx.load(file)
    made = {one for node in model.graph.node for one in node.output}
    if not all(one in made for place in places for one in (*place.takes, place.gives)):
        return []
    part, kept = _steps(model.graph, places)
    given, constants = {one.name for one in model.graph.input}, {one.name for one in model.graph.initializer}
    outputs = [[] for _ in range(len(places) + 1)]
    inputs: list[list[str]] = [[] for _ in outputs]

    def add(names: list[str], one: str) -> None:
        if one not in names:
            names.append(one)

    by_numpy = {place.gives for place in places}
    for output in model.graph.output:
        add(outputs[part[output.name]], output.name)
    for place in places:
        for one in place.takes:
            if one not in by_numpy:
                add(outputs[part[one]], one)
    for node in kept:
        step = part[node.output[0]]
        for one in node.input:
            if not one or one in constants:
                continue
            if one in given or one in by_numpy:
                add(inputs[step], one)
            elif part[one] < step:
                add(inputs[step], one)
                add(outputs[part[one]], one)
    extractor, told = Extractor(model), {one.key: one.value for one in model.metadata_props}
    parts = []
    for number, (needs, gives) in enumerate(zip(inputs, outputs, strict=True)):
        piece = extractor.extract_model(needs, gives)
        onnx.helper.set_model_props(piece, told)
        for known in [one for one in piece.opset_import if one.domain == NUMPY]:
            piece.opset_import.remove(known)
        written = f"{name}_{number}.onnx"
        onnx.save(piece, file.parent / written)
        own = [output.name for output in model.graph.output if part[output.name] == number]
        then = {"then": places[number]._asdict()} if number < len(places) else {}
        parts.append({"file": written, "outputs": own} | then)
    return parts


__all__ = ["LARGEST", "NUMPY", "Place", "places_of", "write_parts"]
