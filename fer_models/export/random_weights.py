"""Which constants of a traced graph are which of the network's weights, and what they are with random weights."""

from collections.abc import Collection

import numpy as np
import torch
from torch import nn

from fer_models.errors import ExportError
from fer_models.random_weights import Origin, turned

Turned = dict[str, tuple[list[str], torch.fx.Node]]  # a constant that was made of others -> those, and how


def _step(node: torch.fx.Node, made: torch.Tensor) -> tuple[str, tuple[int, ...]] | None:
    """As `Origin` has it; `None` for what leaves the values where they are.

    Raises:
        ExportError: it is none of its steps.
    """
    aten, ndim = torch.ops.aten, made.ndim
    axes = list(range(ndim))
    if node.target is aten.flip.default:
        return "flip", tuple(axis % ndim for axis in node.args[1])
    if node.target in (aten.transpose.int, aten.t.default):
        one, other = (axis % ndim for axis in node.args[1:] or (0, 1))
        axes[one], axes[other] = axes[other], axes[one]
        return "transpose", tuple(axes)
    if node.target is aten.unsqueeze.default:
        return "reshape", tuple(made.shape)
    if node.target is aten.clone.default:
        return None
    raise ExportError(f"weights are turned by {node.target}, which random weights cannot follow")


def origins(graph: torch.fx.GraphModule, network: nn.Module, drawn: Collection[str], made: Turned) -> dict[str, Origin]:
    """For each constant of the graph that is one of the network's weights of these names, also a turned one, where it
    comes from.

    Raises:
        ExportError: one of the weights is not in the graph, or what was made of it is not known.
    """
    weights = dict([*network.named_parameters(), *network.named_buffers()])
    names = {id(weights[name]): name for name in drawn}

    def origin(constant: str) -> Origin | None:
        if constant not in made:
            values = getattr(graph, constant)
            return Origin(names[id(values)]) if id(values) in names else None
        sources, node = made[constant]
        before = [one for one in map(origin, sources) if one is not None]
        if not before:
            return None
        step = _step(node, getattr(graph, constant))
        return before[0] if step is None else before[0]._replace(turned=(*before[0].turned, step))

    every = {node.target: origin(node.target) for node in graph.graph.find_nodes(op="get_attr")}
    found = {constant: one for constant, one in every.items() if one is not None}
    for constant, one in found.items():
        again = turned(weights[one.of].detach().numpy(), one)
        if not np.array_equal(again, getattr(graph, constant).detach().numpy(), equal_nan=True):
            raise ExportError(f"{constant} of the graph is not what was said to be made of {one.of}")
    if missing := sorted(set(drawn) - {one.of for one in found.values()}):
        raise ExportError(f"the graph has no {', '.join(missing[:3])}, which are learned")
    return found


def differing(network: nn.Module, other: nn.Module) -> dict[str, np.ndarray]:
    """The parameters and buffers of `other`, a network of the same structure, that have other values, by name."""
    known = dict([*network.named_parameters(), *network.named_buffers()])
    theirs = dict([*other.named_parameters(), *other.named_buffers()])
    return {name: theirs[name].detach().numpy() for name in known if not torch.equal(known[name], theirs[name])}


__all__ = ["Turned", "differing", "origins"]
