"""The weights that training starts from: taken from a file, or refused in a sentence if they are another network's."""

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from fer_models.paths import ROOT
from tests.support.tiny import tiny_checkpoint
from train.config.initial_weights import build_model
from train.config.recipe import Start, load_config
from train.data.face_dataset import DataError


@pytest.fixture
def config():
    return load_config(ROOT / "hub_configs/mobilenetv1-ferplus.yaml")


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return timm.create_model("mobilenetv1_100", num_classes=0).state_dict()


def test_the_backbone_gets_the_weights_and_the_settings_of_the_file(config, weights, tmp_path):
    save_file(weights, tmp_path / "faces.safetensors", {"pad_type": "", "bn_eps": "0.01"})
    model = build_model(config, tmp_path / "faces.safetensors")
    assert all(torch.equal(value, weights[key]) for key, value in model.backbone.state_dict().items())
    assert (model.config.pad_type, model.config.batch_norm_eps) == ("", 0.01)
    assert model.config.backbone_weights == "faces.safetensors"


def test_weights_of_another_shape_are_refused_by_name(config, weights, tmp_path):
    save_file(weights | {"conv_stem.weight": torch.zeros(16, 3, 3, 3)}, tmp_path / "thin.safetensors")
    with pytest.raises(DataError, match=r"has conv_stem.weight as 16 x 3 x 3 x 3, the model's is 32 x 3 x 3 x 3"):
        build_model(config, tmp_path / "thin.safetensors")


def test_weights_of_other_names_are_refused_with_the_first_of_them(config, tmp_path):
    save_file({"layer1.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(DataError, match=r"has no weight that the model can use; the first it has is layer1.weight"):
        build_model(config, tmp_path / "other.safetensors")


def test_a_cut_file_is_not_taken_for_weights(config, weights, tmp_path):
    file = tmp_path / "cut.safetensors"
    save_file(weights, file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cut.safetensors is not a whole safetensors file .*; fetch it again"):
        build_model(config, file)


def test_training_starts_from_the_named_modules_of_a_checkpoint_in_the_folders(tmp_path):
    config = load_config(ROOT / "hub_configs/pattlite-ferplus.yaml")
    source = tiny_checkpoint(tmp_path / "trained/earlier")
    weights = load_file(source / "model.safetensors")
    config.backbone, config.start = None, Start("earlier", ["backbone", "patch_extraction"])
    model = build_model(config, None, [tmp_path / "nothing", tmp_path / "trained"]).state_dict()
    assert all(torch.equal(model[key], weights[key]) for key in model if not key.startswith("classifier"))
    assert not torch.equal(model["classifier.classifier.weight"], weights["classifier.classifier.weight"])
    with pytest.raises(DataError, match=r"no weights of earlier in .*nothing; train earlier first"):
        build_model(config, None, [tmp_path / "nothing"])
    config.start.modules = ["spine"]
    with pytest.raises(DataError, match="no module spine; it has backbone, patch_extraction, classifier"):
        build_model(config, None, [tmp_path / "trained"])
