"""A pair made up here with random weights, against a plain forward pass over its raw tensors."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest
import timm
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

from fer_models.paths import ROOT
from tests.support.tiny import tiny_ferplus
from train.convert_tfjs import MEAN_BGR, ConversionError, main, mobilenetv1, read_pair, restore_statistics

pytestmark = pytest.mark.slow  # builds networks of full size

CHANNELS = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    """MobileNetV1 under the names of the graph, activations of real size."""
    random = np.random.default_rng(0)

    def normal(*shape, scale=1.0):
        return (scale * random.standard_normal(shape)).astype(np.float32)

    found = {
        "conv1/convolution/merged_input": normal(3, 3, 3, 32, scale=0.002),
        "conv1_relu/Cast": np.full((), 6, np.float32),
        "conv1_bn/batchnorm_1/sub": normal(32, scale=0.3),
    }
    for number, (inputs, outputs) in enumerate(pairwise(CHANNELS), start=1):
        found |= {
            f"conv_dw_{number}/depthwise_kernel": normal(3, 3, inputs, 1, scale=0.6),
            f"conv_dw_{number}_bn/batchnorm_1/mul": normal(inputs),
            f"conv_dw_{number}_bn/batchnorm_1/sub": normal(inputs, scale=0.3),
            f"conv_pw_{number}/convolution/merged_input": normal(1, 1, inputs, outputs, scale=(2 / inputs) ** 0.5),
            f"conv_pw_{number}_bn/batchnorm_1/sub": normal(outputs, scale=0.3),
        }
    return found


def write_pair(folder, tensors) -> tuple:
    """The .json and .bin, the binary in two files as TensorFlow.js cuts large ones."""
    weights = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in tensors.items()]
    content = b"".join(value.tobytes() for value in tensors.values())
    (folder / "net.1.bin").write_bytes(content[:1001])
    (folder / "net.2.bin").write_bytes(content[1001:])
    manifest = {"weightsManifest": [{"paths": ["net.1.bin", "net.2.bin"], "weights": weights}]}
    (folder / "net.json").write_text(json.dumps(manifest))
    return folder / "net.json", folder / "net.2.bin"


def faces(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 5, 5, generator=generator, dtype=torch.float64) * 2 - 1
    return F.interpolate(coarse, size=64, mode="bilinear")


def pooled_features(tensors, x: torch.Tensor) -> torch.Tensor:
    """The graph written out: BGR pixels less the mean colour, convolutions, scales, biases, ReLU6."""
    raw = {name: torch.from_numpy(value).double() for name, value in tensors.items()}
    pixels = 127.5 * F.pad(x, (0, 1, 0, 1)).flip(1) + 127.5
    pixels = pixels - torch.tensor(MEAN_BGR, dtype=torch.float64).view(1, 3, 1, 1)
    features = F.conv2d(pixels, raw["conv1/convolution/merged_input"].permute(3, 2, 0, 1), stride=2)
    features = (features + raw["conv1_bn/batchnorm_1/sub"].view(1, -1, 1, 1)).clamp(0, 6)
    for number, stride in enumerate(STRIDES, start=1):
        kernel = raw[f"conv_dw_{number}/depthwise_kernel"].permute(2, 3, 0, 1)
        features = F.pad(features, (0, 1, 0, 1) if stride == 2 and features.shape[-1] > 1 else (1, 1, 1, 1))
        features = F.conv2d(features, kernel, stride=stride, groups=len(kernel))
        features = features * raw[f"conv_dw_{number}_bn/batchnorm_1/mul"].view(1, -1, 1, 1)
        features = (features + raw[f"conv_dw_{number}_bn/batchnorm_1/sub"].view(1, -1, 1, 1)).clamp(0, 6)
        features = F.conv2d(features, raw[f"conv_pw_{number}/convolution/merged_input"].permute(3, 2, 0, 1))
        features = (features + raw[f"conv_pw_{number}_bn/batchnorm_1/sub"].view(1, -1, 1, 1)).clamp(0, 6)
    return features.mean(dim=(2, 3))


@torch.no_grad()
def test_the_network_computes_what_the_graph_computes_before_and_after_its_statistics(tensors, tmp_path):
    network, x = mobilenetv1(read_pair(write_pair(tmp_path, tensors)[0])), faces(6)
    expected = pooled_features(tensors, x)
    assert expected.std(dim=0).max() > 0.1  # the pictures differ
    torch.testing.assert_close(network(x), expected, rtol=1e-6, atol=1e-6)
    restore_statistics(network, [x[:4], x[4:]])
    torch.testing.assert_close(network(x), expected, rtol=1e-6, atol=1e-6)
    # in training it computes the same from those pictures, as its statistics are theirs
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.train()
    torch.testing.assert_close(network(x), expected, rtol=1e-6, atol=1e-6)


def test_the_command_writes_a_file_that_training_starts_from(tensors, tmp_path, data_cache):
    topology, _ = write_pair(tmp_path, tensors)
    out = tmp_path / "faces.safetensors"
    data = tiny_ferplus(tmp_path / "tiny.parquet", count=16, splits=("Training", "PublicTest"))
    config = ROOT / "hub_configs/mobilenetv1-ferplus.yaml"
    main([str(topology), "--out", str(out), "--config", str(config), "--data", str(data), "--image-size", "64"])
    with safe_open(out, "pt") as written:
        assert written.metadata() == {"pad_type": "same", "bn_eps": "0.001", "source": "net.json"}
    network = timm.create_model("mobilenetv1_100", num_classes=0, pad_type="same", bn_eps=1e-3).eval()
    report = network.load_state_dict(load_file(out), strict=False)
    assert not report.unexpected_keys
    assert all(key.endswith("num_batches_tracked") for key in report.missing_keys)
    x = faces(3)
    with torch.no_grad():
        torch.testing.assert_close(network.double()(x), pooled_features(tensors, x), rtol=1e-5, atol=1e-5)


def shorter(topology, binary):
    binary.write_bytes(binary.read_bytes()[:-4])


def without_binary(topology, binary):
    binary.unlink()


def not_json(topology, binary):
    topology.write_text("<html>")


def quantised(topology, binary):
    manifest = json.loads(topology.read_text())
    manifest["weightsManifest"][0]["weights"][0]["quantization"] = {"dtype": "uint8"}
    topology.write_text(json.dumps(manifest))


def another_network(topology, binary):
    text = topology.read_text().replace("conv_dw_7/", "conv_dw_seven/")
    topology.write_text(text)


def another_width(topology, binary):
    text = topology.read_text().replace("[1, 1, 32, 64]", "[1, 1, 64, 32]")
    topology.write_text(text)


@pytest.mark.parametrize(
    "damage, words",
    [
        (shorter, r"net.1.bin, net.2.bin: expected 12,803,972 bytes, found 12,803,968; fetch it again"),
        (without_binary, r"net.json needs net.1.bin, net.2.bin beside it"),
        (not_json, r"net.json is no graph model of TensorFlow.js"),
        (quantised, r"expected tensors that are not quantised, found conv1/convolution/merged_input"),
        (another_network, r"expected a MobileNetV1 with a tensor conv_dw_7/depthwise_kernel; the pair has conv1/"),
        (another_width, r"expected conv_pw_1/convolution/merged_input as \(1, 1, 32, 64\), found \(1, 1, 64, 32\)"),
    ],
)
def test_a_pair_that_is_cut_or_another_network_is_named_in_one_sentence(tensors, tmp_path, damage, words):
    pair = write_pair(tmp_path, tensors)
    damage(*pair)
    with pytest.raises(ConversionError) as caught:
        mobilenetv1(read_pair(pair[0]))
    assert re.search(words, str(caught.value)), caught.value
