"""MTCNN's three networks (weights of facenet-pytorch, MIT licence) as ONNX graphs, checked against torch."""

import copy
from pathlib import Path

import numpy as np
import onnx
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import nn

from fer_models.errors import ExportError
from fer_models.export.graph import OPSET, quietly
from fer_models.export.slopes import Slopes
from fer_models.mtcnn_networks import FILES, onnx_networks

WEIGHTS = "facenet-pytorch 2.5.3, MIT licence"
TOLERANCE = 1e-4
_SIDES = (47, 24, 48)  # the first network takes any


def _portable(network: nn.Module) -> nn.Module:
    network = copy.deepcopy(network).eval().requires_grad_(False)
    layers = dict(network.named_children())
    for number in range(1, 5):
        if f"conv{number}" in layers and f"prelu{number}" in layers:
            setattr(network, f"prelu{number}", Slopes(layers[f"prelu{number}"].weight))
    return network


def write_networks(folder: Path) -> None:
    """Write `pnet.onnx`, `rnet.onnx` and `onet.onnx`.

    Raises:
        ExportError: one does not say what torch says.
    """
    networks = (PNet(), RNet(), ONet())
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.rand(5, 3, side, side, generator=generator) * 2 - 1 for side in _SIDES]
    any_size = torch.export.Dim.DYNAMIC
    for name, network, pixels in zip(FILES, networks, inputs, strict=True):
        axes = {0: any_size, 2: any_size, 3: any_size} if name == FILES[0] else {0: any_size}
        with quietly(), torch.no_grad():
            program = torch.onnx.export(
                _portable(network),
                (pixels,),
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes=(axes,),
                input_names=["pixel_values"],
                verbose=False,
            )
        onnx.helper.set_model_props(program.model_proto, {"weights": WEIGHTS})
        onnx.save(program.model_proto, folder / name)
    for name, network, run, pixels in zip(FILES, networks, onnx_networks(folder), inputs, strict=True):
        for some in (pixels, pixels[:1]):
            with torch.inference_mode():
                expected = network(some)
            difference = max(
                float(np.abs(o - e.numpy()).max()) for o, e in zip(run(some.numpy()), expected, strict=True)
            )
            if not difference <= TOLERANCE:
                raise ExportError(f"{name} differs from facenet-pytorch's network by {difference:.2g}")


__all__ = ["WEIGHTS", "write_networks"]
