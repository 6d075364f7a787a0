"""Heads of DDAMFN that are trained anew, and what is measured of them."""

import numpy as np
import pytest
import torch

from fer_models import DDAMFNConfig, DDAMFNForImageClassification, FERImageProcessor
from fer_models.expressions import EXPRESSIONS, label_maps
from tests.support.tiny import only_result, tiny_ferplus
from train import dda_heads
from train.data.readers import load_split
from train.dda_heads import Features, Trained, Way, features_of, train
from train.fixed_maps import fixed_maps
from train.measure.scoring import load_checkpoint

pytestmark = pytest.mark.slow  # trains

BOTTLENECKS = [{"channels": 16, "expansion": 32, "stride": 4, "repeats": 1, "kernels": [3, 5], "split": [16, 16]}]


@pytest.fixture
def data(tmp_path, data_cache):
    return tiny_ferplus(tmp_path / "data.parquet", count=24, splits=("Training", "PublicTest"))


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    id2label, label2id = label_maps(EXPRESSIONS)
    config = DDAMFNConfig(
        image_size=56, bottlenecks=BOTTLENECKS, feature_channels=32, id2label=id2label, label2id=label2id
    )
    DDAMFNForImageClassification(config).eval().save_pretrained(tmp_path / "ddamfn")
    FERImageProcessor(size={"height": 56, "width": 56}, do_grayscale=True).save_pretrained(tmp_path / "ddamfn")
    return tmp_path / "ddamfn"


def test_of_heads_as_they_are_it_measures_what_fixed_maps_does(folder, data):
    checkpoint, pictures = load_checkpoint(str(folder)), load_split("ferplus_parquet", data, "PublicTest")
    rows = np.arange(len(pictures))
    validation = features_of(checkpoint, pictures, rows, None)
    found = Trained(checkpoint.model).measured(validation, torch.from_numpy(np.asarray(pictures.labels)))
    expected, _ = fixed_maps(checkpoint, pictures, rows)
    assert found.answers == {name: expected[name] for name in ("own map", "mean map")}
    assert found.sd_over_faces > 0 and found.sd_over_places > 0


def test_heads_learn_to_matter_where_they_are_asked_to_and_the_model_stays():
    """Faces are told apart by the row that is bright; pool and classifier see sums alone, so the maps have to do it."""
    torch.manual_seed(0)
    model = DDAMFNForImageClassification(DDAMFNConfig(num_labels=2, bottlenecks=BOTTLENECKS, feature_channels=32))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    labels = torch.arange(256) % 2
    features = 0.1 * torch.rand(256, 32, 7, 7)
    features[labels == 0, :, 1] += 1
    features[labels == 1, :, 5] += 1
    data = Features(features.half(), torch.nn.functional.one_hot(labels).float())
    plain = train(model, Way("plain"), data, epochs=60).measured(data, labels)
    asked = train(model, Way("asked", own_map=2.0, margin=2.0), data, epochs=60).measured(data, labels)
    assert plain.answers["own map"].accuracy > 0.95 and asked.answers["own map"].accuracy > 0.95
    assert asked.answers["mean map"].same_answers < plain.answers["mean map"].same_answers - 0.2
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_ways_differ_in_what_they_say(tmp_path):
    torch.manual_seed(0)
    model = DDAMFNForImageClassification(DDAMFNConfig(num_labels=2, bottlenecks=BOTTLENECKS, feature_channels=32))
    data = Features(torch.rand(128, 32, 7, 7).half(), torch.nn.functional.one_hot(torch.arange(128) % 2).float())

    def level(**options) -> float:
        trained = train(model, Way("one", **options), data, epochs=100)
        with torch.inference_mode():
            return trained.joined(trained.profiles(data.features.float())).mean().item()

    assert level(sparse=30.0) < 0.8 * level()


def test_the_command_measures_every_way(folder, data, tmp_path, capsys):
    grid = tmp_path / "grid.yaml"
    grid.write_text("ways: [{name: plain}, {name: steep, gate_scale: 3, dropout: 0.5, own_map: 0.1, margin: 0.3}]")
    words = [folder, "--config", "hub_configs/ddamfn-ferplus.yaml", "--data", data, "--out", tmp_path / "results"]
    words += ["--grid", grid, "--epochs", 1, "--views", 1, "--train-pictures", 8]
    dda_heads.main(list(map(str, words)))
    assert "steep" in capsys.readouterr().out
    result = only_result(tmp_path / "results")
    assert list(result["ways"]) == ["as they are", "plain", "steep"] and result["train_pictures"] == 8
    assert all(way["answers"]["own map"]["same_answers"] == 1 for way in result["ways"].values())


def test_a_grid_of_other_words_is_told(folder, data, tmp_path, capsys):
    grid = tmp_path / "grid.yaml"
    grid.write_text("ways: [{name: plain, gatescale: 3}]")
    words = [folder, "--config", "hub_configs/ddamfn-ferplus.yaml", "--data", data, "--out", tmp_path, "--grid", grid]
    with pytest.raises(SystemExit, match="gatescale"):
        dda_heads.main(list(map(str, words)))
