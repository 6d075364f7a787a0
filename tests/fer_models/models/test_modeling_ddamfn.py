"""DDAMFN: the published size, its heads, its attention loss, and what transformers does with it."""

import math

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification

from fer_models import DDAMFNConfig, DDAMFNForImageClassification
from fer_models.models.modeling_ddamfn import MixedDepthwiseConv, attention_loss, dual_direction_maps
from train.measure.provenance import model_size

# one bottleneck of each kind: with and without a residual, one to four kernels
BOTTLENECKS = [
    {"channels": 8, "expansion": 16, "stride": 2, "repeats": 2, "kernels": [3, 5, 7], "split": [8, 4, 4]},
    {"channels": 16, "expansion": 24, "stride": 2, "repeats": 2, "kernels": [3, 5], "split": [14, 10]},
    {"channels": 16, "expansion": 32, "stride": 2, "repeats": 1, "kernels": [3, 5, 7, 9], "split": [8, 8, 8, 8]},
    {"channels": 24, "expansion": 16, "stride": 1, "repeats": 1, "kernels": [3], "split": [16]},
]
SMALL = {"stem_channels": 8, "bottlenecks": BOTTLENECKS, "feature_channels": 32, "num_labels": 7}


def build(**overrides) -> DDAMFNForImageClassification:
    torch.manual_seed(0)
    return settled(DDAMFNForImageClassification(DDAMFNConfig(**(SMALL | overrides))))


def settled(model: DDAMFNForImageClassification) -> DDAMFNForImageClassification:
    """In evaluation mode, with batch statistics of real size, as after training: pictures differ in their logits."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(pictures(8))
    for norm in norms:
        norm.momentum = 0.1
    return model.eval()


def pictures(count: int, side: int = 112) -> torch.Tensor:
    coarse = torch.randn(count, 3, 7, 7, generator=torch.Generator().manual_seed(1))
    return F.interpolate(coarse, size=side, mode="bilinear")


@pytest.mark.parametrize(
    "heads, classes, parameters",
    [(1, 7, 4_071_135), (2, 7, 4_105_999), (3, 7, 4_140_863), (2, 8, 4_106_512)],
)
def test_the_network_has_the_published_size(heads, classes, parameters):
    with torch.device("meta"):
        model = DDAMFNForImageClassification(DDAMFNConfig(num_heads=heads, num_labels=classes))
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_a_picture_costs_half_a_billion_multiplications_at_the_published_size():
    model, x = DDAMFNForImageClassification(DDAMFNConfig(num_labels=7)), torch.zeros(2, 3, 112, 112)
    assert model_size(model.train(), x)["macs"] == 2 * 539_588_896


@pytest.mark.parametrize("mode", [False, True])
@pytest.mark.parametrize("heads", [1, 2, 3])
def test_every_parameter_gets_a_gradient(heads, mode):
    model = build(num_heads=heads).train(mode)
    model(pictures(4), labels=torch.arange(4)).loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    without = {name for name, p in model.named_parameters() if not p.grad.abs().sum() > 1e-9}
    assert without <= {name for name, _ in model.named_parameters() if mode and name.endswith("squeeze.bias")}


@pytest.mark.parametrize("batch", [1, 2, 7, 64])
def test_an_image_has_the_same_logits_alone_and_in_any_batch(batch):
    model, x = build(), pictures(64)[:batch]
    with torch.inference_mode():
        together = model(x).logits
        for index in {0, batch // 2, batch - 1}:
            torch.testing.assert_close(model(x[index : index + 1]).logits[0], together[index], atol=1e-5, rtol=0)
        assert batch == 1 or together.std(dim=0).min() > 1e-3  # the pictures do differ


def test_at_the_published_size_too_an_image_has_the_same_logits_alone_and_in_a_batch():
    torch.manual_seed(0)
    model, x = settled(DDAMFNForImageClassification(DDAMFNConfig(num_labels=7))), pictures(3)
    with torch.inference_mode():
        output = model(x, output_attentions=True, output_hidden_states=True)
        torch.testing.assert_close(model(x[1:2]).logits[0], output.logits[1], atol=1e-5, rtol=0)
    assert [head.shape for head in output.attentions] == [(3, 512, 2, 7)] * 2
    assert [features.shape for features in output.hidden_states] == [(3, 512, 7, 7)] * 2
    assert output.logits.std(dim=0).min() > 1e-3


@pytest.mark.parametrize("stride", [1, 2])
def test_kernels_of_several_sizes_give_the_same_values_in_training_and_in_evaluation(stride):
    torch.manual_seed(0)
    conv, x = MixedDepthwiseConv([3, 5, 7, 9], [4, 3, 2, 1], stride), torch.randn(2, 10, 14, 14)
    expected = conv.train()(x)
    torch.testing.assert_close(conv.eval()(x), expected)
    with torch.inference_mode():
        torch.testing.assert_close(conv(x), expected)


def test_what_is_done_to_one_kernel_of_several_holds_in_evaluation():
    torch.manual_seed(0)
    mixed, x = MixedDepthwiseConv([3, 5], [4, 4], stride=1).eval(), torch.randn(1, 8, 9, 9)
    with torch.inference_mode():
        first, second = mixed(x).split(4, dim=1)
        handle = mixed.convs[1].register_forward_hook(lambda module, inputs, output: output * 2)
        torch.testing.assert_close(mixed(x), torch.cat([first, 2 * second], dim=1))
        handle.remove()
        handle = torch.nn.modules.module.register_module_forward_hook(
            lambda module, inputs, output: output + 1 if module is mixed.convs[0] else None
        )
        torch.testing.assert_close(mixed(x), torch.cat([first + 1, second], dim=1))
        handle.remove()
        mixed.convs[0].forward = torch.zeros_like  # as libraries that move weights to and fro put theirs there
        torch.testing.assert_close(mixed(x), torch.cat([torch.zeros_like(first), second], dim=1))
        del mixed.convs[0].forward
        mixed.convs[1] = torch.nn.Identity()
        torch.testing.assert_close(mixed(x), torch.cat([first, x[:, 4:]], dim=1))


def test_a_network_that_is_looked_at_everywhere_answers_as_one_that_is_not():
    model, x, seen = build(), pictures(2), set()
    with torch.inference_mode():
        expected = model(x).logits
        for name, module in model.named_modules():
            module.register_forward_hook(lambda *_, name=name: seen.add(name))
        torch.testing.assert_close(model(x).logits, expected, atol=1e-5, rtol=0)
    assert seen >= {f"backbone.blocks.{block}.depthwise.convs.0" for block in range(len(model.backbone.blocks))}


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("side", [48, 64, 100, 112, 128])
def test_the_features_are_multiplied_by_the_largest_of_the_heads_maps(heads, side):
    model = build(num_heads=heads)
    with torch.inference_mode():
        output = model(pictures(2, side), output_attentions=True, output_hidden_states=True)
    assert [head.shape for head in output.attentions] == [(2, 32, 2, 7)] * heads
    assert all(head.min() > 0 and head.max() < 1 for head in output.attentions)
    before, after = output.hidden_states
    maps = torch.stack([torch.einsum("bch,bcw->bchw", *head.unbind(dim=2)) for head in output.attentions])
    torch.testing.assert_close(after, before * maps.amax(dim=0))
    torch.testing.assert_close(dual_direction_maps(output.attentions[0]), maps[0])


def test_a_profile_value_belongs_to_its_row_or_column():
    head = build().heads[0]
    features = torch.randn(1, 32, 7, 7, generator=torch.Generator().manual_seed(0))
    changed = features.clone()
    changed[:, :, 2] += 1  # the third row
    with torch.inference_mode():
        rows, columns = (head(changed) - head(features)).abs().amax(dim=1)[0]
    assert (rows > 0).tolist() == [False, False, True, False, False, False, False]
    assert (columns > 0).all()


def test_coordinate_attention_weighs_rows_and_columns_by_their_means():
    torch.manual_seed(0)
    block = build().backbone.blocks[1]
    x = torch.randn(2, 8, 10, 10)
    inner = block.depthwise(block.expand(x))
    gates, both = block.gates, torch.cat([inner.mean(dim=3), inner.mean(dim=2)], dim=2)  # (B, C, 20)
    both = F.hardswish(F.batch_norm(gates.squeeze(both), gates.norm.running_mean, gates.norm.running_var,
                                    gates.norm.weight, gates.norm.bias))  # fmt: skip
    rows, columns = gates.rows(both[..., :10]).sigmoid(), gates.columns(both[..., 10:]).sigmoid()
    expected = x + block.project(torch.einsum("bchw,bch,bcw->bchw", inner, rows, columns))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("side", [48, 64, 128])
def test_another_input_size_is_resized_to_the_grid_of_the_heads(side):
    model, x = build(), pictures(2, side)
    with torch.inference_mode():
        features = model.backbone(x)
        assert features.shape == (2, 32, side // 16, side // 16)
        before, _ = model(x, output_hidden_states=True).hidden_states
        torch.testing.assert_close(before, F.interpolate(features, size=(7, 7), mode="bilinear"))


def test_an_input_that_is_not_square_is_resized_too():
    x = F.interpolate(pictures(2), size=(96, 112))
    assert build()(x, output_hidden_states=True).hidden_states[0].shape == (2, 32, 7, 7)


def test_the_attention_loss_is_the_number_of_pairs_over_the_sum_of_their_distances():
    maps = [torch.full((2, 4, 7, 7), value) for value in (0.5, 0.25, 0.0)]
    # squared differences 1/16, 1/4, 1/16: their sum is 3/8
    assert attention_loss(maps, eps=0.0).item() == pytest.approx(3 / (3 / 8))
    assert attention_loss(maps[:2], eps=1 / 16).item() == pytest.approx(1 / (1 / 16 + 1 / 16))
    assert attention_loss(maps[:1], eps=0.0).item() == 0


def test_the_loss_is_the_cross_entropy_and_a_tenth_of_the_attention_loss():
    model, x, labels = build(), pictures(3), torch.tensor([0, 3, 6])
    with torch.no_grad():
        output = model(x, labels=labels, output_attentions=True)
    shares = output.logits.double().softmax(dim=1)
    entropy = -sum(math.log(shares[row, label]) for row, label in enumerate(labels)) / 3
    one, two = (head[:, :, 0, :, None] * head[:, :, 1, None, :] for head in output.attentions)
    distance = ((one - two).double() ** 2).mean().item()
    assert output.loss.item() == pytest.approx(entropy + 0.1 / (distance + 1e-6), rel=1e-5)


def test_the_weight_of_the_attention_loss_is_the_configs():
    losses = [build(attention_loss_weight=weight)(pictures(2), labels=torch.arange(2)).loss for weight in (0.0, 0.1, 1)]
    assert (losses[2] - losses[0]).item() == pytest.approx(10 * (losses[1] - losses[0]).item(), rel=1e-4)


def test_one_head_has_no_attention_loss():
    model, x, labels = build(num_heads=1), pictures(3), torch.tensor([0, 3, 6])
    output = model(x, labels=labels)
    torch.testing.assert_close(output.loss, F.cross_entropy(output.logits, labels))


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_every_map_that_is_shown_has_a_meaning_and_no_other_is_promised(heads):
    model = build(num_heads=heads)
    shown = model.attention_maps(model(pictures(1), output_attentions=True))
    assert list(shown) == list(model.attention_meanings) == list(model.attention_kinds)


@pytest.mark.parametrize("mode", [False, True])
def test_heads_that_agree_exactly_have_a_finite_loss_and_finite_gradients(mode):
    model, labels = build(), torch.tensor([0, 3, 6])
    model.heads[1].load_state_dict(model.heads[0].state_dict())
    model.train(mode)
    output = model(pictures(3), labels=labels)
    assert output.loss.item() == pytest.approx(F.cross_entropy(output.logits, labels).item() + 0.1 / 1e-6, rel=1e-6)
    output.loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_one_hot_vote_shares_give_the_loss_of_class_ids():
    model, x, labels = build(), pictures(3), torch.tensor([0, 3, 6])
    with torch.no_grad():
        hard = model(x, labels=labels).loss
        soft = model(x, labels=F.one_hot(labels, 7).float()).loss
        other = model(x, labels=F.one_hot(labels, 7).float() * 0.8 + 0.2 / 7).loss
    torch.testing.assert_close(hard, soft)
    assert abs(other - hard) > 1e-4


def test_training_under_autocast_gives_finite_gradients():
    model = build().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(pictures(4), labels=torch.arange(4)).loss
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_a_new_network_keeps_the_scale_of_its_signal():
    torch.manual_seed(0)
    output = DDAMFNForImageClassification(DDAMFNConfig()).eval()(pictures(1), output_hidden_states=True)
    assert all(1e-3 < features.std() < 1e3 for features in output.hidden_states)


def test_a_saved_folder_gives_the_same_logits_through_every_auto_class(tmp_path):
    model, x = build(), pictures(2)
    model.save_pretrained(tmp_path)
    for auto in (AutoModel, AutoModelForImageClassification):
        loaded, report = auto.from_pretrained(tmp_path, output_loading_info=True)
        assert type(loaded) is DDAMFNForImageClassification
        assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
        with torch.inference_mode():
            assert torch.equal(loaded.eval()(x).logits, model(x).logits)


def test_the_config_survives_its_file(tmp_path):
    config = DDAMFNConfig(num_heads=3, attention_loss_weight=0.2, id2label={0: "anger", 1: "fear"}, **{
        key: value for key, value in SMALL.items() if key != "num_labels"
    })  # fmt: skip
    config.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert loaded.to_dict() | {"_name_or_path": ""} == config.to_dict()
    assert (loaded.num_heads, loaded.bottlenecks, loaded.num_labels) == (3, BOTTLENECKS, 2)


@pytest.mark.parametrize(
    "overrides, words",
    [
        ({"num_heads": 0}, "num_heads must be 1 or more"),
        ({"attention_loss_eps": 0.0}, "attention_loss_eps must be above 0"),
        ({"bottlenecks": [BOTTLENECKS[0] | {"split": [8, 8]}]}, "one part per kernel"),
        ({"bottlenecks": [BOTTLENECKS[0] | {"split": [8, 4, 3]}]}, "sum to `expansion`"),
        ({"bottlenecks": [BOTTLENECKS[0] | {"kernels": [3, 4, 7]}]}, "must be odd"),
        ({"bottlenecks": [{"channels": 8}]}, "a row needs channels, expansion"),
        ({"bottlenecks": [BOTTLENECKS[0] | {"width": 8}]}, "found .*width"),
    ],
)
def test_a_wrong_config_value_is_named(overrides, words):
    with pytest.raises(ValueError, match=words):
        DDAMFNConfig(**overrides)
