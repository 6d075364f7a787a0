"""HFC's Fourier filter and singular values as a fixed number of products and sums, which every runtime knows.

A DFT is ignored or wrong in some runtimes, and none has eigenvalues. The filter is a Hartley transform, real products
with one matrix. The eigenvalues of the Gram matrix are those of a tridiagonal one (Lanczos with full
reorthogonalisation), found by counting how many lie below each of many points (Sturm).
"""

import math

import numpy as np
import onnx
import onnxscript
import torch
from onnxscript import opset20 as op

from fer_models.export.cut import NUMPY, Place
from fer_models.models.modeling_hfc import HFCAttention, HFCForImageClassification, high_pass_filter
from fer_models.models.singular_values import singular_values, singular_vectors

POINTS = 1024  # of the first count, between 0 and the largest singular value
BETWEEN = 24  # of the second one, between two of them
TINY = 1e-30
FLOAT = 1  # ONNX's number for float32
RESTART = np.float32(1e-7)  # of the trace: a start for the vectors that a matrix of low rank leaves undetermined


def hartley_matrix(size: int) -> torch.Tensor:
    """`cos + sin` of every frequency at every place, `(n, n)`; symmetric, and its square is n times the identity."""
    steps = torch.arange(size)
    angles = 2 * math.pi / size * ((steps[:, None] * steps) % size).double()
    return angles.cos() + angles.sin()


def high_frequencies(attention: HFCAttention, size: int):
    """`HFCAttention.high_frequencies` for maps of this side. The filter is the same for a frequency and its mirror
    images along either axis, so it only scales in the Hartley basis too."""
    half = high_pass_filter(size, attention.filter_shape, attention.filter_cutoff).double()  # (n, n // 2 + 1)
    mirrored = half[:, 1 : (size + 1) // 2].flip(1)
    keep = (torch.cat([half, mirrored], dim=1) / size**2).float()
    matrix = hartley_matrix(size).float()

    def filtered(whole: torch.Tensor) -> torch.Tensor:
        spectrum = torch.matmul(torch.matmul(matrix, whole), matrix)
        return torch.matmul(torch.matmul(matrix, spectrum * keep), matrix)

    return filtered


@torch.library.custom_op("fer_models::singular_values", mutates_args=())
def _singular_values(maps: torch.Tensor) -> torch.Tensor:
    """One step for the tracer; `counted_singular_values` is what it becomes in the graph."""
    return singular_values(maps)


@_singular_values.register_fake
def _(maps: torch.Tensor) -> torch.Tensor:
    return maps.new_empty(maps.shape[:-1])


@torch.library.custom_op("fer_models::singular_values_gradient", mutates_args=())
def _gradient(maps: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Another step: from the gradient for the values, `(..., n)`, that for the maps. Only a graph that is cut there can
    have it."""
    left, _, right = singular_vectors(maps)
    return (left * gradient[..., None, :] @ right).contiguous()


@_gradient.register_fake
def _(maps: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(maps)


class _Steps(torch.autograd.Function):
    """Both, for a tracer of gradients."""

    @staticmethod
    def forward(maps: torch.Tensor) -> torch.Tensor:
        return _singular_values(maps)

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        return _gradient(*ctx.saved_tensors, gradient)


def _constant(values: np.ndarray | np.floating):
    return op.Constant(value=onnxscript.ir.tensor(np.asarray(values)))


def _number(value: float):
    return _constant(np.float32(value))


def _axes(*axes: int):
    return _constant(np.array(axes, dtype=np.int64))


def _length(values, *axes: int):
    """The square root of the sum of squares along the axes, which stay: MNN 3.6.1 takes ReduceL2's axes for all of
    them, without an error."""
    return op.Sqrt(op.ReduceSum(op.Mul(values, values), _axes(*axes), keepdims=1))


def _tridiagonal(squares, size: int):
    """Symmetric matrices `(N, n, n)` of trace 1 or less -> diagonal `(N, n)` and the one beside it `(N, n - 1)` of
    tridiagonal matrices with the same eigenvalues."""
    starts = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    none = op.Mul(op.ReduceSum(squares, _axes(1, 2), keepdims=1), _number(0))  # (N, 1, 1)
    row = op.Add(none, _constant(starts[None, :1]))  # (N, 1, n)
    basis = row
    for step in range(1, size):
        row = op.Add(op.MatMul(row, squares), _constant(RESTART * starts[None, step : step + 1]))
        for _ in range(2):
            row = op.Sub(row, op.MatMul(op.MatMul(row, op.Transpose(basis, perm=[0, 2, 1])), basis))
        row = op.Div(row, op.Add(_length(row, 2), _number(TINY)))
        basis = op.Concat(basis, row, axis=1)
    images = op.MatMul(basis, squares)
    diagonal = op.ReduceSum(op.Mul(basis, images), _axes(2), keepdims=0)
    later, earlier = op.Slice(basis, _axes(1), _axes(size), _axes(1)), op.Slice(images, _axes(0), _axes(-1), _axes(1))
    return diagonal, op.ReduceSum(op.Mul(later, earlier), _axes(2), keepdims=0)


def _count_below(points, diagonal, beside, size: int):
    """How many eigenvalues of the tridiagonal matrices lie below each point. `(N, P)` -> `(N, 1, P)`."""
    shifted = op.Sub(op.Unsqueeze(diagonal, _axes(2)), op.Unsqueeze(points, _axes(1)))  # (N, n, P)
    shifted = op.Split(shifted, num_outputs=size, axis=1)
    square = op.Unsqueeze(op.Add(op.Mul(beside, beside), _number(TINY)), _axes(2))  # a pivot of 0 is not 0 / 0
    square = op.Split(square, num_outputs=size - 1, axis=1) if size > 2 else [square]
    pivots = [shifted[0]]
    for step in range(1, size):
        pivots.append(op.Sub(shifted[step], op.Div(square[step - 1], pivots[-1])))
    negative = op.Cast(op.Less(op.Concat(*pivots, axis=1), _number(0)), to=FLOAT)
    return op.ReduceSum(negative, _axes(1), keepdims=1)


def counted_singular_values(maps):
    """The nodes for the singular values, largest first, of `(..., n, n)`: within some 5e-5 of the largest, and
    float32's own error where they are small."""
    size, shape = maps.shape[-1], op.Slice(op.Shape(maps), _axes(0), _axes(-1))
    if size == 1:
        return op.Reshape(op.Abs(maps), shape)
    flat = op.Reshape(maps, _constant(np.array([-1, size, size])))
    highest = op.Add(_length(flat, 1, 2), _number(TINY))  # (N, 1, 1), at least the largest
    flat = op.Div(flat, highest)
    diagonal, beside = _tridiagonal(op.MatMul(flat, op.Transpose(flat, perm=[0, 2, 1])), size)
    grid = (np.arange(POINTS, dtype=np.float32) + 1) / POINTS
    below = _count_below(_constant(grid[None] ** 2), diagonal, beside, size)  # (N, 1, P)
    order = _constant(np.arange(size, dtype=np.float32)[::-1, None] + np.float32(0.5))  # (n, 1), largest first
    # the value with i others below it lies above every point with at most i below it
    passed = op.ReduceSum(op.Cast(op.Less(below, order), to=FLOAT), _axes(2), keepdims=1)  # (N, n, 1) whole steps
    finer = (np.arange(BETWEEN, dtype=np.float32) + 1) / (BETWEEN + 1)
    points = op.Div(op.Add(passed, _constant(finer[None, None])), _number(POINTS))  # (N, n, F)
    points = op.Reshape(op.Mul(points, points), _constant(np.array([-1, size * BETWEEN])))
    below = op.Reshape(_count_below(points, diagonal, beside, size), _constant(np.array([-1, size, BETWEEN])))
    more = op.ReduceSum(op.Cast(op.Less(below, order), to=FLOAT), _axes(2), keepdims=1)
    parts = op.Div(op.Add(more, _number(0.5)), _number(BETWEEN + 1))
    values = op.Mul(op.Div(op.Add(passed, parts), _number(POINTS)), highest)
    return op.Reshape(values, shape)


VALUES, GRADIENT = torch.ops.fer_models.singular_values.default, torch.ops.fer_models.singular_values_gradient.default
STEPS = {VALUES: "singular_values", GRADIENT: "singular_values_gradient"}  # as `onnx_parts` calls them
TRANSLATIONS = {VALUES: counted_singular_values}


def _operator(name: str, *takes: str) -> onnxscript.values.Op:
    """One that no runtime knows, for a graph that is cut wherever it is."""
    inputs, output = [_Tensor(one, "tensor(float)") for one in takes], _Tensor("found", "tensor(float)")
    schema = onnx.defs.OpSchema(name, NUMPY, 1, inputs=inputs, outputs=[output])
    return onnxscript.values.Op(onnxscript.values.Opset(NUMPY, 1), name, schema)


_Tensor = onnx.defs.OpSchema.FormalParameter
TO_CUT_OUT = {VALUES: _operator(STEPS[VALUES], "maps"), GRADIENT: _operator(STEPS[GRADIENT], "maps", "gradient")}


def singular_places(graph: torch.fx.Graph, largest: int) -> list[Place]:
    """Where a graph takes singular values of maps of that side at most, in the order in which they are reached."""
    found = graph.find_nodes(op="call_function", target=VALUES)
    return [
        Place(STEPS[VALUES], (node.args[0].name,), node.name)  # tensors keep these names in the file
        for node in found
        if node.meta["val"].shape[-1] <= largest
    ]


def make_portable(model: HFCForImageClassification, pixel_values: torch.Tensor) -> None:
    """Give every HFC module of the network these two; their maps' sides are those that such pictures give."""
    with torch.inference_mode():
        output = model(pixel_values, output_attentions=True)
    for attention, maps in zip(model.attentions, output.attentions or (), strict=True):
        if isinstance(attention, HFCAttention):
            attention.high_frequencies = high_frequencies(attention, maps.shape[-1])
            attention.singular_values = _Steps.apply


__all__ = [
    "TO_CUT_OUT",
    "TRANSLATIONS",
    "counted_singular_values",
    "high_frequencies",
    "make_portable",
    "singular_places",
]
