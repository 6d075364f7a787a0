"""Explanations on a network small enough to check by hand, and on PAtt-Lite."""

import threading
import weakref

import numpy as np
import pytest
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM
from torch import nn

from fer_models.explain import explain, native_attention
from fer_models.methods import METHODS
from fer_models.trust import faithfulness
from tests.support.networks import SIZE, BrightnessModel, TinyModel, state


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


@pytest.mark.parametrize(
    "method, theirs",
    [("gradcam", GradCAM), ("hirescam", HiResCAM), ("gradcam++", GradCAMPlusPlus), ("eigencam", EigenCAM)],
)
def test_a_formula_gives_the_map_of_the_package_that_people_know(method, theirs):
    chance = np.random.default_rng(0)
    features, gradients = chance.normal(size=(2, 3, 12, 5, 6)).astype(np.float32)
    gradients[:, :2] = 0
    ours = METHODS[method].formula(features, gradients)
    expected = theirs(nn.Linear(1, 1), target_layers=[]).get_cam_image(None, None, None, features, gradients, False)
    if method == "eigencam":  # theirs leaves the sign to the linear algebra library
        expected = expected * np.sign((ours * expected).sum(axis=(1, 2), keepdims=True))
        assert (ours.max(axis=(1, 2)) >= -ours.min(axis=(1, 2))).all()
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


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


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.formula])
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
