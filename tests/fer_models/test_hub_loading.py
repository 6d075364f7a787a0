"""A Hub repo of each architecture, loaded by a stranger and by a user of the library, and exported."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoModelForImageClassification, pipeline

import fer_models
from fer_models.checkpoint import load_network
from fer_models.expressions import EXPRESSIONS, label_maps
from tests.support import load_checks
from tests.support.hub_client import environment
from tests.support.hub_server import HubServer
from train.hub.assemble import add_code
from train.hub.folder import HubFolderError, verify_hub_folder, write_network

pytestmark = pytest.mark.slow  # loads folders as a stranger

BOTTLENECKS = [  # DDAMFN in short: one block of each kind
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 2, "kernels": [3, 5], "split": [32, 32]},
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 1, "kernels": [3, 5, 7], "split": [32, 16, 16]},
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 1, "kernels": [3], "split": [64]},
]
NETWORKS = {
    "pattlite": ("pattlite", {"image_size": 112}),
    "ddamfn": ("ddamfn", {"image_size": 112, "bottlenecks": BOTTLENECKS, "feature_channels": 64}),
    "hfc-resnet18": ("hfc", {"image_size": 64, "backbone": "resnet18"}),
    "hfc-mobilenetv2": ("hfc", {"image_size": 64, "backbone": "mobilenetv2_100"}),
    "mobilenetv1": ("mobilenetv1", {"image_size": 64}),
}
CLASSES = {config.model_type: (config, model) for config, model in fer_models.ARCHITECTURES}
NAMES = tuple(reversed(EXPRESSIONS))  # an order of its own: labels that come from elsewhere would show


def network(key: str) -> torch.nn.Module:
    """A network of this architecture with random weights and spread-out logits."""
    architecture, options = NETWORKS[key]
    id2label, label2id = label_maps(NAMES)
    torch.manual_seed(0)
    config, model = CLASSES[architecture]
    built = model(config(id2label=id2label, label2id=label2id, **options)).eval()
    for module in built.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data *= 10
    return built


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A Hub folder of each network."""
    root = tmp_path_factory.mktemp("hub")
    for key, (_, options) in NETWORKS.items():
        side = options["image_size"]
        processor = fer_models.FERImageProcessor(size={"height": side, "width": side}, source_size=48)
        write_network(root / key, network(key), processor)
        add_code(root / key)
    return {key: root / key for key in NETWORKS}


@pytest.fixture(scope="module")
def alone(folders, tmp_path_factory) -> dict[str, dict]:
    """What `load_checks.py` finds out about each repo on a Hub, where nothing of this repository can be imported."""
    empty = tmp_path_factory.mktemp("empty")
    with HubServer() as hub:
        for key, folder in folders.items():
            hub.add(f"org/{key}", folder)
        command = [sys.executable, "-I", load_checks.__file__, *(f"org/{key}" for key in folders)]
        run = subprocess.run(
            command, cwd=empty, env=environment(hub, empty), capture_output=True, text=True, timeout=600
        )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def library_logits(folder: Path) -> torch.Tensor:
    model, processor = load_network(folder)
    with torch.inference_mode():
        return model(**processor(load_checks.three_pictures(), return_tensors="pt")).logits


@pytest.mark.parametrize("key", NETWORKS)
def test_without_the_package_every_auto_class_gives_the_librarys_logits(key, folders, alone):
    found, expected = alone[key], library_logits(folders[key])
    torch.testing.assert_close(torch.tensor(found["logits"]), expected, rtol=1e-4, atol=1e-4)
    assert expected.std(dim=0).max() > 1e-3  # the pictures are told apart
    assert found["missing"] == []
    assert found["modules"] == ["transformers_modules"] * 3
    assert found["classes"][-1] == "FERImageProcessor"
    assert len(set(found["classes"][:-1])) == 1
    assert found["automodel"] == 0
    assert found["pipeline"] < 1e-4


@pytest.mark.parametrize("key", NETWORKS)
def test_without_the_package_device_maps_and_the_meta_device_lose_nothing(key, alone):
    assert alone[key]["device_map"] == 0
    assert alone[key]["meta"] == ["meta"]


@pytest.mark.parametrize("key", NETWORKS)
def test_what_a_stranger_saves_again_is_whole(key, folders, alone):
    assert alone[key]["resaved"] == 0
    ours = {file.name for file in folders[key].iterdir()} - {"manifest.json"}  # only this library knows it
    assert alone[key]["saved_again"] == sorted(ours)


@pytest.mark.parametrize("key", NETWORKS)
@pytest.mark.parametrize("dtype, tolerance", [("torch.bfloat16", 0.05), ("torch.float16", 0.01)])
def test_half_precision_keeps_its_type_and_moves_no_logit_by_much(key, alone, dtype, tolerance):
    half = alone[key]["halves"][dtype]
    assert half["dtypes"] == [dtype]
    assert half["difference"] < tolerance


@pytest.mark.parametrize("key", NETWORKS)
def test_after_importing_the_package_no_trust_is_needed(key, folders):
    folder, expected = str(folders[key]), library_logits(folders[key])
    for auto in (AutoModel, AutoModelForImageClassification):
        assert type(auto.from_pretrained(folder)) is CLASSES[NETWORKS[key][0]][1]
    assert type(AutoImageProcessor.from_pretrained(folder)) is fer_models.FERImageProcessor
    best = pipeline("image-classification", folder)(load_checks.three_pictures()[1])[0]
    assert best["label"] == NAMES[int(expected[1].argmax())]
    assert best["score"] == pytest.approx(float(expected[1].softmax(dim=0).max()), abs=1e-4)


ANY_BATCH = ({0: torch.export.Dim.DYNAMIC},)


def with_pictures(key: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """A network, three inputs and their logits."""
    model = network(key)
    pixel_values = torch.randn(3, 3, *[NETWORKS[key][1]["image_size"]] * 2)
    with torch.inference_mode():
        return model, pixel_values, model(pixel_values).logits


@pytest.mark.parametrize("key", NETWORKS)
def test_an_exported_network_answers_alike_for_any_number_of_pictures(key):
    model, pixel_values, expected = with_pictures(key)
    exported = torch.export.export(model, (pixel_values,), dynamic_shapes=ANY_BATCH).module()
    for count in (1, 2, 3):
        torch.testing.assert_close(exported(pixel_values[:count]).logits, expected[:count], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("key", ["pattlite", "ddamfn", "hfc-resnet18"])  # both backbones have the same HFC modules
def test_onnxruntime_gives_the_logits_of_torch_for_any_number_of_pictures(key, tmp_path):
    import onnxruntime

    model, pixel_values, expected = with_pictures(key)
    file = tmp_path / "model.onnx"
    torch.onnx.export(model, (pixel_values,), file, dynamo=True, dynamic_shapes=ANY_BATCH, verbose=False)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for count in (1, 2, 3):
        (logits,) = session.run(None, {session.get_inputs()[0].name: pixel_values[:count].numpy()})
        np.testing.assert_allclose(logits, expected[:count].numpy(), rtol=1e-4, atol=1e-4)


def test_each_fault_of_a_folder_is_named(folders, tmp_path):
    folder = shutil.copytree(folders["ddamfn"], tmp_path / "ddamfn")
    code = folder / "modeling_ddamfn.py"
    content = code.read_text()
    code.write_text(content.replace("logits = self.classifier(", "logits = 2 * self.classifier("))
    with pytest.raises(HubFolderError, match="answers differently when it is loaded without this repository"):
        verify_hub_folder(folder)
    code.write_text(f"import fer_models\n{content}")
    with pytest.raises(HubFolderError, match=r"does not load without this repository: .*fer_models"):
        verify_hub_folder(folder)
    code.unlink()
    with pytest.raises(HubFolderError, match=r"lacks the code of AutoModel; python train/hub_folder.py .* --out HUB"):
        verify_hub_folder(folder)


def test_what_is_no_checkpoint_folder_is_not_verified(tmp_path):
    with pytest.raises(HubFolderError, match=r"it has no config\.json; train it first"):
        verify_hub_folder(tmp_path)
