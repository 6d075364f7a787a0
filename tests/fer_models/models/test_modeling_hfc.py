"""HFC attention: the published sizes, the equations, the numerics of its singular values, and where its maps stand."""

from collections.abc import Callable

import pytest
import torch
from transformers import AutoModelForImageClassification

from fer_models import HFCConfig, HFCForImageClassification
from fer_models.models.modeling_hfc import (
    BottleneckAttention,
    HFCAttention,
    high_pass_filter,
)
from fer_models.models.singular_values import jacobi_eigenvalues, singular_values

BACKBONES = ("resnet18", "mobilenetv2_100")


def build(backbone: str = "resnet18", attention: str | None = "hfc", **options) -> HFCForImageClassification:
    torch.manual_seed(0)
    return HFCForImageClassification(
        HFCConfig(num_labels=7, backbone=backbone, attention=attention, image_size=64, **options)
    ).eval()


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.fixture(scope="module")
def plain() -> dict[str, int]:
    return {backbone: parameters(build(backbone, None)) for backbone in BACKBONES}


def test_the_plain_backbones_have_the_published_sizes_where_pictures_have_one_channel(plain):
    """The paper's grey pictures: 11.17 M and 2.23 M, and ResNet18 with BAM 11.198 M. Here they have three."""
    assert plain == {"resnet18": 11_180_103, "mobilenetv2_100": 2_232_839}
    two_more = {"resnet18": 2 * 64 * 7 * 7, "mobilenetv2_100": 2 * 32 * 3 * 3}  # channels of the first convolution
    grey = {backbone: plain[backbone] - two_more[backbone] for backbone in BACKBONES}
    assert [round(count / 1e6, 2) for count in grey.values()] == [11.17, 2.23]
    assert round((grey["resnet18"] + 23_808) / 1e6, 3) == 11.198


@pytest.mark.parametrize(
    "attention, resnet18, mobilenetv2",
    [
        ("hfc", 708, 767),
        ("lfc", 708, 767),
        ("hfc+lfc", 708 + 4 * 49, 767 + 7 * 49),  # one more map into each 7x7 convolution
        ("hfc+lfc+cross", 708 + 8 * 49, 767 + 14 * 49),
        ("bam", 23_808, 11_192),
    ],
)
def test_attention_adds_the_published_number_of_parameters(plain, attention, resnet18, mobilenetv2):
    added = {backbone: parameters(build(backbone, attention)) - plain[backbone] for backbone in BACKBONES}
    assert added == {"resnet18": resnet18, "mobilenetv2_100": mobilenetv2}


def test_singular_values_are_those_of_the_decomposition():
    maps = torch.randn(3, 4, 20, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(singular_values(maps), torch.linalg.svdvals(maps), rtol=1e-9, atol=1e-9)


def hard_maps(kind: str) -> torch.Tensor:
    random = torch.randn(8, 56, 56, generator=torch.Generator().manual_seed(0)) * 30 + 20
    return {
        "full rank": random,
        "rank 5": random[:, :, :5] @ random[:, :5],
        "smooth": torch.nn.functional.avg_pool2d(random, 15, stride=1, padding=7),
        "constant": torch.full((8, 56, 56), 20.0),
        "weak detail": 20 + random / 300,
    }[kind]


@pytest.mark.parametrize("kind", ["full rank", "rank 5", "smooth", "constant", "weak detail"])
def test_in_float32_the_large_ones_are_exact_and_the_small_ones_off_by_less_than_the_stated_noise(kind):
    maps = hard_maps(kind)
    truth = torch.linalg.svdvals(maps.double())
    error = (singular_values(maps).double() - truth).abs() / truth[:, :1]
    assert error[truth > 0.05 * truth[:, :1]].max() < 5e-6
    assert error.max() < 6e-4


@pytest.mark.parametrize("kind", ["full rank", "weak detail"])
def test_in_float32_the_gradient_of_the_products_is_exact(kind):
    """Also where the small values are less than a thousandth of the largest one: their gradient is as large as any."""
    maps = hard_maps(kind)
    cotangent = torch.rand(8, 56, 56, generator=torch.Generator().manual_seed(1))

    def gradient(maps: torch.Tensor, values_of: Callable) -> torch.Tensor:
        maps = maps.clone().requires_grad_()
        values = values_of(maps)
        (values[:, :, None] * values[:, None] * cotangent.to(maps.dtype)).sum().backward()
        return maps.grad.double()

    truth = gradient(maps.double(), lambda maps: torch.linalg.svd(maps).S)
    assert (gradient(maps, singular_values) - truth).norm() < 2e-3 * truth.norm()


def test_a_map_that_is_not_finite_has_no_values_and_leaves_the_others_alone():
    maps = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
    alone = singular_values(maps)
    maps[1, 2, 3] = torch.nan
    values = singular_values(maps)
    assert values[1].isnan().all()
    torch.testing.assert_close(values[[0, 2]], alone[[0, 2]])
    assert singular_values(maps.requires_grad_())[1].isnan().all()
    with torch.inference_mode():
        pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        pictures[0, 0, 0, 0] = torch.inf
        logits = build()(pictures).logits
    assert logits[0].isnan().all() and logits[1].isfinite().all()


def test_pictures_that_are_not_square_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="takes square pictures; this one's map is 32 x 24"):
        build()(torch.zeros(1, 3, 64, 48))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7, 56])
def test_the_rotations_of_the_export_find_the_eigenvalues(size):
    maps = torch.randn(2, size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gram = maps @ maps.mT
    truth = torch.linalg.eigvalsh(gram).flip(-1)
    assert (jacobi_eigenvalues(gram) - truth).abs().max() < 1e-12 * truth.max()


def test_with_a_gradient_and_without_they_are_the_same():
    maps = torch.randn(4, 24, 24, generator=torch.Generator().manual_seed(0))
    with_gradient = singular_values(maps.clone().requires_grad_())
    torch.testing.assert_close(with_gradient.detach(), singular_values(maps), rtol=1e-4, atol=1e-3)


def test_the_gradient_of_the_singular_values_equals_finite_differences():
    maps = torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(singular_values, (maps,))


@pytest.mark.parametrize("attention", ["hfc", "hfc+lfc+cross"])
def test_the_gradient_of_the_whole_module_equals_finite_differences(attention):
    layer = module(attention, channels=2).double()
    x = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *weights: layer(x)[0], (x, *layer.parameters()))


@pytest.mark.parametrize(
    "matrix",
    [torch.zeros(8, 8), torch.ones(8, 8), torch.eye(8), torch.diag(torch.tensor([2.0, 2, 2, 1, 1, 0, 0, 0]))],
    ids=["zeros", "constant", "repeated values", "repeated values and zeros"],
)
def test_the_gradient_is_finite_where_a_decomposition_is_not_unique(matrix):
    matrix = matrix.clone().requires_grad_()
    singular_values(matrix).sum().backward()
    assert matrix.grad.isfinite().all()


def test_where_values_repeat_the_gradient_of_their_sum_is_that_of_the_nuclear_norm():
    matrix = (3 * torch.eye(4, dtype=torch.float64)).requires_grad_()
    singular_values(matrix).sum().backward()
    torch.testing.assert_close(matrix.grad, torch.eye(4, dtype=torch.float64))


def test_a_bfloat16_autocast_decomposes_in_float32():
    maps = torch.randn(2, 12, 12, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        values = singular_values(maps)
    torch.testing.assert_close(values, torch.linalg.svdvals(maps), rtol=1e-4, atol=1e-4)
    assert singular_values(maps.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("attention", ["hfc", "hfc+lfc+cross", "bam"])
@pytest.mark.parametrize("picture", ["zeros", "constant", "noise"])
def test_training_on_degenerate_pictures_in_bfloat16_has_finite_gradients(attention, picture):
    model = build(attention=attention).train()
    values = {
        "zeros": torch.zeros(2, 3, 64, 64),
        "constant": torch.full((2, 3, 64, 64), 0.5),
        "noise": torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)),
    }
    with torch.autocast("cpu", torch.bfloat16):
        model(values[picture], labels=torch.tensor([0, 1])).loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_parameter_gets_a_gradient(backbone):
    model = build(backbone).train()
    pixel_values = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    model(pixel_values, labels=torch.tensor([0, 1, 2, 3])).loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


@pytest.mark.parametrize("shape", ["ideal", "gaussian", "butterworth"])
def test_the_high_pass_filter_drops_the_mean_and_keeps_a_chessboard(shape):
    keep = high_pass_filter(16, shape, 0.25)
    assert keep.shape == (16, 9)
    assert keep[0, 0] == 0
    assert keep[8, 8] == pytest.approx(1, abs=1e-2)  # the highest frequency of both directions
    assert (keep[0].diff() >= 0).all()  # never falls with the frequency


def test_an_ideal_filter_cuts_at_the_stated_fraction_of_the_nyquist_frequency():
    keep = high_pass_filter(32, "ideal", 0.5)
    assert keep[0].tolist() == [0.0] * 9 + [1.0] * 8  # 16 steps to Nyquist, the first 8 and zero are cut


@pytest.mark.parametrize("cutoff", [0.1, 0.2, 0.25, 0.5])
@pytest.mark.parametrize("size", [20, 40, 80, 104])  # a frequency of 3, 4 or so steps lies on the cut-off of some
def test_an_ideal_filter_treats_a_frequency_and_its_mirror_images_alike(size, cutoff):
    keep = high_pass_filter(size, "ideal", cutoff)
    assert torch.equal(keep[1:], keep[1:].flip(0))
    assert torch.equal(keep[: size // 2 + 1], keep[: size // 2 + 1].T)
    edge = round(cutoff * size / 2)
    assert cutoff * size / 2 != edge or (keep[0, edge] == 0 and keep[0, edge + 1] == 1)


def module(attention: str = "hfc", channels: int = 3, **options) -> HFCAttention:
    torch.manual_seed(0)
    return HFCAttention(channels, HFCConfig(attention=attention, **{"filter_shape": "gaussian"} | options)).eval()


def test_the_module_computes_the_equations_of_the_paper():
    layer = module()
    x = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(3))
    compressed = torch.einsum("c,bchw->bhw", layer.compress.weight[0, :, 0, 0], x)[0]  # equation 1
    spectrum = torch.fft.fft2(compressed)
    frequencies = torch.fft.fftfreq(12)
    radius = (frequencies[:, None] ** 2 + frequencies[None] ** 2).sqrt()
    high = torch.fft.ifft2(spectrum * (1 - torch.exp(-(radius**2) / (2 * 0.125**2)))).real  # equations 2 and 3
    query, key = torch.linalg.svdvals(high), torch.linalg.svdvals(compressed)  # equation 5
    scores = torch.outer(query, key) / 12**2  # equation 8, as means over the map
    attention = torch.nn.functional.conv2d(scores[None, None], layer.weigh.weight, padding=3).sigmoid()  # equation 9
    out, shown, kept = layer(x)
    torch.testing.assert_close(kept[0], high, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(shown[0], attention[0, 0], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(out, x * attention, atol=1e-4, rtol=1e-3)  # equation 10


def test_the_published_scores_are_the_normalised_ones_times_the_places_of_the_map():
    published, normalised = module(normalize_scores=False), module()
    torch.nn.init.dirac_(published.weigh.weight)  # the map is the sigmoid of the scores
    torch.nn.init.dirac_(normalised.weigh.weight)
    x = 0.1 * torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(published(x)[1].logit(), 144 * normalised(x)[1].logit(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_before_training_no_sigmoid_is_saturated(backbone):
    pictures = torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for attention in build(backbone).train()(pictures, output_attentions=True).attentions:
        assert ((attention > 0.02) & (attention < 0.98)).float().mean() > 0.99


def test_the_largest_score_of_a_texture_does_not_grow_with_the_size_of_the_map():
    """So that weights which learnt at one input size hold for another."""
    layer = module(channels=1)
    texture = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(3)) + 2
    torch.nn.init.dirac_(layer.weigh.weight)  # the map is the sigmoid of the scores
    one, four = (layer(features)[1][0, 0, 0] for features in (texture, texture.tile(1, 1, 2, 2)))
    torch.testing.assert_close(one, four, atol=1e-4, rtol=0)
    assert 0.5 < one < 0.99


def test_high_and_low_frequencies_add_up_to_the_map():
    layer = module("lfc")
    x = torch.randn(2, 3, 10, 10, generator=torch.Generator().manual_seed(3))
    _, attention, query = layer(x)
    assert query is None  # the high frequencies are none here
    whole = layer.compress(x)[:, 0]
    _, _, high = module()(x)  # of the same weights
    scores = torch.linalg.svdvals(whole - high)[:, :, None] * torch.linalg.svdvals(whole)[:, None] / 10**2
    torch.testing.assert_close(attention, layer.weigh(scores[:, None]).sigmoid()[:, 0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("size, shape", [(12, "gaussian"), (40, "ideal")])
def test_the_map_is_blind_to_where_things_are(size, shape):
    """What its meaning says beside it: mirroring the features changes nothing, since singular values do not see it."""
    layer = module(filter_shape=shape)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(layer(x)[1], layer(x.flip(-1))[1], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(layer(x)[1], layer(x.flip(-2))[1], atol=1e-5, rtol=1e-4)


def test_bam_multiplies_by_one_plus_the_sigmoid_of_both_gates():
    torch.manual_seed(0)
    layer = BottleneckAttention(32)
    x = torch.randn(2, 32, 9, 9)
    out, attention, query = layer(x)
    gates = layer.channel_gate(x.mean(dim=(2, 3), keepdim=True)) + layer.spatial_gate(x)
    torch.testing.assert_close(out, x * (1 + torch.sigmoid(gates)))
    assert attention.shape == (2, 32, 9, 9) and query is None


@pytest.mark.parametrize(
    "backbone, sizes", [("resnet18", [32, 16, 8, 4]), ("mobilenetv2_100", [32, 32, 16, 8, 4, 4, 2])]
)
def test_a_map_per_stage_but_the_last_stands_where_the_paper_has_it(backbone, sizes):
    output = build(backbone)(torch.randn(1, 3, 64, 64), output_attentions=True, output_hidden_states=True)
    assert [tuple(attention.shape) for attention in output.attentions] == [(1, n, n) for n in sizes]
    assert [high.shape[-1] for high in output.high_frequencies] == sizes
    assert len(output.hidden_states) == len(sizes) + 1


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("others", [1, 2, 7, 64])
def test_an_answer_does_not_depend_on_the_other_pictures(backbone, others):
    model = build(backbone)
    pictures = torch.randn(max(others, 2), 3, 64, 64, generator=torch.Generator().manual_seed(0))[:others]
    with torch.inference_mode():
        together = model(pictures).logits
        alone = model(pictures[:1]).logits
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)


def test_soft_labels_that_are_certain_give_the_loss_of_hard_ones():
    model, pictures = build(), torch.randn(2, 3, 64, 64)
    hard = torch.tensor([3, 5])
    soft = torch.nn.functional.one_hot(hard, 7).float()
    torch.testing.assert_close(model(pictures, labels=hard).loss, model(pictures, labels=soft).loss)


def test_without_attention_it_is_the_backbone_of_timm():
    import timm

    model = build(attention=None)
    reference = timm.create_model("resnet18", num_classes=7).eval()
    weights = model.backbone.state_dict() | {f"fc.{key}": value for key, value in model.classifier.state_dict().items()}
    reference.load_state_dict(weights)
    pictures = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model(pictures).logits, reference(pictures), atol=1e-5, rtol=1e-5)


def test_a_saved_checkpoint_gives_the_same_answers(tmp_path):
    model = build("mobilenetv2_100", pad_type="same", batch_norm_eps=1e-3)
    model.save_pretrained(tmp_path)
    loaded = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    pictures = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(loaded(pictures).logits, model(pictures).logits)
    assert {m.eps for m in loaded.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {1e-3}


def test_the_maps_for_people_say_what_their_axes_are():
    model = build()
    shown = model.attention_maps(model(torch.randn(1, 3, 64, 64), output_attentions=True))
    assert list(shown) == ["high frequencies", *(f"attention {i} of 4" for i in (1, 2, 3, 4))]
    assert all(maps.min() >= 0 for maps in shown.values())
    assert {model.attention_kinds[name] for name in shown if name.startswith("attention")} == {"ranks"}
    assert "not by place" in model.attention_meanings["attention 1 of 4"]


@pytest.mark.parametrize("attention", ["hfc", "lfc", "hfc+lfc", "hfc+lfc+cross", "bam", None])
def test_every_map_that_is_shown_has_a_meaning_and_no_other_is_promised(attention):
    model = build(attention=attention)
    shown = model.attention_maps(model(torch.randn(1, 3, 64, 64), output_attentions=True))
    assert set(shown) == set(model.attention_meanings) == set(model.attention_kinds)


def test_a_filter_of_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="shape must be one of ideal, gaussian, butterworth, not 'box'"):
        high_pass_filter(8, "box", 0.25)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"backbone": "resnet50"}, "backbone must be one of resnet18, mobilenetv2_100"),
        ({"attention": "hfc+cross"}, "attention must be one of"),
        ({"filter_shape": "box"}, "filter_shape must be one of ideal, gaussian, butterworth"),
        ({"filter_cutoff": 0.0}, r"filter_cutoff must be in \(0, 1\]"),
        ({"pad_type": "same"}, "pad_type of resnet18 must be '', not 'same'"),
        ({"backbone": "mobilenetv2_100", "pad_type": "valid"}, "must be '' or 'same', not 'valid'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(options, words):
    with pytest.raises(ValueError, match=words):
        HFCConfig(**options)
