"""A network's gradient for its pixels as an ONNX graph, from which the onnx engine makes integrated gradients.

Where it takes singular values, or their gradient, it is cut: it has no other form.
"""

from pathlib import Path

import onnx
import torch
from torch import nn

from fer_models.export.cut import places_of, write_parts
from fer_models.export.graph import Prepared, write
from fer_models.export.hfc import TO_CUT_OUT
from fer_models.models.modeling_fer import FERPreTrainedModel
from fer_models.random_weights import Origin


class PixelGradients(nn.Module):
    """`(B, 3, S, S)` and `(B,)` class ids -> the gradients of these classes' log-probabilities, `(B, 3, S, S)`."""

    def __init__(self, network: FERPreTrainedModel):
        super().__init__()
        self.network = network

    def forward(self, pixel_values: torch.Tensor, class_ids: torch.Tensor) -> torch.Tensor:
        shares, back = torch.func.vjp(lambda pictures: self.network(pictures).logits.log_softmax(dim=1), pixel_values)
        chosen = torch.arange(shares.shape[1], device=shares.device) == class_ids[:, None]
        return back(chosen.to(shares.dtype))[0]


def write_pixel_gradients(
    network: Prepared, file: Path, metadata: dict[str, str]
) -> tuple[list[dict], dict[str, Origin]]:
    """Write the graph of a network, with `pixel_values` and `class_ids` as its inputs and `gradients` as its output; or
    its parts, `STEM_0.onnx` and so on.

    Returns:
        What `onnx_parts.Parts` wants to know of them, and which of their constants are which weights.
    """
    first = torch.zeros(len(network.pixel_values), dtype=torch.int64)
    gradients = PixelGradients(network.network)
    _, weights = write(gradients, network, first, ["gradients"], file, metadata, TO_CUT_OUT)
    if not (places := places_of(onnx.load(file))):
        return [{"file": file.name, "outputs": ["gradients"]}], weights
    parts = write_parts(file, places, file.stem)
    file.unlink()
    return parts, weights


__all__ = ["PixelGradients", "write_pixel_gradients"]
