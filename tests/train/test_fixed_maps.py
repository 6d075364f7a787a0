"""The maps in place of which their mean is put, and what is measured with it."""

import numpy as np
import pytest
import torch

from fer_models import (
    DDAMFNConfig,
    DDAMFNForImageClassification,
    FERImageProcessor,
    HFCConfig,
    HFCForImageClassification,
)
from fer_models.expressions import EXPRESSIONS, label_maps
from fer_models.models.modeling_ddamfn import dual_direction_maps
from fer_models.results.fixed_maps import Range
from tests.support.tiny import only_result, tiny_checkpoint, tiny_ferplus, tiny_pictures
from train import fixed_maps
from train.data.readers import load_split
from train.measure.scoring import CheckpointError, load_checkpoint, score

pytestmark = pytest.mark.slow  # scores pictures


@pytest.fixture
def data(tmp_path, data_cache):
    return tiny_ferplus(tmp_path / "data.parquet", count=12)


def hfc_checkpoint(folder, weight: float):
    """HFC in ResNet18 with random weights, and `weight` for the centre of every 7x7 convolution, 0 around it."""
    torch.manual_seed(0)
    id2label, label2id = label_maps(EXPRESSIONS)
    model = HFCForImageClassification(HFCConfig(image_size=48, id2label=id2label, label2id=label2id)).eval()
    for module in model.attentions:
        torch.nn.init.dirac_(module.weigh.weight)
        module.weigh.weight.data *= weight
    processor = FERImageProcessor(size={"height": 48, "width": 48}, do_grayscale=True)
    with torch.inference_mode():
        logits = model(processor(tiny_pictures(12), return_tensors="pt")["pixel_values"]).logits
    model.classifier.bias.data -= logits.mean(dim=0)  # several answers, not one for all
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def measured(folder, data):
    checkpoint = load_checkpoint(str(folder))
    pictures = load_split("ferplus_parquet", data, "PublicTest")
    return checkpoint, pictures, fixed_maps.fixed_maps(checkpoint, pictures, np.arange(len(pictures)), batch_size=5)


def test_maps_that_are_the_same_for_every_face_change_nothing_when_they_are_fixed(tmp_path, data):
    _, _, (answers, modules) = measured(hfc_checkpoint(tmp_path / "hfc", 0.0), data)
    assert answers["mean map"] == answers["one number"] == answers["own map"]
    assert [module.mean_map for module in modules] == [Range(0.5, 0.5)] * 4
    assert [module.shape for module in modules] == [(24, 24), (12, 12), (6, 6), (3, 3)]
    assert all(module.sd_over_faces == module.saturated == 0 for module in modules)


@pytest.mark.slow
def test_the_statistics_are_those_of_the_maps_and_the_model_is_left_as_it_was(tmp_path, data):
    folder = hfc_checkpoint(tmp_path / "hfc", 30.0)
    checkpoint, pictures, (answers, modules) = measured(folder, data)
    pixel_values = checkpoint.processor([picture["image"] for picture in pictures], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        first = checkpoint.model(pixel_values, output_attentions=True).attentions[0].double()
    module = modules[0]
    assert module.mean_map.highest == pytest.approx(first.mean(dim=0).max().item(), rel=1e-5)
    assert module.sd_over_faces == pytest.approx(first.std(dim=0, correction=0).mean().item(), rel=1e-4)
    assert module.saturated == pytest.approx((first > 0.98).double().mean().item(), abs=1e-3)
    assert answers["mean map"].same_answers < 1  # such maps do depend on the face
    untouched = load_checkpoint(str(folder))
    rows = np.arange(len(pictures))
    after, before = (score(one, pictures, rows, 5).logits for one in (checkpoint, untouched))
    np.testing.assert_allclose(after, before, atol=1e-4)


@pytest.mark.slow
def test_the_heads_of_ddamfn_are_fixed_too(tmp_path, data):
    torch.manual_seed(0)
    id2label, label2id = label_maps(EXPRESSIONS)
    model = DDAMFNForImageClassification(DDAMFNConfig(image_size=40, id2label=id2label, label2id=label2id)).eval()
    model.save_pretrained(tmp_path / "ddamfn")
    FERImageProcessor(size={"height": 40, "width": 40}, do_grayscale=True).save_pretrained(tmp_path / "ddamfn")
    checkpoint, pictures, (answers, modules) = measured(tmp_path / "ddamfn", data)
    assert [module.shape for module in modules] == [(512, 2, 7)] * 2
    pixel_values = checkpoint.processor([picture["image"] for picture in pictures], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        output = checkpoint.model(pixel_values, output_attentions=True, output_hidden_states=True)
        # what the model computes from the mean profiles of both heads
        means = [dual_direction_maps(head.mean(dim=0, keepdim=True)) for head in output.attentions]
        attended = output.hidden_states[0] * torch.maximum(*means)
        logits = checkpoint.model.classifier(checkpoint.model.pool(attended).flatten(1))
    same = (logits.argmax(dim=1) == output.logits.argmax(dim=1)).double().mean().item()
    assert answers["mean map"].same_answers == pytest.approx(same)
    spread = output.attentions[0].std(dim=0, correction=0).mean().item()
    assert modules[0].sd_over_faces == pytest.approx(spread, rel=1e-3)


def test_the_command_writes_a_result(tmp_path, data):
    hfc_checkpoint(tmp_path / "hfc", 30.0)
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest"]
    fixed_maps.main([str(tmp_path / "hfc"), *where, "--limit", "4", "--out", str(tmp_path / "results")])
    result = only_result(tmp_path / "results", "hfc-fixed-maps-on-*-limit4.json")
    assert (result["kind"], result["n_samples"], len(result["modules"])) == ("fixed_maps", 4, 4)
    assert set(result["answers"]) == {"own map", "mean map", "one number"}


def test_a_model_without_such_maps_is_named(tmp_path, data):
    with pytest.raises(CheckpointError, match="pattlite has no attention of HFC or DDAMFN"):
        measured(tiny_checkpoint(tmp_path / "pattlite"), data)
