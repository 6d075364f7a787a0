"""An exported graph cut where it takes singular values: numpy finds them in a tenth of the time that the graph's fixed
number of products and sums needs, so the onnx engine runs the parts, and other runtimes the whole."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import onnx
from onnx.utils import Extractor

LARGEST = 64  # side of a map; of larger ones numpy's products take all cores, whatever a thread was given


class Place(NamedTuple):
    """Where singular values are taken: maps: the tensor `(..., n, n)`; values: of them, `(..., n)`."""

    maps: str
    values: str


def _steps(graph: onnx.GraphProto, places: Sequence[Place]) -> tuple[dict[str, int], list[onnx.NodeProto]]:
    """Name of a tensor -> the part that makes it; and the nodes that the graph's outputs need, without those that find
    singular values."""
    maker = {name: node for node in graph.node for name in node.output}
    cut = {place.values: place.maps for place in places}
    needed, waiting = set(), [output.name for output in graph.output]
    while waiting:
        name = waiting.pop()
        if name in cut:
            waiting.append(cut[name])
        elif name in maker and id(maker[name]) not in needed:
            needed.add(id(maker[name]))
            waiting.extend(maker[name].input)
    kept = [node for node in graph.node if id(node) in needed]
    part = {place.values: number for number, place in enumerate(places, start=1)}
    for node in kept:  # in an order in which they can be computed, but for the values of a place, known beforehand
        step = max((part.get(name, 0) for name in node.input), default=0)
        part.update(dict.fromkeys(node.output, step))
    return part, kept


def write_parts(file: Path, places: Sequence[Place]) -> list[dict]:
    """Write the parts of a graph beside it, and say what each is.

    Args:
        places: in the order in which they are reached.

    Returns:
        For each part its `file`, the `outputs` of the graph that it makes, and, but for the last, `maps` and `values`:
        when it has run, numpy makes the tensor of the second name, for the parts that follow, from that of the first.
        A part's other inputs are the graph's, or made by parts before it. Nothing where the graph has no tensors of
        the places' names, as the exporter may have renamed them.
    """
    model = onnx.load(file)
    made = {name for node in model.graph.node for name in node.output}
    if not all(name in made for place in places for name in place):
        return []
    part, kept = _steps(model.graph, places)
    given, constants = {one.name for one in model.graph.input}, {one.name for one in model.graph.initializer}
    outputs = [[] for _ in range(len(places) + 1)]
    inputs: list[list[str]] = [[] for _ in outputs]

    def add(names: list[str], name: str) -> None:
        if name not in names:
            names.append(name)

    for output in model.graph.output:
        add(outputs[part[output.name]], output.name)
    for place in places:
        add(outputs[part[place.maps]], place.maps)
    values = {place.values for place in places}
    for node in kept:
        step = part[node.output[0]]
        for name in node.input:
            if not name or name in constants:
                continue
            if name in given or name in values:
                add(inputs[step], name)
            elif part[name] < step:
                add(inputs[step], name)
                add(outputs[part[name]], name)
    extractor, told = Extractor(model), {one.key: one.value for one in model.metadata_props}
    parts = []
    for number, (needs, gives) in enumerate(zip(inputs, outputs, strict=True)):
        piece = extractor.extract_model(needs, gives)
        onnx.helper.set_model_props(piece, told)
        name = f"part_{number}.onnx"
        onnx.save(piece, file.parent / name)
        own = [output.name for output in model.graph.output if part[output.name] == number]
        parts.append({"file": name, "outputs": own} | (places[number]._asdict() if number < len(places) else {}))
    return parts


__all__ = ["LARGEST", "Place", "write_parts"]
