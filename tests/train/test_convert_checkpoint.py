"""An authors' file, made up here with random weights, against a plain forward pass over its raw tensors."""

import re
import zipfile

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from fer_models.checkpoint import load_network
from fer_models.expressions import LABEL_ORDERS
from fer_models.paths import HUB_CONFIGS
from train import train_hub
from train.config.initial_weights import build_model
from train.convert_checkpoint import ConversionError, convert, main
from train.hub.folder import verify_hub_folder

pytestmark = pytest.mark.slow  # builds networks of full size

# name, blocks, channels in and out, inner channels, kernels and their channels: Table 1 of the paper
ROWS = [
    ("conv_23", 1, 64, 64, 128, {3: 64, 5: 32, 7: 32}),
    ("conv_3", 9, 64, 64, 128, {3: 96, 5: 32}),
    ("conv_34", 1, 64, 128, 256, {3: 128, 5: 64, 7: 64}),
    ("conv_4", 16, 128, 128, 256, {3: 192, 5: 64}),
    ("conv_45", 1, 128, 256, 1024, {3: 256, 5: 256, 7: 256, 9: 256}),
    ("conv_5", 6, 256, 256, 512, {3: 172, 5: 170, 7: 170}),
]
CHILDREN = ["conv1", "conv2_dw", *(row[0] for row in ROWS), "conv_6_sep"]
Weights = dict[str, torch.Tensor]


class AuthorsFile:
    """Random weights under the authors' names, those that their forward pass never reads among them."""

    def __init__(self, heads: int = 2, classes: int = 7, bare: bool = False):
        self.random = torch.Generator().manual_seed(0)
        self.weights: Weights = {}
        names = CHILDREN if bare else [f"features.{index}" for index in range(9)]
        self.names = dict(zip(CHILDREN, names, strict=True))
        self.heads = heads
        self.unit(self.names["conv1"], 64, 3, 3)
        self.unit(self.names["conv2_dw"], 64, 1, 3)
        for name, blocks, inputs, outputs, inner, kernels in ROWS:
            for block in range(blocks):
                here = f"{self.names[name]}.model.{block}" if blocks > 1 else self.names[name]
                self.unit(f"{here}.conv", inner, inputs if block == 0 else outputs, 1)
                for number, (kernel, channels) in enumerate(kernels.items()):
                    self.conv(f"{here}.conv_dw.mixed_depthwise_conv.{number}", channels, 1, kernel, kernel)
                self.norm(f"{here}.conv_dw.bn", inner)  # never read
                self.add(f"{here}.conv_dw.prelu.weight", inner)  # never read
                self.gates(f"{here}.CA", inner)
                self.unit(f"{here}.project", outputs, inner, 1, activated=False)
        self.unit(self.names["conv_6_sep"], 512, 256, 1)
        if bare:
            self.unit("conv_6_dw", 512, 1, 7, activated=False)
            self.add("linear.weight", 256, 512)
            self.norm("bn", 256)
            return
        for head in range(heads):
            here = f"cat_head{head}.CoordAtt"
            self.unit(f"{here}.Linear_h", 512, 1, (1, 7), activated=False)
            self.unit(f"{here}.Linear_w", 512, 1, (7, 1), activated=False)
            self.gates(here, 512)
            self.unit(f"{here}.Linear", 512, 1, 7, activated=False)  # never read
        self.unit("Linear", 512, 1, 7, activated=False)
        self.add("fc.weight", classes, 512)
        self.add("fc.bias", classes)
        self.norm("bn", classes)  # never read

    def add(self, key: str, *shape: int, scale: float = 0.2) -> None:
        self.weights[key] = scale * torch.randn(*shape, generator=self.random)

    def conv(self, name: str, outputs: int, inputs: int, *kernel: int) -> None:
        fan = inputs * kernel[0] * kernel[-1]
        self.add(f"{name}.weight", outputs, inputs, *kernel, scale=fan**-0.5)

    def norm(self, name: str, channels: int) -> None:
        for kind in ("weight", "bias", "running_mean"):
            self.add(f"{name}.{kind}", channels)
        self.weights[f"{name}.weight"] += 1
        self.weights[f"{name}.running_var"] = 0.5 + torch.rand(channels, generator=self.random)
        self.weights[f"{name}.num_batches_tracked"] = torch.tensor(70)

    def unit(self, name: str, outputs: int, inputs: int, kernel, activated: bool = True) -> None:
        self.conv(f"{name}.conv", outputs, inputs, *(kernel if isinstance(kernel, tuple) else (kernel, kernel)))
        self.norm(f"{name}.bn", outputs)
        if activated:
            self.add(f"{name}.prelu.weight", outputs)

    def gates(self, name: str, channels: int) -> None:
        squeezed = max(8, channels // 32)
        for conv, outputs, inputs in (
            ("conv1", squeezed, channels),
            ("conv2", channels, squeezed),
            ("conv3", channels, squeezed),
        ):
            self.conv(f"{name}.{conv}", outputs, inputs, 1, 1)
            self.add(f"{name}.{conv}.bias", outputs)
        self.norm(f"{name}.bn1", squeezed)


class PlainForward:
    """DDAMFN as the paper's Table 1 and its sections 3.1 and 3.2 say it, on tensors under the authors' names."""

    def __init__(self, file: AuthorsFile):
        self.w, self.names, self.heads = file.weights, file.names, file.heads

    def conv(self, x, name, **options):
        return F.conv2d(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"), **options)

    def norm(self, x, name):
        kinds = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(self.w[f"{name}.{kind}"] for kind in kinds))

    def unit(self, x, name, **options):
        x = self.norm(self.conv(x, f"{name}.conv", **options), f"{name}.bn")
        slopes = self.w.get(f"{name}.prelu.weight")
        return x if slopes is None else torch.where(x > 0, x, x * slopes[:, None, None])

    def gates(self, rows, columns, name):
        """`(B, C, H, 1)` and `(B, C, 1, W)`."""
        both = self.conv(torch.cat([rows, columns.transpose(2, 3)], dim=2), f"{name}.conv1")
        both = self.norm(both, f"{name}.bn1")
        both = both * torch.clamp(both + 3, 0, 6) / 6
        first, second = both[:, :, : rows.shape[2]], both[:, :, rows.shape[2] :].transpose(2, 3)
        return torch.sigmoid(self.conv(first, f"{name}.conv2")), torch.sigmoid(self.conv(second, f"{name}.conv3"))

    def block(self, x, name, kernels, stride, residual):
        inner = self.unit(x, f"{name}.conv")
        parts, start = [], 0
        for number, (kernel, channels) in enumerate(kernels.items()):
            part = inner[:, start : start + channels]
            where = f"{name}.conv_dw.mixed_depthwise_conv.{number}"
            parts.append(self.conv(part, where, stride=stride, padding=kernel // 2, groups=channels))
            start += channels
        inner = torch.cat(parts, dim=1)
        rows, columns = inner.mean(dim=3, keepdim=True), inner.mean(dim=2, keepdim=True)
        rows, columns = self.gates(rows, columns, f"{name}.CA")
        inner = self.unit(inner * rows * columns, f"{name}.project")
        return x + inner if residual else inner

    def features(self, x):
        x = self.unit(x, self.names["conv1"], stride=2, padding=1)
        x = self.unit(x, self.names["conv2_dw"], padding=1, groups=64)
        for name, blocks, _, _, _, kernels in ROWS:
            if blocks == 1:
                x = self.block(x, self.names[name], kernels, stride=2, residual=False)
            for block in range(blocks if blocks > 1 else 0):
                x = self.block(x, f"{self.names[name]}.model.{block}", kernels, stride=1, residual=True)
        return self.unit(x, self.names["conv_6_sep"])

    def logits(self, x):
        x = self.features(x)
        maps = []
        for head in range(self.heads):
            name = f"cat_head{head}.CoordAtt"
            rows, columns = self.unit(x, f"{name}.Linear_h", groups=512), self.unit(x, f"{name}.Linear_w", groups=512)
            rows, columns = self.gates(rows, columns, name)
            maps.append(rows * columns)
        x = self.unit(x * torch.stack(maps).amax(dim=0), "Linear", groups=512)
        return F.linear(x.flatten(1), self.w["fc.weight"], self.w["fc.bias"])


def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(1))


def saved(folder, content):
    file = folder / "theirs.pth"
    torch.save(content, file)
    return file


@pytest.fixture(scope="module")
def seven_classes() -> AuthorsFile:
    return AuthorsFile()


@pytest.mark.slow
@pytest.mark.parametrize(
    "heads, classes, pack",
    [
        (2, 7, lambda weights: weights),
        (1, 8, lambda weights: {"iter": 3, "model_state_dict": weights, "optimizer_state_dict": {"state": {}}}),
        (3, 7, lambda weights: {f"module.{key}": value for key, value in weights.items()}),
    ],
)
def test_a_converted_classifier_has_the_logits_of_the_authors_network(tmp_path, heads, classes, pack):
    theirs = AuthorsFile(heads, classes)
    convert(saved(tmp_path, pack(theirs.weights)), tmp_path / "ours")
    model, processor = load_network(tmp_path / "ours")
    with torch.inference_mode():
        expected, found = PlainForward(theirs).logits(pictures()), model(pictures()).logits
    assert found.shape == (2, classes) and expected.std() > 0.1 and (expected[0] - expected[1]).abs().max() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert [model.config.id2label[i] for i in range(classes)] == list(LABEL_ORDERS["ddamfn"][:classes])
    assert processor.size["height"] == 112 and list(processor.image_mean) == [0.485, 0.456, 0.406]


def test_the_folder_loads_without_this_repository(tmp_path, seven_classes):
    convert(saved(tmp_path, seven_classes.weights), tmp_path / "ours")
    verify_hub_folder(tmp_path / "ours")


def test_what_the_forward_pass_never_reads_is_dropped_and_counted(tmp_path, seven_classes, capsys):
    main([str(saved(tmp_path, seven_classes.weights)), "--out", str(tmp_path / "ours")])
    assert re.search(r"2 heads; neutral, happiness, .*; 81,422 parameters dropped", capsys.readouterr().out)
    sizes = {key: value.numel() for key, value in seven_classes.weights.items() if key.endswith((".weight", ".bias"))}
    assert sum(sizes.values()) == 4_105_999 + 81_422
    kept = load_file(tmp_path / "ours/model.safetensors")
    assert sum(value.numel() for key, value in kept.items() if key.endswith((".weight", ".bias"))) == 4_105_999


def test_a_file_without_the_unused_parameters_and_without_counters_can_be_converted(tmp_path, seven_classes):
    lean = {
        key: value
        for key, value in seven_classes.weights.items()
        if not re.search(r"conv_dw\.(bn|prelu)|CoordAtt\.Linear\.|^bn\.|num_batches_tracked", key)
    }
    assert "; 0 parameters dropped" in convert(saved(tmp_path, lean), tmp_path / "ours")


@pytest.mark.slow
def test_the_labels_can_be_given_in_the_order_of_the_outputs(tmp_path, seven_classes):
    words = ["sad", "happy", "Angry", "fear", "disgust", "surprised", "neutral"]
    convert(saved(tmp_path, seven_classes.weights), tmp_path / "ours", words)
    model, _ = load_network(tmp_path / "ours")
    assert list(model.config.id2label.values()) == [
        *("sadness", "happiness", "anger", "fear", "disgust", "surprise", "neutral")
    ]


def test_a_converted_backbone_is_what_training_starts_from(tmp_path, monkeypatch):
    theirs = AuthorsFile(bare=True)
    message = convert(saved(tmp_path, theirs.weights), tmp_path / "mfn.safetensors")
    # unused by the mixed blocks; the face-recognition head: 512 kernels of 7 x 7 with norm, 512 x 256, norm
    assert f"{29_184 + 512 * 49 + 1024 + 512 * 256 + 512:,} parameters dropped" in message
    started = []
    monkeypatch.setattr(
        train_hub,
        "train_folder",
        lambda config, data, folder, results, run: started.append(build_model(config, run.backbone)),
    )
    config = HUB_CONFIGS / "ddamfn-rafdb.yaml"  # which starts from random weights otherwise
    backbone = ["--backbone", str(tmp_path / "mfn.safetensors")]
    train_hub.main(["--config", str(config), "--data", "rafdb", *backbone])
    model = started[0].eval()
    assert model.config.backbone_weights == "mfn.safetensors" and not hasattr(model.config, "pad_type")
    with torch.inference_mode():
        torch.testing.assert_close(model.backbone(pictures()), PlainForward(theirs).features(pictures()),
                                   atol=1e-5, rtol=1e-5)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "key",
    [
        "features.2.conv_dw.mixed_depthwise_conv.0.weight",
        "features.5.model.15.CA.bn1.running_mean",
        "cat_head0.CoordAtt.Linear_h.conv.weight",
        "Linear.conv.weight",
        "fc.weight",
        "fc.bias",
    ],
)
def test_a_missing_and_an_odd_shaped_key_are_named(tmp_path, seven_classes, key):
    weights = dict(seven_classes.weights)
    weights[key] = torch.zeros(7, 511) if key == "fc.weight" else torch.zeros(3)
    with pytest.raises(ConversionError, match=f"theirs.pth: {re.escape(key)} has the shape .*, expected"):
        convert(saved(tmp_path, weights), tmp_path / "ours")
    del weights[key]
    with pytest.raises(ConversionError, match=f"the key {re.escape(key)} is missing"):
        convert(saved(tmp_path, weights), tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("key", ["features.9.conv.weight", "arcface.weight", "cat_head0.CoordAtt.conv4.weight"])
def test_a_key_that_the_network_does_not_have_is_named(tmp_path, seven_classes, key):
    weights = seven_classes.weights | {key: torch.zeros(1)}
    with pytest.raises(ConversionError, match=f"the key {re.escape(key)} belongs to no part"):
        convert(saved(tmp_path, weights), tmp_path / "ours")


def test_a_whole_module_is_refused_unread_with_the_way_to_export_it(tmp_path):
    with pytest.raises(ConversionError, match=r"any code; .* export its state_dict: torch\.save\(.*state_dict\(\)"):
        convert(saved(tmp_path, torch.nn.Linear(2, 2)), tmp_path / "ours")


@pytest.mark.parametrize(
    "content", [[torch.zeros(2)], {}, {"model_state_dict": {"a": 1}}, {"epoch": 3}, torch.zeros(2)]
)
def test_a_file_without_a_state_dict_is_refused(tmp_path, content):
    with pytest.raises(ConversionError, match="holds no state_dict, neither itself nor under 'model_state_dict'"):
        convert(saved(tmp_path, content), tmp_path / "ours")


def test_a_file_that_is_no_weights_file_is_refused(tmp_path):
    file = tmp_path / "theirs.pth"
    with pytest.raises(ConversionError, match="no file at"):
        convert(file, tmp_path / "ours")
    file.write_text("<html>not found</html>")
    with pytest.raises(ConversionError, match=r"theirs.pth is .*not a file that torch.save wrote; fetch it again"):
        convert(file, tmp_path / "ours")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no weights")
    with pytest.raises(ConversionError, match="fetch it again"):
        convert(file, tmp_path / "ours")


@pytest.mark.parametrize(
    "labels, words",
    [
        (["happy", "sad"], "tells 7 classes apart; name them by --labels"),
        (["happy"] * 7, "each expression once"),
        (["happy", "sad", "angry", "fear", "disgust", "surprise", "bored"], "--labels: unknown expression 'bored'"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, seven_classes, labels, words):
    with pytest.raises(ConversionError, match=words):
        convert(saved(tmp_path, seven_classes.weights), tmp_path / "ours", labels)


def test_another_number_of_classes_needs_labels(tmp_path):
    file = saved(tmp_path, AuthorsFile(heads=1, classes=3).weights)
    with pytest.raises(ConversionError, match="tells 3 classes apart; name them by --labels"):
        convert(file, tmp_path / "ours")


def test_a_target_of_the_wrong_kind_is_refused(tmp_path, seven_classes):
    with pytest.raises(ConversionError, match="a whole classifier becomes a folder"):
        convert(saved(tmp_path, seven_classes.weights), tmp_path / "ours.safetensors")
    with pytest.raises(ConversionError, match=r"name a \.safetensors"):
        convert(saved(tmp_path, AuthorsFile(bare=True).weights), tmp_path / "ours")


def test_the_command_ends_with_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: no file at"):
        main([str(tmp_path / "absent.pth"), "--out", str(tmp_path / "ours")])
