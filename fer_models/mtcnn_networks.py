"""MTCNN's three networks, with the weights that come with facenet-pytorch: by torch, or exported to ONNX."""

from pathlib import Path

import numpy as np

from fer_models.errors import CheckpointError
from fer_models.extras import needed_for
from fer_models.mtcnn import Network, Networks, Outputs
from fer_models.onnx_session import Sessions

FILES = ("pnet.onnx", "rnet.onnx", "onet.onnx")  # in the order of `Networks`


def torch_networks() -> Networks:
    """As facenet-pytorch has them.

    Raises:
        MissingExtraError: it is not installed.
    """
    with needed_for("finding faces without an exported folder"):
        import torch
        from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

    def network(module: torch.nn.Module) -> Network:
        # torch pools pictures whose channels come last several times as fast
        module = module.eval().requires_grad_(False).to(memory_format=torch.channels_last)

        def run(pixels: np.ndarray) -> Outputs:
            with torch.inference_mode():
                given = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
                return tuple(output.numpy() for output in module(given))

        return run

    return Networks(network(PNet()), network(RNet()), network(ONet()))


def onnx_networks(folder: Path) -> Networks:
    """As `export.mtcnn.write_networks` put them into a folder.

    Raises:
        CheckpointError: they are not there, or damaged, or onnxruntime is too old.
        MissingExtraError: onnxruntime is not installed.
    """

    def network(file: Path) -> Network:
        if not file.is_file():
            raise CheckpointError(f"{folder} has no {file.name} to find faces with; export the checkpoint again")
        sessions = Sessions(file)
        return lambda pixels: tuple(sessions.run(None, {"pixel_values": pixels}))

    first, second, third = (network(folder / name) for name in FILES)
    return Networks(first, second, third)


__all__ = ["FILES", "onnx_networks", "torch_networks"]
