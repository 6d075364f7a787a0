"""Answers come from a copy of the network that has fewer steps, and say what the network says."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from fer_models import HFCConfig, HFCForImageClassification
from fer_models.checkpoint import Checkpoint, find_checkpoints
from fer_models.explain import explain, native_attention
from fer_models.folding import folded
from fer_models.paths import CHECKPOINTS
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


def test_another_layer_that_is_looked_at_is_looked_at(portrait):
    checkpoint = Checkpoint(CHECKPOINTS / "mobilenetv1-ferplus", device="cpu")
    pixel_values, before = checkpoint.pixel_values([portrait]), checkpoint.quick
    checkpoint.model.config.cam_layer = "backbone.blocks.4.1.conv_pw"  # whose norm is folded into it otherwise
    cams = [explain(network, pixel_values).cam for network in (checkpoint.quick, checkpoint.model)]
    assert checkpoint.quick is not before
    np.testing.assert_allclose(*cams, atol=1e-3)


def test_a_layer_within_one_that_would_be_replaced_is_still_there(portrait):
    checkpoint = Checkpoint(CHECKPOINTS / "ddamfn-ferplus", device="cpu")
    checkpoint.model.config.cam_layer = "backbone.blocks.0.depthwise.convs.0"
    pixel_values = checkpoint.pixel_values([portrait])
    cams = [explain(network, pixel_values).cam for network in (checkpoint.quick, checkpoint.model)]
    np.testing.assert_allclose(*cams, atol=1e-3)


def test_it_is_folded_wherever_the_first_answer_is_asked_for_and_whoever_watches_the_model(tmp_path, portrait):
    folder, crop, seen = tiny_checkpoint(tmp_path / "tiny"), portrait.resize((100, 100)), []
    (expected,) = Checkpoint(folder, device="cpu").predict([crop])
    torch.set_default_dtype(torch.float64)
    try:
        (found,) = Checkpoint(folder, device="cpu").predict([crop])
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    checkpoint = Checkpoint(folder, device="cpu")
    checkpoint.model.register_forward_pre_hook(lambda *_: seen.append("hook"))
    random = torch.get_rng_state()
    with torch.autocast("cpu", torch.bfloat16):
        assert checkpoint.quick is not checkpoint.model
    assert not seen and not checkpoint.quick._forward_pre_hooks and torch.equal(random, torch.get_rng_state())


def test_threads_that_ask_first_share_one_network(tmp_path):
    checkpoint = Checkpoint(tiny_checkpoint(tmp_path / "tiny"), device="cpu")
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: checkpoint.quick, range(8)))
    assert {id(one) for one in found} == {id(checkpoint.quick)}


def test_a_convolution_whose_output_is_looked_at_keeps_it():
    torch.manual_seed(0)
    model = HFCForImageClassification(HFCConfig(num_labels=4, image_size=32, cam_layer="backbone.layer4.1.conv2"))
    for norm in norms(model):
        nn.init.normal_(norm.running_mean)
    pixel_values = torch.randn(2, 3, 32, 32)
    ours, theirs = (explain(network.eval(), pixel_values) for network in (folded(model.eval()), model))
    np.testing.assert_allclose(ours.cam, theirs.cam, atol=1e-3)
    torch.testing.assert_close(ours.output.logits, theirs.output.logits, rtol=1e-3, atol=1e-4)
