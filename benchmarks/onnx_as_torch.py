"""An exported graph as a torch module, for converters that read nothing but torch. It needs onnx and torch alone."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

TYPES = {onnx.TensorProto.FLOAT: torch.float32, onnx.TensorProto.INT64: torch.int64, onnx.TensorProto.BOOL: torch.bool}


def _padding(name: str, pads: list[int]) -> list[int]:
    half = len(pads) // 2
    if pads[:half] != pads[half:]:
        raise NotImplementedError(f"{name} with other padding before than after")
    return pads[:half]


def _convolution(node, options, x, weight, bias=None):
    two = weight.ndim - 2
    before, after = (pads := options.get("pads", [0] * 2 * two))[:two], pads[two:]
    if before != after:
        x = F.pad(x, [pad for axis in reversed(range(two)) for pad in (before[axis], after[axis])])
        before = [0] * two
    steps = options.get("strides", [1] * two), before, options.get("dilations", [1] * two)
    return F.conv2d(x, weight, bias, *steps, options.get("group", 1))


def _transposed_convolution(node, options, x, weight, bias=None):
    padding = _padding(node.op_type, options.get("pads", [0] * 4))
    outside, group = options.get("output_padding", [0, 0]), options.get("group", 1)
    return F.conv_transpose2d(x, weight, bias, options.get("strides", [1, 1]), padding, outside, group)


def _reduced(function):
    def run(node, options, x, axes=None):
        axes = list(range(x.ndim)) if axes is None else axes.tolist()
        return function(x, dim=axes, keepdim=bool(options.get("keepdims", 1)))

    return run


def _slice(node, options, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    if steps is not None and set(steps.tolist()) != {1}:
        raise NotImplementedError("Slice in steps")
    for axis, start, end in zip(axes, starts.tolist(), ends.tolist(), strict=True):
        size = x.shape[axis]
        start, end = (min(place + size if place < 0 else place, size) for place in (start, end))
        x = x.narrow(axis, start, end - start)
    return x


def _pad(node, options, x, pads, value=None, axes=None):
    pads, count = pads.tolist(), x.ndim
    each = [pad for axis in reversed(range(count)) for pad in (pads[axis], pads[axis + count])]
    return F.pad(x, each, value=0.0 if value is None else float(value))


def _split(node, options, x, sizes=None):
    axis = options.get("axis", 0)
    return x.split(x.shape[axis] // len(node.output) if sizes is None else sizes.tolist(), dim=axis)


def _unsqueezed(node, options, x, axes):
    for axis in sorted(axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def _pooled(node, options, x):
    padding = _padding(node.op_type, options.get("pads", [0] * 4))
    return F.max_pool2d(x, options["kernel_shape"], options.get("strides"), padding)


def _gathered(node, options, x, places):
    axis = options.get("axis", 0)
    return x.select(axis, int(places)) if places.ndim == 0 else x.index_select(axis, places)


OPERATORS = {
    "Abs": lambda n, o, x: x.abs(),
    "Add": lambda n, o, x, y: x + y,
    "ArgMax": lambda n, o, x: x.argmax(dim=o.get("axis", 0), keepdim=bool(o.get("keepdims", 1))),
    "Cast": lambda n, o, x: x.to(TYPES[o["to"]]),
    "Clip": lambda n, o, x, low=None, high=None: x.clamp(
        None if low is None else float(low), None if high is None else float(high)
    ),
    "Concat": lambda n, o, *some: torch.cat(some, dim=o["axis"]),
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Div": lambda n, o, x, y: x / y,
    "Equal": lambda n, o, x, y: x == y,
    "Expand": lambda n, o, x, shape: x.expand(torch.broadcast_shapes(x.shape, shape.tolist())),
    "Gather": _gathered,
    "Greater": lambda n, o, x, y: x > y,
    "HardSwish": lambda n, o, x: F.hardswish(x),
    "Less": lambda n, o, x, y: x < y,
    "LessOrEqual": lambda n, o, x, y: x <= y,
    "MatMul": lambda n, o, x, y: torch.matmul(x, y),
    "Max": lambda n, o, x, y: torch.maximum(x, y) if torch.is_tensor(y) else x.clamp(min=y),
    "MaxPool": _pooled,
    "Mul": lambda n, o, x, y: x * y,
    "Pad": _pad,
    "ReduceMax": _reduced(torch.amax),
    "ReduceMean": _reduced(torch.mean),
    "ReduceSum": _reduced(torch.sum),
    "Relu": lambda n, o, x: x.relu(),
    "Reshape": lambda n, o, x, shape: x.reshape(shape.tolist()),
    "Sigmoid": lambda n, o, x: x.sigmoid(),
    "Slice": _slice,
    "Softmax": lambda n, o, x: x.softmax(dim=o.get("axis", -1)),
    "Split": _split,
    "Sqrt": lambda n, o, x: x.sqrt(),
    "Squeeze": lambda n, o, x, axes: x.squeeze(tuple(axes.tolist())),
    "Sub": lambda n, o, x, y: x - y,
    "Transpose": lambda n, o, x: x.permute(o["perm"]),
    "Unsqueeze": _unsqueezed,
    "Where": lambda n, o, condition, x, y: torch.where(condition, x, y),
}


class OnnxAsTorch(torch.nn.Module):
    """The graph for one picture: its inputs -> its outputs, a tuple.

    Raises:
        NotImplementedError: it has an operator that is not known here.
    """

    def __init__(self, file: Path):
        super().__init__()
        self.graph = onnx.load(file).graph
        unknown = sorted({node.op_type for node in self.graph.node} - set(OPERATORS))
        if unknown:
            raise NotImplementedError(f"{', '.join(unknown)} as torch operations")
        self.fixed: dict[str, torch.Tensor] = {}  # shapes and axes, which are needed as numbers
        self.places: dict[str, str] = {}
        for number, one in enumerate(self.graph.initializer):
            values = torch.from_numpy(numpy_helper.to_array(one).copy())
            if values.is_floating_point() and values.ndim:
                self.register_buffer(f"weight_{number}", values)
                self.places[one.name] = f"weight_{number}"
            else:
                self.fixed[one.name] = values
        for number, one in enumerate(self.graph.initializer):
            if one.name in self.fixed and self.fixed[one.name].ndim and self._is_data(one.name):
                self.register_buffer(f"data_{number}", self.fixed.pop(one.name))
                self.places[one.name] = f"data_{number}"
        self.options = [
            {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
            for node in self.graph.node
        ]

    def _is_data(self, name: str) -> bool:
        """Whether it takes part in sums and comparisons, and so is no shape."""
        kinds = {node.op_type for node in self.graph.node if name in node.input}
        return bool(kinds & {"Equal", "Less", "LessOrEqual", "Greater", "Where", "Add", "Mul", "Sub", "Div"})

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        values: dict[str, torch.Tensor | None] = {"": None} | self.fixed
        values |= {name: getattr(self, place) for name, place in self.places.items()}
        values |= dict(zip((one.name for one in self.graph.input), inputs, strict=True))
        for node, options in zip(self.graph.node, self.options, strict=True):
            given = [
                value.item() if name in self.fixed and not value.ndim and node.op_type not in NUMBERED else value
                for name, value in ((name, values[name]) for name in node.input)
            ]
            made = OPERATORS[node.op_type](node, options, *given)
            values.update(zip(node.output, made if node.op_type == "Split" else (made,), strict=True))
        return tuple(values[one.name] for one in self.graph.output)


NUMBERED = {"Gather"}  # wants its number as a tensor, the others as one of Python's


__all__ = ["OnnxAsTorch"]
