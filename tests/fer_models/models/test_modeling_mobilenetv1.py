"""The plain MobileNetV1: its published size, what it computes, and what transformers does with it."""

import pytest
import timm
import torch
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification

from fer_models import PlainMobileNetV1Config, PlainMobileNetV1ForImageClassification
from fer_models.explain import explain


def build(**options) -> PlainMobileNetV1ForImageClassification:
    torch.manual_seed(0)
    model = PlainMobileNetV1ForImageClassification(PlainMobileNetV1Config(**({"num_labels": 7} | options)))
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():  # batch statistics of real size, as after training, so that pictures differ in their logits
        model.train()(pictures(8))
    for norm in norms:
        norm.momentum = 0.1
    return model.eval()


def pictures(count: int, side: int = 64) -> torch.Tensor:
    coarse = torch.rand(count, 3, 7, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=side, mode="bilinear")


def test_a_thousand_classes_give_the_published_size():
    model = build(num_labels=1000)
    assert sum(p.numel() for p in model.parameters()) == 4_231_976  # Keras' MobileNet, without its running statistics


@pytest.mark.parametrize("classes, parameters", [(7, 3_214_151), (8, 3_215_176)])
def test_expressions_give_the_stated_size(classes, parameters):
    assert sum(p.numel() for p in build(num_labels=classes).parameters()) == parameters


def test_it_is_timms_network_with_a_mean_and_one_layer():
    model, x = build(), pictures(3)
    network = timm.create_model("mobilenetv1_100", num_classes=7, pad_type="same", bn_eps=1e-3).eval()
    network.load_state_dict(
        model.backbone.state_dict()
        | {f"classifier.{key}": value for key, value in model.classifier.state_dict().items()}
    )
    with torch.no_grad():
        torch.testing.assert_close(model(x).logits, network(x))


@pytest.mark.parametrize("batch", [2, 7, pytest.param(64, marks=pytest.mark.slow)])
def test_an_image_has_the_same_logits_alone_and_in_any_batch(batch):
    model, x = build().double(), pictures(batch).double()  # 27 layers of random weights enlarge what float32 rounds off
    with torch.inference_mode():
        together = model(x).logits
        assert together.std(dim=0).min() > 1e-3  # the pictures do differ
        for index in {0, 1, batch - 1}:
            torch.testing.assert_close(model(x[index : index + 1]).logits[0], together[index], atol=1e-11, rtol=0)


def test_grad_cam_looks_at_the_last_feature_map():
    model, x = build(), pictures(2, side=112)
    with torch.no_grad():
        states = model(x, output_hidden_states=True).hidden_states
    assert [tuple(state.shape[1:]) for state in states] == [
        (64, 56, 56),
        (128, 28, 28),
        (256, 14, 14),
        (512, 7, 7),
        (1024, 4, 4),
    ]
    seen = []
    with model.get_submodule(model.config.cam_layer).register_forward_hook(lambda *call: seen.append(call[-1])):
        model(x)
    assert torch.equal(seen[0], states[-1])
    assert explain(model, x).cam.shape == (2, 4, 4)


def test_there_is_no_map_of_attention_and_none_is_promised():
    model = build()
    output = model(pictures(2), output_attentions=True)
    assert output.attentions is None
    assert model.attention_maps(output) == model.attention_meanings == model.attention_kinds == {}


def test_one_hot_vote_shares_give_the_loss_of_class_ids():
    model, x, labels = build(), pictures(3), torch.tensor([0, 3, 6])
    with torch.no_grad():
        hard = model(x, labels=labels).loss
        soft = model(x, labels=torch.nn.functional.one_hot(labels, 7).float()).loss
        logits = model(x).logits
    torch.testing.assert_close(hard, soft)
    torch.testing.assert_close(hard, -logits.log_softmax(dim=1)[range(3), labels].mean())


def test_dropout_leaves_features_out_in_training_only():
    model, x = build(dropout=0.5), pictures(2)
    plain = build()
    plain.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(model(x).logits, plain(x).logits)
        model.dropout.train()
        assert not torch.allclose(model(x).logits, plain(x).logits, atol=1e-3)


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
        assert type(loaded) is PlainMobileNetV1ForImageClassification
        assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
        with torch.inference_mode():
            assert torch.equal(loaded.eval()(x).logits, model(x).logits)


def test_the_config_survives_its_file(tmp_path):
    config = PlainMobileNetV1Config(dropout=0.3, pad_type="", id2label={0: "anger", 1: "fear"}, reject_threshold=0.4)
    config.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert loaded.to_dict() | {"_name_or_path": ""} == config.to_dict()
    assert (loaded.dropout, loaded.pad_type, loaded.num_labels) == (0.3, "", 2)


@pytest.mark.parametrize("options, word", [({"dropout": 1.0}, "dropout"), ({"pad_type": "valid"}, "pad_type")])
def test_a_wrong_config_value_is_named(options, word):
    with pytest.raises(ValueError, match=word):
        PlainMobileNetV1Config(**options)
