"""PAtt-Lite: the published numbers, the attention modes, and what transformers does with it."""

import warnings

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification

from fer_models import PAttLiteConfig, PAttLiteForImageClassification


def build(**overrides) -> PAttLiteForImageClassification:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = PAttLiteForImageClassification(PAttLiteConfig(**({"num_labels": 7} | overrides))).eval()
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():  # batch statistics of real size, as after training, so that pictures differ in their logits
        model.train()(pictures(8))
    for norm in norms:
        norm.momentum = 0.1
    return model.eval()


def pictures(count: int) -> torch.Tensor:
    coarse = torch.rand(count, 3, 7, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=224, mode="bilinear")


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def running_statistics(model: torch.nn.Module) -> int:
    return sum(b.numel() for name, b in model.named_buffers() if "running_" in name)


def test_seven_classes_give_the_published_size():
    model = build()
    assert parameters(model) == 1_093_000
    assert parameters(model) + running_statistics(model) == 1_102_664


@pytest.mark.parametrize("attention, difference", [("patch", 0), ("batch", 0), (None, -1)])
def test_only_the_scale_of_the_attention_costs_a_parameter(attention, difference):
    assert parameters(build(attention=attention)) == 1_093_000 + difference


def test_the_feature_map_and_the_patches_have_the_sizes_of_the_paper():
    output = build()(pictures(2), output_hidden_states=True, output_attentions=True)
    features, patches = output.hidden_states
    assert features.shape == (2, 512, 14, 14)
    assert patches.shape == (2, 256, 2, 2)
    assert output.attentions[0].shape == (2, 4, 4)
    assert features.min() >= 0 and features.max() <= 6  # the activated (ReLU6) depthwise output


@pytest.mark.parametrize("block, channels", [(6, 256), (7, 512), (8, 512), (9, 512), (10, 512), (11, 512)])
def test_every_output_layer_of_table_5_gives_a_14_by_14_map(block, channels):
    output = build(output_block=block)(pictures(1), output_hidden_states=True)
    assert output.hidden_states[0].shape == (1, channels, 14, 14)


@pytest.mark.parametrize(
    "name, overrides, side",
    [
        ("P8", {"patch_kernels": [8], "patch_padding": 1}, 2),
        ("NP7", {"patch_kernels": [7], "patch_padding": 0}, 2),
        ("P4", {"patch_kernels": [4], "patch_padding": 1}, 4),
        ("OP3", {"patch_kernels": [3], "patch_strides": [2], "patch_padding": 0}, 6),
        ("OP5", {"patch_kernels": [5], "patch_strides": [3], "patch_padding": 0}, 4),
    ],
)
def test_every_kernel_of_table_5_can_be_built(name, overrides, side):
    output = build(patch_separable=False, **overrides)(pictures(1), output_hidden_states=True)
    assert output.hidden_states[1].shape == (1, 256, side, side)
    assert output.logits.shape == (1, 7)


def test_without_patch_extraction_the_rest_of_mobilenet_follows():
    output = build(patch_extraction=False, attention=None)(pictures(1), output_hidden_states=True)
    assert output.hidden_states[0].shape == (1, 1024, 7, 7)


@pytest.mark.parametrize("attention", ["patch", None])
@pytest.mark.parametrize("batch", [2, 7, pytest.param(64, marks=pytest.mark.slow)])
def test_an_image_has_the_same_logits_alone_and_in_any_batch(attention, batch):
    model, x = build(attention=attention), pictures(batch)
    with torch.inference_mode():
        together = model(x).logits
        assert together.std(dim=0).min() > 1e-3  # the pictures do differ
        for index in {0, 1, batch - 1}:
            torch.testing.assert_close(model(x[index : index + 1]).logits[0], together[index], atol=1e-5, rtol=0)


def test_the_published_attention_mixes_the_images_of_a_batch_and_says_so():
    with pytest.warns(UserWarning, match="other images of the batch"):
        PAttLiteForImageClassification(PAttLiteConfig(attention="batch"))
    model, x = build(attention="batch"), pictures(4)
    with torch.no_grad():
        model.classifier.scale.fill_(0.05)  # so that the softmax is not one-hot
        output = model(x, output_attentions=True)
        assert output.attentions[0].shape == (4, 4)
        assert (model(x[:1]).logits[0] - output.logits[0]).abs().max() > 1e-3


def test_the_attention_equals_equation_3_written_out():
    model, x = build(), pictures(2)
    with torch.no_grad():
        output = model(x, output_hidden_states=True, output_attentions=True)
        head = model.classifier
        tokens = output.hidden_states[1].flatten(2).mT  # (2, 4, 256), patches in reading order
        tokens = torch.relu(tokens @ head.fc.weight.T + head.fc.bias)
        norm = head.norm
        tokens = (tokens - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        weights = torch.softmax(head.scale * tokens @ tokens.mT, dim=-1)
        logits = (weights @ tokens).mean(dim=1) @ head.classifier.weight.T + head.classifier.bias
    torch.testing.assert_close(output.attentions[0], weights)
    torch.testing.assert_close(output.logits, logits)


def test_the_patch_map_is_each_patchs_share_of_the_decision():
    model, x = build(), pictures(3)
    with torch.no_grad():
        output = model(x, output_attentions=True)
    shares = model.attention_maps(output)["patch attention"]
    assert shares.shape == (3, 2, 2)
    torch.testing.assert_close(shares.sum(dim=(1, 2)), torch.ones(3))
    torch.testing.assert_close(shares[0, 1, 0], output.attentions[0][0, :, 2].mean())
    assert set(model.attention_maps(output)) == set(model.attention_meanings)


@pytest.mark.parametrize("attention", ["batch", None])
def test_there_is_no_patch_map_where_patches_do_not_attend(attention):
    model = build(attention=attention)
    assert model.attention_maps(model(pictures(2), output_attentions=True)) == {}


def test_one_hot_vote_shares_give_the_loss_of_class_ids():
    model, x, labels = build(), pictures(3), torch.tensor([0, 3, 6])
    with torch.no_grad():
        hard = model(x, labels=labels).loss
        soft = model(x, labels=torch.nn.functional.one_hot(labels, 7).float()).loss
        logits = model(x).logits
    torch.testing.assert_close(hard, soft)
    torch.testing.assert_close(hard, -logits.log_softmax(dim=1)[range(3), labels].mean())


def test_a_new_network_keeps_the_scale_of_its_signal():
    output = PAttLiteForImageClassification(PAttLiteConfig()).eval()(pictures(2), output_hidden_states=True)
    assert all(1e-2 < map.std() < 10 for map in output.hidden_states)


def test_every_parameter_gets_a_gradient():
    model = build().train()
    model(pictures(2), labels=torch.tensor([0, 1])).loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_a_saved_folder_gives_the_same_logits_through_every_auto_class(tmp_path):
    model, x = build(), pictures(2)
    model.save_pretrained(tmp_path)
    for auto in (AutoModel, AutoModelForImageClassification):
        loaded, report = auto.from_pretrained(tmp_path, output_loading_info=True)
        assert type(loaded) is PAttLiteForImageClassification
        assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
        with torch.inference_mode():
            assert torch.equal(loaded.eval()(x).logits, model(x).logits)


def test_the_config_survives_its_file(tmp_path):
    config = PAttLiteConfig(
        attention=None, output_block=11, patch_kernels=(8,), id2label={0: "anger", 1: "fear"}, reject_threshold=0.4
    )
    config.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert loaded.to_dict() | {"_name_or_path": ""} == config.to_dict()
    assert (loaded.attention, loaded.patch_kernels, loaded.num_labels) == (None, [8], 2)


@pytest.mark.parametrize(
    "overrides, word",
    [
        ({"attention": "patches"}, "attention"),
        ({"output_block": 12}, "output_block"),
        ({"patch_strides": [4]}, "strides"),
    ],
)
def test_a_wrong_config_value_is_named(overrides, word):
    with pytest.raises(ValueError, match=word):
        PAttLiteConfig(**overrides)
