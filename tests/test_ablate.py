"""The ablation command: every variant with every seed, resumable, and a table that says on how little it stands."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.tiny import tiny_ferplus
from train import ablate
from train.recipe import load_yaml

GRIDS = sorted(Path(__file__).parents[1].glob("train/grids/*.yaml"))


@pytest.mark.parametrize("file", GRIDS, ids=lambda file: file.stem)
def test_every_grid_of_the_repository_names_its_config_and_builds(file):
    grid = load_yaml(file, ablate.Grid)
    for variant in grid.variants:
        config = ablate.variant_config(grid, variant, 7, "x")
        assert config.recipe.seed == 7
        assert variant.model.items() <= config.model.items()


def test_the_summary_is_mean_and_sample_standard_deviation():
    assert ablate.summary([0.5, 0.7]) == {"mean": 0.6, "sd": pytest.approx(np.sqrt(0.02)), "values": [0.5, 0.7]}
    assert ablate.summary([0.5])["sd"] is None


@pytest.fixture
def arguments(tmp_path) -> list[str]:
    grid = {
        "title": "Tiny",
        "config": "pattlite-ferplus.yaml",
        "seeds": [0, 1],
        "recipe": {"stages": [{"name": "s", "epochs": 1, "learning_rate": 1e-3, "image_size": 112}]},
        "variants": [
            {"name": "none", "model": {"image_size": 112, "attention": None}},
            {"name": "patch", "model": {"image_size": 112}},
        ],
        "conditions": [{"name": "shuffled"}, {"name": "sorted", "sorted_by_class": True}],
    }
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(grid))
    return ["--grid", str(file), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]


def test_a_grid_becomes_a_table_and_resuming_trains_nothing_again(arguments, tmp_path, data_cache, monkeypatch):
    data = tiny_ferplus(tmp_path / "tiny.parquet", count=16)
    monkeypatch.setattr(ablate, "load_splits", lambda *_: dict.fromkeys(("train", "validation"), load(data)))
    monkeypatch.setattr(ablate, "variant_config", without_backbone(ablate.variant_config))
    ablate.main([*arguments, "--data", str(data)])
    file = tmp_path / "out/ablation-tiny.json"
    table = json.loads(file.read_text())
    assert [row["name"] for row in table["rows"]] == ["none", "patch"]
    assert table["rows"][1]["parameters"] - table["rows"][0]["parameters"] == 1
    assert all(len(row["accuracy"]["sorted"]["values"]) == 2 for row in table["rows"])
    assert table["train_pictures"] == table["validation_pictures"] == 16
    monkeypatch.setattr(ablate, "train", None)  # would fail if it were called
    ablate.main([*arguments, "--data", str(data), "--resume"])
    assert json.loads(file.read_text())["rows"] == table["rows"]


def load(data):
    from train.data import load_split

    return load_split("ferplus_parquet", data, "PublicTest")


def without_backbone(variant_config):
    def build(*arguments):
        config = variant_config(*arguments)
        config.backbone = None  # nothing is downloaded in a test
        return config

    return build
