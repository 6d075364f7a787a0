"""A network as one ONNX graph: pixels and a class id per picture -> logits, Grad-CAM for that class, attention maps.

The gradient from the logits back to the CAM layer is part of the graph, as the vector-Jacobian product of what follows
that layer, so a runtime without gradients explains too. `torch.export` traces such a product to a graph that ignores
its input, without an error; `make_fx` does not, and `export.check` compares anyway.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from torch import nn
from torch._functorch.compile_utils import fx_graph_cse
from torch.fx.experimental.proxy_tensor import make_fx

from fer_models.export.cut import LARGEST, Place
from fer_models.export.hfc import TRANSLATIONS, make_portable, singular_places
from fer_models.export.portable import portable
from fer_models.export.random_weights import Turned, differing, origins
from fer_models.models.modeling_fer import FERPreTrainedModel
from fer_models.models.modeling_hfc import HFCForImageClassification
from fer_models.random_weights import Origin
from fer_models.trust.sanity import randomized

FEATURES, GRADIENTS = "features", "gradients"  # outputs that are no maps yet
OWN_ANSWER = -1  # the class id that asks about the model's own answer
OPSET = 20
TRACED_PICTURES = 5  # tracing takes equal sizes for one: not 3, as of the channels, and not 1


class ExplainedNetwork(nn.Module):
    """`(B, 3, S, S)` and `(B,)` class ids -> `(logits, cam, *attention maps, *profiles, features, gradients)`, maps and
    profiles in the order of `map_names` and `profile_names`. The CAM is as `explain` makes it with "gradcam"; from the
    CAM layer's features and the logit's gradient for them the other methods' maps are made."""

    def __init__(self, network: FERPreTrainedModel):
        super().__init__()
        self.network = network
        side = network.config.image_size
        with torch.inference_mode(), self._cam_layer_plus(None) as seen:
            output = network(torch.zeros(2, 3, side, side), output_attentions=True)
        self.feature_shape = tuple(seen[0].shape[1:])
        self.map_names = list(network.attention_maps(output))
        self.profile_names = list(network.attention_profiles(output))

    @contextmanager
    def _cam_layer_plus(self, delta: torch.Tensor | None) -> Generator[list[torch.Tensor]]:
        """Adds `delta` to what the CAM layer returns, and keeps that."""
        seen: list[torch.Tensor] = []

        def hook(module: nn.Module, inputs: tuple, features: torch.Tensor) -> torch.Tensor:
            seen.append(features)
            return features if delta is None else features + delta

        # before other hooks, so that it is the layer's own output
        layer = self.network.get_submodule(self.network.config.cam_layer)
        handle = layer.register_forward_hook(hook, prepend=True)
        try:
            yield seen
        finally:
            handle.remove()

    def forward(self, pixel_values: torch.Tensor, class_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        side = self.network.config.image_size
        if pixel_values.shape[2:] != (side, side):  # which also tells the tracer that these are fixed
            raise ValueError(f"pictures must be {side} x {side}, not {tuple(pixel_values.shape[2:])}")

        def tail(delta: torch.Tensor):
            with self._cam_layer_plus(delta) as seen:
                output = self.network(pixel_values, output_attentions=True)
            maps = tuple(self.network.attention_maps(output).values())
            profiles = [part for pair in self.network.attention_profiles(output).values() for part in pair]
            return output.logits, (seen[0], (*maps, *profiles))

        nothing = pixel_values.new_zeros(pixel_values.shape[0], *self.feature_shape)
        logits, back, (features, shown) = torch.func.vjp(tail, nothing, has_aux=True)
        asked = torch.where(class_ids < 0, logits.argmax(dim=1), class_ids)
        chosen = (torch.arange(logits.shape[1], device=logits.device) == asked[:, None]).to(logits.dtype)
        (gradients,) = back(chosen)
        weights = gradients.mean(dim=(2, 3), keepdim=True)  # one per channel
        # the map is divided by its highest value: of tiny weights the products would vanish before
        largest = weights.abs().amax(dim=1, keepdim=True)
        weights = weights / torch.where(largest > 0, largest, 1)
        cam = (weights * features).sum(dim=1).clamp(min=0)
        highest = cam.amax(dim=(1, 2), keepdim=True)
        return (logits, cam / torch.where(highest > 0, highest, 1), *shown, features, gradients)


def _input_gradient(grad, inputs, weight, bias_sizes, stride, padding, dilation, transposed, outside, groups, mask):
    """The gradient of a convolution for its input alone, as the convolution that it is: with its kernels turned, or,
    where it moved in larger steps, a transposed one.

    OpenVINO 2026.4.1 computes a transposed convolution with the kernels of the convolution beside it, if both have the
    same weights and as many channels go in as come out; turned ones are other weights.
    """
    depthwise = weight.shape[1] == 1 and len(weight) == groups
    if all(step == 1 for step in stride) and (groups == 1 or depthwise):
        turned_axes = [axis for axis in range(2, weight.ndim) if weight.shape[axis] > 1]
        turned = weight.flip(turned_axes) if turned_axes else weight
        turned = turned if depthwise else turned.transpose(0, 1)
        whole = [gap * (size - 1) for gap, size in zip(dilation, weight.shape[2:], strict=True)]
        around = [all_round - before for all_round, before in zip(whole, padding, strict=True)]
        back = torch.ops.aten.convolution(
            grad, turned.contiguous(), None, stride, around, dilation, False, outside, groups
        )
        return back, None, None

    def reached(axis: int) -> int:  # a stride may leave the last rows of the input unseen
        kernel = dilation[axis] * (weight.shape[2 + axis] - 1) + 1
        return (grad.shape[2 + axis] - 1) * stride[axis] - 2 * padding[axis] + kernel

    unseen = [inputs.shape[2 + axis] - reached(axis) for axis in range(inputs.ndim - 2)]
    back = torch.ops.aten.convolution(grad, weight, None, stride, padding, dilation, True, unseen, groups)
    return back, None, None


def _padded(part: torch.Tensor, axis: int, before: int, after: int) -> torch.Tensor:
    """With so many zeros before and after it along the axis."""
    return torch.ops.aten.constant_pad_nd(part, [0, 0] * (part.ndim - 1 - axis) + [before, after])


def _slice_gradient(grad, sizes, axis, start, end, step):
    """A part's gradient for the whole as the part between zeros, not as one that is written into a picture of zeros
    place by place, which few runtimes can."""
    if step != 1:
        return NotImplemented
    axis, whole = axis % grad.ndim, sizes[axis]
    first = min(start + whole if start < 0 else start, whole)
    return _padded(grad, axis, first, whole - first - grad.shape[axis])


def _select_gradient(grad, sizes, axis, index):
    axis, whole = axis % len(sizes), sizes[axis]
    return _padded(grad.unsqueeze(axis), axis, index % whole, whole - index % whole - 1)


def _cut(picture, pads, value=0.0):
    """A border that was added is cut off by a slice: of a padding by less than nothing MNN 3.6.1 makes other numbers,
    without an error."""
    if not pads or any(pad > 0 for pad in pads):
        return NotImplemented
    for number in range(len(pads) // 2):
        axis, (before, after) = picture.ndim - 1 - number, pads[2 * number : 2 * number + 2]
        if before or after:
            picture = torch.ops.aten.slice(picture, axis, -before, picture.shape[axis] + after)
    return picture


def _mean_gradient(grad, inputs, kernel, stride, padding, ceil_mode, count_include_pad, divisor):
    """The gradient of a mean over whole rows or columns: the same for each of their places."""
    places = kernel[0] * kernel[1]
    whole = all(one in (1, inputs.shape[2 + axis]) for axis, one in enumerate(kernel))
    if not whole or any(padding) or divisor not in (None, places) or list(stride or kernel) != list(kernel):
        return NotImplemented
    return (grad * (1 / places)).expand(inputs.shape)


def _maximum_gradient(grad, inputs, kernel, stride, padding, dilation, ceil_mode, indices):
    """The gradient of a maximum goes to the first place of its window that has it. All windows' first places are looked
    at together, then all second ones, and a transposed convolution adds up what windows that overlap give a place."""
    if ceil_mode or any(step != 1 for step in dilation):
        return NotImplemented
    (rows, columns), (down, across) = kernel, stride
    margins = [padding[1], padding[1], padding[0], padding[0]]
    padded = torch.ops.aten.constant_pad_nd(inputs, margins, LOWEST) if any(padding) else inputs
    highest = torch.ops.aten.max_pool2d_with_indices(inputs, kernel, stride, padding)[0]
    height, width = highest.shape[2:]
    free, shares = torch.ones_like(highest), []
    for row in range(rows):
        for column in range(columns):
            seen = padded[:, :, row : row + down * (height - 1) + 1 : down]
            seen = seen[:, :, :, column : column + across * (width - 1) + 1 : across]
            first = (seen >= highest).to(grad.dtype) * free
            free = free - first
            shares.append(grad * first)
    channels = inputs.shape[1]
    places = (
        torch.eye(rows * columns, dtype=grad.dtype).view(rows * columns, 1, rows, columns).repeat(channels, 1, 1, 1)
    )
    shared = torch.stack(shares, dim=2).flatten(1, 2)  # (B, C * places, h, w)
    unseen = [
        size + 2 * margin - (step * (count - 1) + reach)
        for size, margin, step, count, reach in zip(
            inputs.shape[2:], padding, stride, (height, width), kernel, strict=True
        )
    ]
    return torch.ops.aten.convolution(shared, places, None, stride, padding, dilation, True, unseen, channels)


LOWEST = torch.finfo(torch.float32).min

DECOMPOSITIONS = {
    torch.ops.aten.avg_pool2d_backward.default: _mean_gradient,
    torch.ops.aten.max_pool2d_with_indices_backward.default: _maximum_gradient,
    torch.ops.aten.convolution_backward.default: _input_gradient,
    torch.ops.aten.slice_backward.default: _slice_gradient,
    torch.ops.aten.select_backward.default: _select_gradient,
    torch.ops.aten.constant_pad_nd.default: _cut,
}


def _without_nothing(graph: torch.fx.Graph) -> None:
    """Take out what adds zeros: the gradient is for something that is added to the CAM layer's output, which is 0."""
    for node in graph.find_nodes(op="call_function", target=torch.ops.aten.add.Tensor):
        features, nothing = node.args
        zeros = isinstance(nothing, torch.fx.Node) and nothing.target is torch.ops.aten.new_zeros.default
        if zeros and node.meta["val"].shape == features.meta["val"].shape:
            node.replace_all_uses_with(features)


def _maps_not_from_a_layer(graph: torch.fx.Graph) -> None:
    """Where features are weighed by a map of one channel, multiply by the sum over that channel: OpenCV 5.0.0 gives the
    product of two layers' outputs in the order in which it computes, eight channels together, without an error."""
    for node in graph.find_nodes(op="call_function", target=torch.ops.aten.mul.Tensor):
        for one in node.all_input_nodes:
            sizes = one.meta["val"].shape
            if len(sizes) == 4 and sizes[1] == 1 and node.meta["val"].shape[1] != 1:
                with graph.inserting_before(node):
                    summed = graph.call_function(torch.ops.aten.sum.dim_IntList, (one, [1], True))
                summed.meta = dict(one.meta)
                node.replace_input_with(one, summed)


def _without_to_and_fro(graph: torch.fx.Graph) -> None:
    """Take out what is transposed twice."""
    transpose = torch.ops.aten.transpose.int

    def axes(node: torch.fx.Node) -> set[int]:
        return {axis % node.meta["val"].ndim for axis in node.args[1:]}

    for node in graph.find_nodes(op="call_function", target=transpose):
        inner = node.args[0]
        if inner.target is transpose and axes(inner) == axes(node):
            node.replace_all_uses_with(inner.args[0])


def weights_turned_once(graph: torch.fx.GraphModule) -> Turned:
    """Put in the place of turned weights their values: MNN's converter crashes on a depthwise convolution whose weights
    are not constant."""
    turned: Turned = {}
    for node in graph.graph.nodes:
        sources = node.all_input_nodes
        if node.op == "call_function" and sources and all(source.op == "get_attr" for source in sources):
            values = torch.fx.node.map_arg(node.args, lambda source: getattr(graph, source.target))
            name = f"turned_{node.name}"
            turned[name] = ([source.target for source in sources], node)
            graph.register_buffer(name, node.target(*values, **node.kwargs).detach().contiguous())
            with graph.graph.inserting_before(node):
                constant = graph.graph.get_attr(name)
            constant.meta = node.meta
            node.replace_all_uses_with(constant)
    return turned


@contextmanager
def quietly() -> Generator[None]:
    """Without what the exporter prints and logs about itself."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def traced(
    network: nn.Module, pixel_values: torch.Tensor, class_ids: torch.Tensor
) -> tuple[torch.fx.GraphModule, Turned]:
    """The network with its gradient, as a graph of torch's basic operations, for any number of pictures; and which of
    its constants are turned weights."""
    graph = make_fx(network, tracing_mode="symbolic", _allow_non_fake_inputs=True, decomposition_table=DECOMPOSITIONS)(
        pixel_values, class_ids
    )
    _without_nothing(graph.graph)
    _without_to_and_fro(graph.graph)
    _maps_not_from_a_layer(graph.graph)
    graph.graph = fx_graph_cse(graph.graph)
    turned = weights_turned_once(graph)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph, turned


class WrittenGraph(NamedTuple):
    """map_names, profile_names: what its maps and profiles are called in the library, in the order of its outputs.
    places: where it takes singular values of maps that are small enough for `cut`, in the order in which they are
    reached. weights: which of its constants are which of the network's."""

    map_names: list[str]
    profile_names: list[str]
    places: list[Place]
    weights: dict[str, Origin]


class Prepared(NamedTuple):
    """network: a copy of what runtimes know. pixel_values: pictures for the tracer. drawn: what the network's weights
    are where they are random (`trust.randomized_explanation`), by their names."""

    network: FERPreTrainedModel
    pixel_values: torch.Tensor
    drawn: dict[str, np.ndarray]


def prepared(model: FERPreTrainedModel) -> Prepared:
    """
    Raises:
        FoldingError: the copy does not answer alike.
    """
    side = model.config.image_size
    pixel_values = torch.randn(TRACED_PICTURES, 3, side, side, generator=torch.Generator().manual_seed(0))
    network = portable(model)
    drawn = differing(network, portable(randomized(model), checked=False))
    if isinstance(network, HFCForImageClassification):
        make_portable(network, pixel_values)
    return Prepared(network, pixel_values, drawn)


def write(
    explaining: nn.Module,
    network: Prepared,
    class_ids: torch.Tensor,
    outputs: list[str],
    file: Path,
    metadata: dict[str, str],
    translations: dict = TRANSLATIONS,
) -> tuple[torch.fx.Graph, dict[str, Origin]]:
    """Write what `explaining` makes of the network, `pixel_values` and `class_ids` as one ONNX file; return its graph
    of torch's operations and which of its constants are which of the `drawn` weights. Tensors and constants keep their
    names in the file."""
    inputs, any_number = (network.pixel_values, class_ids), {0: torch.export.Dim.DYNAMIC}
    with quietly(), torch.no_grad():
        graph, turned = traced(explaining, *inputs)
        program = torch.onnx.export(
            graph,
            inputs,
            dynamo=True,
            opset_version=OPSET,
            custom_translation_table=translations,
            dynamic_shapes=(any_number, any_number),
            input_names=["pixel_values", "class_ids"],
            output_names=outputs,
            verbose=False,
        )
    proto = program.model_proto
    onnx.helper.set_model_props(proto, metadata)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, file)
    return graph.graph, origins(graph, network.network, network.drawn, turned)


def write_graph(network: Prepared, file: Path, metadata: dict[str, str]) -> WrittenGraph:
    """Write the one-file ONNX graph of a network, and return what it holds.

    Inputs `pixel_values` and `class_ids`; outputs `logits`, `cam`, `map_0`..., `profile_0`..., `features` and
    `gradients`.
    """
    explained = ExplainedNetwork(network.network)
    names = ["logits", "cam"]
    names += [f"map_{number}" for number in range(len(explained.map_names))]
    names += [f"profile_{number}" for number in range(2 * len(explained.profile_names))]
    names += [FEATURES, GRADIENTS]
    own = torch.full((len(network.pixel_values),), OWN_ANSWER)
    graph, weights = write(explained, network, own, names, file, metadata)
    return WrittenGraph(explained.map_names, explained.profile_names, singular_places(graph, LARGEST), weights)


__all__ = [
    "FEATURES",
    "GRADIENTS",
    "OPSET",
    "OWN_ANSWER",
    "ExplainedNetwork",
    "Prepared",
    "WrittenGraph",
    "prepared",
    "quietly",
    "traced",
    "weights_turned_once",
    "write",
    "write_graph",
]
