"""Answers come from a copy of the network that has fewer steps, and say what the network says."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_models import HFCConfig, HFCForImageClassification
from fer_models.checkpoint import Checkpoint, find_checkpoints
from fer_models.explain import explain, native_attention
from fer_models.folding import folded
from tests.support.tiny import tiny_checkpoint


def norms(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@pytest.mark.parametrize("folder", find_checkpoints(), ids=lambda folder: folder.name)
def test_a_shipped_checkpoint_answers_and_explains_with_its_norms_folded_as_without(folder, portrait):
    checkpoint = Checkpoint(folder, device="cpu")
    pixel_values = checkpoint.pixel_values([portrait, portrait.rotate(20)])
    assert len(norms(checkpoint.quick)) <= 1 < 10 < len(norms(checkpoint.model))
    ours, theirs = (explain(network, pixel_values) for network in (checkpoint.quick, checkpoint.model))
    torch.testing.assert_close(ours.output.logits, theirs.output.logits, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours.cam, theirs.cam, atol=1e-3)
    expected = native_attention(checkpoint.model, theirs.output)
    for name, maps in native_attention(checkpoint.quick, ours.output).items():
        np.testing.assert_allclose(maps, expected[name], atol=1e-3)


def test_a_network_whose_weights_change_after_it_was_opened_answers_with_the_new_ones(tmp_path, portrait):
    checkpoint = Checkpoint(tiny_checkpoint(tmp_path / "tiny"), device="cpu")
    crop = portrait.resize((100, 100))
    (before,) = checkpoint.predict([crop])
    assert checkpoint.quick is checkpoint.quick
    with torch.no_grad():
        checkpoint.model.classifier.classifier.bias[checkpoint.expressions.index("contempt")] += 1e6
    (after,) = checkpoint.predict([crop])
    assert before.expression != after.expression == "contempt"


def test_a_checkpoint_that_is_opened_where_nothing_is_differentiated_answers_alike(tmp_path, portrait):
    folder, crop = tiny_checkpoint(tmp_path / "tiny"), portrait.resize((100, 100))
    with torch.inference_mode():
        (inside,) = Checkpoint(folder, device="cpu").predict([crop])
    (outside,) = Checkpoint(folder, device="cpu").predict([crop])
    assert inside.probabilities == pytest.approx(outside.probabilities, abs=1e-5)


def test_a_convolution_whose_output_is_looked_at_keeps_it():
    torch.manual_seed(0)
    model = HFCForImageClassification(HFCConfig(num_labels=4, image_size=32, cam_layer="backbone.layer4.1.conv2"))
    for norm in norms(model):
        nn.init.normal_(norm.running_mean)
    pixel_values = torch.randn(2, 3, 32, 32)
    ours, theirs = (explain(network.eval(), pixel_values) for network in (folded(model.eval()), model))
    np.testing.assert_allclose(ours.cam, theirs.cam, atol=1e-3)
    torch.testing.assert_close(ours.output.logits, theirs.output.logits, rtol=1e-3, atol=1e-4)
