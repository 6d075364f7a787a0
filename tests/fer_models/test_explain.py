"""Explanations on a network small enough to check by hand, and on PAtt-Lite."""

import copy
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers.modeling_outputs import ImageClassifierOutput

from fer_models import PAttLiteConfig, PAttLiteForImageClassification
from fer_models.explain import (
    METHODS,
    Faithfulness,
    explain,
    faithfulness,
    native_attention,
    randomized_explanation,
)

SIZE = 16


class TinyModel(nn.Module):
    """Convolution -> the target layer (convolution, batch norm, ReLU) -> mean over places -> linear."""

    def __init__(self, cam_layer: str = "features", classes: int = 3):
        super().__init__()
        self.config = SimpleNamespace(cam_layer=cam_layer, softmax_temperature=1.0)
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.features = nn.Sequential(nn.Conv2d(8, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.after = nn.Identity()
        self.classifier = nn.Linear(6, classes)

    def forward(self, pixel_values, output_attentions=None):
        features = self.after(self.features(self.stem(pixel_values)))
        return ImageClassifierOutput(logits=self.classifier(features.mean(dim=(2, 3))))


class BrightnessModel(nn.Module):
    """Class 1 is what is brighter than one half, class 0 what is below minus one half; places count by themselves."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(cam_layer="features", softmax_temperature=1.0)
        self.features = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
        self.classifier = nn.Linear(2, 2)
        with torch.no_grad():
            self.features[0].weight[:] = torch.tensor([-1 / 3, 1 / 3])[:, None, None, None]
            self.features[0].bias.fill_(-0.5)
            self.classifier.weight[:] = torch.eye(2) * 100
            self.classifier.bias[:] = torch.tensor([1.0, -1.0])

    def forward(self, pixel_values, output_attentions=None):
        return ImageClassifierOutput(logits=self.classifier(self.features(pixel_values).mean(dim=(2, 3))))


@pytest.fixture
def tiny() -> TinyModel:
    torch.manual_seed(0)
    return TinyModel().eval()


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def pattlite() -> PAttLiteForImageClassification:
    torch.manual_seed(0)
    model = PAttLiteForImageClassification(PAttLiteConfig(num_labels=7))
    # With the statistics of a batch the features have a common size, as after training.
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 96, 96))
        model.classifier.classifier.weight *= 0.1  # logits of a trained model's size, where 1e-5 means something
    return model.eval()


@pytest.fixture(scope="module")
def pattlite_faces() -> torch.Tensor:
    return torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def bright_square() -> tuple[torch.Tensor, np.ndarray]:
    """A black picture with a white square, and the map that marks exactly the square."""
    square = np.zeros((SIZE, SIZE), dtype=np.float32)
    square[6:10, 6:10] = 1
    return torch.from_numpy(square).expand(3, -1, -1).clone(), square


def state(model: nn.Module) -> tuple:
    hooks = {
        (name, kind): len(getattr(module, kind))
        for name, module in model.named_modules()
        for kind in vars(module)
        if kind.endswith("_hooks")
    }
    training = {name: module.training for name, module in model.named_modules()}
    trainable = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    return hooks, training, trainable


# The maps


def test_grad_cam_is_the_positive_part_of_the_weighted_sum_of_the_feature_maps(tiny, faces):
    class_id = 1
    features = tiny.features(tiny.stem(faces)).detach()
    expected = torch.einsum("k,bkhw->bhw", tiny.classifier.weight[class_id].detach(), features).relu()
    assert (expected > 0).flatten(1).any(dim=1).all()
    expected = expected / expected.amax(dim=(1, 2), keepdim=True)
    cam = explain(tiny, faces, "gradcam", [class_id] * 3).cam
    np.testing.assert_allclose(cam, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["gradcam", "hirescam"])
def test_an_activation_in_place_behind_the_target_layer_changes_nothing(method, tiny, faces):
    tiny.features[2], tiny.after = nn.Identity(), nn.ReLU(inplace=False)
    expected = explain(tiny, faces, method, [1] * 3).cam
    tiny.after = nn.ReLU(inplace=True)
    np.testing.assert_array_equal(explain(tiny, faces, method, [1] * 3).cam, expected)


def test_a_map_keeps_its_floor_where_every_place_is_evidence():
    model = BrightnessModel()
    picture = torch.full((1, 3, SIZE, SIZE), 0.75)
    picture[..., 8:] = 1.0  # features 0.25 and 0.5
    cam = explain(model, picture, class_ids=[1]).cam
    np.testing.assert_allclose(cam[0, :, :8], 0.5, atol=1e-6)
    np.testing.assert_allclose(cam[0, :, 8:], 1.0)


def test_hirescam_equals_grad_cam_when_only_a_mean_and_a_linear_layer_follow(tiny, faces):
    np.testing.assert_allclose(
        explain(tiny, faces, "hirescam", [0, 1, 2]).cam, explain(tiny, faces, "gradcam", [0, 1, 2]).cam, atol=1e-6
    )


@pytest.mark.parametrize("size_of_weights", [1.0, 1e-4])
def test_grad_cam_plus_plus_is_its_paper_s_equation_however_small_the_gradients_are(size_of_weights, tiny, faces):
    tiny.classifier.weight.data *= size_of_weights
    features = tiny.features(tiny.stem(faces)).detach().double().numpy()
    gradient = (tiny.classifier.weight[1].detach().double().numpy() / features[0, 0].size)[None, :, None, None]
    # Equation 19; the gradient of a mean is the same at every place.
    alpha = gradient**2 / (2 * gradient**2 + features.sum(axis=(2, 3), keepdims=True) * gradient**3)
    weights = (alpha * np.maximum(gradient, 0)) * features[0, 0].size
    expected = (weights * features).sum(axis=1)
    expected = expected / expected.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(explain(tiny, faces, "gradcam++", [1] * 3).cam, expected, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_map_is_brightest_where_the_only_evidence_is(method, bright_square):
    picture, square = bright_square
    cam = explain(BrightnessModel(), picture[None], method, [1]).cam[0]
    np.testing.assert_allclose(cam[square == 1], 1.0, atol=1e-5)
    np.testing.assert_allclose(cam[square == 0], 0.0, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_only_a_class_specific_map_changes_with_the_class(method, tiny, faces):
    one, other = explain(tiny, faces, method, [0] * 3).cam, explain(tiny, faces, method, [2] * 3).cam
    if METHODS[method].class_specific:
        assert np.abs(one - other).max() > 0.1
    else:
        np.testing.assert_array_equal(one, other)


def test_a_class_without_evidence_has_a_map_of_zeros(bright_square):
    picture, _ = bright_square
    cam = explain(BrightnessModel(), picture[None], class_ids=[0]).cam
    np.testing.assert_array_equal(cam, np.zeros((1, SIZE, SIZE)))


def test_without_class_ids_each_face_is_asked_about_its_own_answer(tiny, faces):
    tiny.classifier.weight.data *= 100
    answers = tiny(faces).logits.argmax(dim=-1).tolist()
    explanation = explain(tiny, faces)
    assert explanation.class_ids == answers
    np.testing.assert_array_equal(explanation.cam, explain(tiny, faces, class_ids=torch.tensor(answers)).cam)


@pytest.mark.parametrize("method", METHODS)
def test_a_face_has_the_same_logits_and_map_alone_and_in_a_batch_of_pattlite(method, pattlite, pattlite_faces):
    together = explain(pattlite, pattlite_faces, method, [3, 5])
    assert together.cam.shape == (2, 14, 14)
    assert together.cam.dtype == np.float32
    assert np.isfinite(together.cam).all()
    assert together.cam.min() >= 0
    assert together.cam.max() == 1
    alone = explain(pattlite, pattlite_faces[1:], method, [5])
    torch.testing.assert_close(together.output.logits[1:], alone.output.logits, atol=1e-5, rtol=0)
    np.testing.assert_allclose(together.cam[1:], alone.cam, atol=1e-4)


# The model's own output


def test_explaining_does_not_change_the_prediction_or_the_attention(pattlite, pattlite_faces):
    with torch.no_grad():
        plain = pattlite(pattlite_faces, output_attentions=True)
    output = explain(pattlite, pattlite_faces).output
    torch.testing.assert_close(output.logits, plain.logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.attentions[0], plain.attentions[0], atol=1e-5, rtol=0)


def test_the_model_runs_once(tiny, faces):
    runs = []
    tiny.stem.register_forward_hook(lambda *_: runs.append(1))
    explain(tiny, faces)
    assert len(runs) == 1


def test_native_attention_gives_the_shares_of_each_patch(pattlite, pattlite_faces):
    explanation = explain(pattlite, pattlite_faces)
    maps = native_attention(pattlite, explanation.output)
    assert list(maps) == ["patch attention"] == list(pattlite.attention_meanings)
    expected = explanation.output.attentions[0].numpy().mean(axis=1).reshape(2, 2, 2)
    np.testing.assert_allclose(maps["patch attention"], expected, atol=1e-6)
    assert maps["patch attention"].dtype == np.float32


# What is left behind


@pytest.mark.parametrize("method", METHODS)
def test_hooks_and_flags_are_as_before(method, tiny, faces):
    tiny.train()
    tiny.features[1].eval()
    tiny.stem.weight.requires_grad_(False)
    tiny.stem.register_forward_hook(lambda *_: None)
    before, running_mean = state(tiny), tiny.features[1].running_mean.clone()
    explain(tiny, faces, method)
    assert state(tiny) == before
    torch.testing.assert_close(tiny.features[1].running_mean, running_mean)


@pytest.mark.parametrize("place", ["stem", "features", "classifier"])
def test_hooks_and_flags_are_as_before_when_the_model_fails(place, tiny, faces):
    def fail(*_):
        raise RuntimeError("out of memory")

    tiny.train()
    tiny.get_submodule(place).register_forward_hook(fail)
    before = state(tiny)
    with pytest.raises(RuntimeError, match="out of memory"):
        explain(tiny, faces)
    assert state(tiny) == before


def test_gradients_of_a_model_in_training_are_left_alone(tiny, faces):
    tiny(faces).logits.sum().backward()
    before = {name: parameter.grad.clone() for name, parameter in tiny.named_parameters()}
    explain(tiny, faces)
    for name, parameter in tiny.named_parameters():
        torch.testing.assert_close(parameter.grad, before[name], atol=0, rtol=0)


def test_no_graph_is_stored_before_the_target_layer_and_none_survives(tiny, faces):
    graphs, references = {}, []

    def record(name):
        def hook(module, inputs, output):
            graphs[name] = output.requires_grad
            references.extend([weakref.ref(output), weakref.ref(inputs[0])])

        return hook

    for name in ("stem", "features", "after", "classifier"):
        tiny.get_submodule(name).register_forward_hook(record(name))
    explanation = explain(tiny, faces)
    assert graphs == {"stem": False, "features": False, "after": True, "classifier": True}
    assert not explanation.output.logits.requires_grad
    assert [reference() for reference in references] == [None] * len(references)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_switched_off(mode, tiny, faces):
    expected = explain(tiny, faces, class_ids=[0, 1, 2]).cam
    with mode():
        cam = explain(tiny, faces.clone(), class_ids=[0, 1, 2]).cam
        curves = faithfulness(tiny, faces[0].clone(), {"cam": cam[0]}, 0, steps=2)
        assert not torch.is_grad_enabled()
    np.testing.assert_array_equal(cam, expected)
    assert np.isfinite(curves["cam"].deletion_area)


def test_a_plain_forward_pass_in_another_thread_is_not_disturbed(tiny, faces):
    expected = tiny(faces).logits.detach()
    explained = explain(tiny, faces).cam
    results = []

    def predict_elsewhere(module, inputs):
        if threading.current_thread() is not threading.main_thread():
            return
        other = threading.Thread(target=lambda: results.append(tiny(faces).logits))
        other.start()
        other.join()

    tiny.classifier.register_forward_pre_hook(predict_elsewhere)
    cam = explain(tiny, faces).cam
    torch.testing.assert_close(results[0].detach(), expected)
    np.testing.assert_array_equal(cam, explained)


def test_explanations_in_several_threads_do_not_mix(tiny, faces):
    expected = [explain(tiny, face[None]).cam for face in faces]
    results = {}

    def work(index):
        for repeat in range(5):
            results[index, repeat] = explain(tiny, faces[index : index + 1]).cam

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 15
    for (index, _), cam in results.items():
        np.testing.assert_allclose(cam, expected[index], atol=1e-6)


# Errors


@pytest.mark.parametrize("name", ["features.9", "nowhere"])
def test_an_unknown_target_layer_is_named(name, faces):
    with pytest.raises(ValueError, match=f"config.cam_layer='{name}' is not a module of TinyModel"):
        explain(TinyModel(name), faces)


@pytest.mark.parametrize("name", ["classifier", ""])
def test_a_target_layer_that_returns_no_feature_map_is_named(name, faces):
    with pytest.raises(ValueError, match="must return a feature map"):
        explain(TinyModel(name), faces)


def test_a_target_layer_that_never_runs_is_named(faces):
    model = TinyModel("spare")
    model.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(ValueError, match="it ran 0 times"):
        explain(model, faces)


def test_an_unknown_method_is_answered_with_the_known_ones(tiny, faces):
    with pytest.raises(ValueError, match="gradcam, hirescam, gradcam\\+\\+, eigencam"):
        explain(tiny, faces, "scorecam")


def test_a_face_without_a_class_id_is_asked_about_its_own_answer(tiny, faces):
    answers = tiny(faces).logits.argmax(dim=1).tolist()
    asked = [(answer + 1) % 3 for answer in answers]
    assert explain(tiny, faces, class_ids=[asked[0], None, asked[2]]).class_ids == [asked[0], answers[1], asked[2]]


@pytest.mark.parametrize("class_ids", [[0], [0, 1, 3], [-1, 0, 0], [0.0, 1.0, 2.0], [[0, 1, 2]]])
@pytest.mark.parametrize("method", ["gradcam", "eigencam"])
def test_impossible_class_ids_are_refused(method, class_ids, tiny, faces):
    with pytest.raises(ValueError, match="3 ids from 0 to 2"):
        explain(tiny, faces, method, class_ids)


@pytest.mark.parametrize("shape", [(3, SIZE, SIZE), (0, 3, SIZE, SIZE)])
def test_a_missing_batch_is_refused(shape, tiny):
    with pytest.raises(ValueError, match="pixel_values must be"):
        explain(tiny, torch.zeros(shape))


# Faithfulness


def test_a_perfect_map_beats_chance_and_its_inverse_does_not(bright_square):
    picture, square = bright_square
    curves = faithfulness(BrightnessModel(), picture, {"right": square, "wrong": 1 - square}, class_id=1)
    right, wrong, chance = curves["right"], curves["wrong"], curves["random"]
    assert right.deletion_area + 0.1 < chance.deletion_area < wrong.deletion_area
    assert right.insertion_area - 0.1 > chance.insertion_area > wrong.insertion_area


def test_curves_run_between_the_picture_and_its_blurred_version(bright_square):
    picture, square = bright_square
    model = BrightnessModel()
    blurred = F.interpolate(F.adaptive_avg_pool2d(picture[None], 4), size=(SIZE, SIZE), mode="bilinear")
    with torch.no_grad():
        ends = model(torch.cat([picture[None], blurred])).logits.softmax(dim=-1)[:, 1].numpy()
    for curve in faithfulness(model, picture, {"cam": square}, class_id=1, steps=5).values():
        assert curve.deletion.shape == curve.insertion.shape == (6,)
        np.testing.assert_allclose(curve.deletion[[0, -1]], ends, atol=1e-6)
        np.testing.assert_allclose(curve.insertion[[-1, 0]], ends, atol=1e-6)


def test_the_brightest_pixels_go_first(bright_square):
    picture, square = bright_square
    # 16 of the 256 pixels are the square: after one step of sixteen it is gone, and nothing else is.
    curve = faithfulness(BrightnessModel(), picture, {"cam": square}, class_id=1)["cam"]
    nothing_bright = 1 / (1 + np.exp(2))
    np.testing.assert_allclose(curve.deletion[1:], nothing_bright, atol=1e-6)
    np.testing.assert_allclose(curve.insertion[1:], curve.deletion[0], atol=1e-6)


@pytest.mark.parametrize("ripple", [0, 1e-5])
def test_a_constant_map_is_a_random_one(tiny, faces, ripple):
    maps = {"constant": 0.3 + ripple * np.eye(7)}
    curves = faithfulness(tiny, faces[0], maps, class_id=0, random_maps=1)
    np.testing.assert_allclose(curves["constant"].deletion, curves["random"].deletion, atol=1e-6)
    np.testing.assert_allclose(curves["constant"].insertion, curves["random"].insertion, atol=1e-6)


def test_the_seed_decides_the_random_map_and_nothing_else(tiny, faces):
    tiny.classifier.weight.data *= 100
    maps = {"cam": explain(tiny, faces[:1]).cam[0]}
    first, again, other = (faithfulness(tiny, faces[0], maps, 0, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["random"].deletion, again["random"].deletion)
    assert np.abs(first["random"].deletion - other["random"].deletion).max() > 1e-3


def test_curves_do_not_depend_on_the_scale_of_a_map(tiny, faces):
    cam = explain(tiny, faces[:1]).cam[0]
    curves = faithfulness(tiny, faces[0], {"cam": cam, "scaled": cam * 1e-9}, class_id=0, random_maps=1)
    np.testing.assert_allclose(curves["cam"].deletion, curves["scaled"].deletion, atol=1e-6)


def test_probabilities_are_those_after_the_temperature(tiny, faces):
    tiny.config.softmax_temperature = 4.0
    curve = faithfulness(tiny, faces[0], {"cam": np.ones((8, 8))}, class_id=2, steps=1)["cam"]
    expected = (tiny(faces[:1]).logits / 4.0).softmax(dim=-1)[0, 2].item()
    assert curve.deletion[0] == pytest.approx(expected, abs=1e-6)


def test_the_area_is_the_mean_under_the_curve():
    curve = Faithfulness(deletion=np.array([1.0, 0.5, 0.0]), insertion=np.array([0.0, 1.0, 1.0]))
    assert curve.deletion_area == pytest.approx(0.5)
    assert curve.insertion_area == pytest.approx(0.75)


def test_faithfulness_leaves_a_model_in_training_as_it_was(tiny, faces):
    tiny.train()
    before, running_mean = state(tiny), tiny.features[1].running_mean.clone()
    faithfulness(tiny, faces[0], {"cam": np.ones((8, 8))}, class_id=0, steps=2)
    assert state(tiny) == before
    torch.testing.assert_close(tiny.features[1].running_mean, running_mean)


@pytest.mark.parametrize(
    "maps", [{}, {"random": np.ones((2, 2))}, {"cam": np.ones((1, 2, 2))}, {"cam": np.full((2, 2), np.nan)}]
)
def test_impossible_maps_are_refused(maps, tiny, faces):
    with pytest.raises(ValueError, match=r"maps? .*must"):
        faithfulness(tiny, faces[0], maps, class_id=0)


# The randomised network


def test_a_randomised_network_gives_another_map_and_leaves_the_original_alone(pattlite, pattlite_faces):
    before = copy.deepcopy(pattlite.state_dict())
    trained = explain(pattlite, pattlite_faces[:1], class_ids=[3])
    random = randomized_explanation(pattlite, pattlite_faces[:1], class_ids=[3])
    assert random.class_ids == [3]
    assert random.cam.max() == 1.0
    assert np.abs(random.cam - trained.cam).max() > 0.2
    for name, values in pattlite.state_dict().items():
        torch.testing.assert_close(values, before[name], atol=0, rtol=0)


def test_the_seed_decides_the_random_weights(tiny, faces):
    first, again, other = (randomized_explanation(tiny, faces, seed=seed) for seed in (0, 0, 1))
    torch.testing.assert_close(first.output.logits, again.output.logits, atol=0, rtol=0)
    assert (first.output.logits - other.output.logits).abs().max() > 1e-2


def test_nothing_learned_is_left_in_the_randomised_network(tiny, faces):
    expected = randomized_explanation(tiny, faces).output.logits
    with torch.no_grad():
        for tensor in (*tiny.parameters(), tiny.features[1].running_mean, tiny.features[1].running_var):
            tensor.uniform_(1, 2)
    torch.testing.assert_close(randomized_explanation(tiny, faces).output.logits, expected, atol=0, rtol=0)
