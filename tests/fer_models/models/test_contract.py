"""What every architecture promises to those who call it, show it, fine-tune it or save it."""

import pytest
import torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

from fer_models import ARCHITECTURES, FERImageProcessor
from fer_models.models.configuration_fer import FERConfig
from fer_models.models.modeling_fer import FERPreTrainedModel
from fer_models.visualize import KINDS

BOTTLENECKS = [  # DDAMFN in short
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 2, "kernels": [3, 5], "split": [32, 32]},
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 1, "kernels": [3, 5, 7], "split": [32, 16, 16]},
    {"channels": 64, "expansion": 64, "stride": 2, "repeats": 1, "kernels": [3], "split": [64]},
]
SMALL = {
    "ddamfn": {"image_size": 112, "bottlenecks": BOTTLENECKS, "feature_channels": 64},
    "pattlite": {"image_size": 112, "patch_kernels": [2, 2]},
}
BOTH = pytest.mark.parametrize("config_class, model_class", ARCHITECTURES, ids=lambda one: one.__name__)


def build(config_class: type, model_class: type, **options) -> FERPreTrainedModel:
    torch.manual_seed(0)
    return model_class(config_class(**({"image_size": 64} | SMALL.get(config_class.model_type, {}) | options))).eval()


def pictures(model: FERPreTrainedModel, count: int = 2) -> torch.Tensor:
    side = model.config.image_size
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@BOTH
def test_every_architecture_is_of_the_two_classes_that_hold_the_contract(config_class, model_class):
    assert issubclass(config_class, FERConfig) and issubclass(model_class, FERPreTrainedModel)
    config = config_class()
    assert (config.softmax_temperature, config.folded_temperature, config.face_margin) == (1, 1, 0)
    assert (config.reject_threshold, config.class_priors, config.calibration) == (None, None, None)


@BOTH
def test_the_layer_for_grad_cam_returns_one_feature_map(config_class, model_class):
    model, shapes = build(config_class, model_class), []
    layer = model.get_submodule(model.config.cam_layer)
    layer.register_forward_hook(lambda module, inputs, output: shapes.append(output.ndim))
    with torch.inference_mode():
        model(pictures(model))
    assert shapes == [4]


@BOTH
def test_every_map_that_is_shown_has_a_meaning_and_a_way_to_be_drawn(config_class, model_class):
    model = build(config_class, model_class)
    with torch.inference_mode():
        output = model(pictures(model), output_attentions=True)
        without = model(pictures(model))
    maps, profiles = model.attention_maps(output), model.attention_profiles(output)
    assert set(maps) == set(model.attention_meanings) == set(model.attention_kinds)
    assert set(model.attention_kinds.values()) <= set(KINDS)
    assert all(values.ndim == 3 and len(values) == 2 for values in maps.values())
    for name, (rows, columns) in profiles.items():
        assert (*rows.shape, columns.shape[1]) == maps[name].shape
    assert model.attention_maps(without) == model.attention_profiles(without) == {}


@BOTH
def test_what_a_call_leaves_open_is_as_the_config_says(config_class, model_class):
    model = build(config_class, model_class)
    x = pictures(model)
    with torch.inference_mode():
        plain = model(x)
        assert plain.hidden_states is None and plain.attentions is None
        as_tuple = model(x, return_dict=False)
        assert isinstance(as_tuple, tuple) and torch.equal(as_tuple[0], plain.logits)
        model.config.output_hidden_states = model.config.output_attentions = True
        full = model(x)
        assert full.hidden_states is not None
        assert set(model.attention_maps(full)) == set(model.attention_meanings)
        assert model(x, output_hidden_states=False, output_attentions=False).to_tuple()[0].shape == plain.logits.shape
        assert len(model(x, output_hidden_states=False, output_attentions=False).to_tuple()) == 1
        model.config.return_dict = False
        assert isinstance(model(x), tuple)
        assert torch.equal(model(x, return_dict=True).logits, plain.logits)


@BOTH
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_hook_on_every_leaf_fires(config_class, model_class, mode):
    model = getattr(build(config_class, model_class), mode)()
    leaves = {
        name: module
        for name, module in model.named_modules()
        if not list(module.children()) and not isinstance(module, torch.nn.Identity)
    }
    fired = set()
    for name, module in leaves.items():
        module.register_forward_hook(lambda *_, name=name: fired.add(name))
    model(pictures(model))
    assert sorted(set(leaves) - fired) == []


@BOTH
def test_a_checkpoint_survives_its_folder(config_class, model_class, tmp_path):
    told = {"face_margin": 0.1, "softmax_temperature": 1.3, "folded_temperature": 1.2, "reject_threshold": 0.4}
    told |= {"class_priors": [0.5, 0.3, 0.2], "calibration": {"n": 40}, "id2label": {0: "a", 1: "b", 2: "c"}}
    model = build(config_class, model_class, **told)
    model.save_pretrained(tmp_path)
    again = AutoModelForImageClassification.from_pretrained(tmp_path)
    assert {name: getattr(again.config, name) for name in told} == told
    with torch.inference_mode():
        torch.testing.assert_close(again(pictures(model)).logits, model(pictures(model)).logits)


@BOTH
def test_other_labels_forget_what_was_measured_with_the_old_ones(config_class, model_class, tmp_path):
    told = {"softmax_temperature": 1.3, "reject_threshold": 0.4, "class_priors": [0.5, 0.5], "calibration": {"n": 40}}
    build(config_class, model_class, id2label={0: "a", 1: "b"}, **told).save_pretrained(tmp_path)
    for other in ({"num_labels": 3}, {"id2label": {0: "b", 1: "a"}}):
        config = model_class.from_pretrained(tmp_path, ignore_mismatched_sizes=True, **other).config
        found = [getattr(config, name) for name in told]
        assert found == [1.0, None, None, None]
    kept = model_class.from_pretrained(tmp_path, num_labels=2).config
    assert {name: getattr(kept, name) for name in told} == told


@BOTH
@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"softmax_temperature": 0}, "softmax_temperature must be above 0, not 0"),
        ({"folded_temperature": -1.0}, "folded_temperature must be above 0"),
        ({"reject_threshold": -0.5}, "reject_threshold must be None or 0 or more, not -0.5"),
        ({"num_labels": 3, "class_priors": [0.5, 0.5]}, "class_priors must be 3 shares that sum to 1"),
        ({"num_labels": 2, "class_priors": [0.5, 0.6]}, "class_priors must be 2 shares that sum to 1"),
    ],
)
def test_a_wrong_value_of_the_common_part_is_named(config_class, model_class, wrong, words):
    with pytest.raises(ValueError, match=words):
        config_class(**wrong)


@BOTH
def test_the_image_processor_loads_without_a_word(config_class, model_class, tmp_path, caplog):
    build(config_class, model_class).save_pretrained(tmp_path)
    FERImageProcessor(source_size=48).save_pretrained(tmp_path)
    assert AutoImageProcessor.from_pretrained(tmp_path).source_size == 48
    assert caplog.records == []
