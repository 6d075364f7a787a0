"""The ablation command: every variant with every seed, resumable, and a table that says on how little it stands."""

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from fer_models.paths import ROOT
from fer_models.results.ablation import Spread
from tests.support.tiny import tiny_ferplus
from train import ablate
from train.config.recipe import ConfigError, load_yaml
from train.data.readers import load_split

GRIDS = sorted(ROOT.glob("train/grids/*.yaml"))


@functools.cache
def built(file: Path) -> dict[str, dict]:
    """Variant -> its model and sizes, after a forward pass at the sides of its stages."""
    grid = load_yaml(file, ablate.Grid)
    configs = [ablate.variant_config(grid, variant, 7, variant.name) for variant in grid.variants]
    return {config.name: config.model | ablate.sizes(config) for config in configs}


@pytest.mark.parametrize("file", GRIDS, ids=lambda file: file.stem)
def test_every_variant_of_every_grid_can_be_run_at_its_size(file):
    grid = load_yaml(file, ablate.Grid)
    models = built(file)
    assert list(models) == [variant.name for variant in grid.variants]  # no name twice
    assert all(variant.model.items() <= models[variant.name].items() for variant in grid.variants)


def test_a_variant_may_start_from_trained_weights_of_its_own():
    grid = load_yaml(GRIDS[0].with_name("student-ingredients.yaml"), ablate.Grid)
    configs = [ablate.variant_config(grid, variant, 7, variant.name) for variant in grid.variants]
    started = [config.start.checkpoint if config.start else None for config in configs]
    assert started == [None] * 4 + ["mobilenetv1-ferplus"] * 2
    assert [config.backbone is None for config in configs] == [False] * 4 + [True] * 2  # no ImageNet beside it


def test_weights_that_a_variant_starts_from_and_that_are_not_there_are_named_before_anything_is_trained(
    arguments, tmp_path
):
    grid = tmp_path / "tiny.yaml"
    content = yaml.safe_load(grid.read_text())
    content["variants"][-1]["start"] = {"checkpoint": "nobody", "modules": ["backbone"]}
    grid.write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit, match="no weights of nobody"):
        ablate.main([*arguments, "--data", "nowhere"])


@pytest.mark.slow
def test_the_output_layer_grid_has_every_layer_with_every_kernel_and_their_patches():
    models = built(GRIDS[0].with_name("pattlite-output-layer.yaml"))
    patches = {"OP3": (5, 5), "P4": (4, 4), "OP5": (3, 3), "NP7": (2, 2), "P8": (2, 2)}
    blocks = {47: 6, 41: 7, 35: 8, 29: 9, 23: 10, 17: 11}
    assert {name: (model["output_block"], model["last_map"]) for name, model in models.items()} == {
        f"layer {layer}, {kernel}": (block, last_map)
        for layer, block in blocks.items()
        for kernel, last_map in patches.items()
    }


def test_patch_attention_sees_every_cell_and_patch_extraction_a_quarter_of_the_face():
    models = built(GRIDS[0].with_name("pattlite-patch-attention.yaml"))
    assert models["patch attention"]["last_map"] == (7, 7)
    assert models["patch extraction"]["last_map"] == (2, 2)


def test_a_variant_that_cannot_run_is_named_before_anything_is_trained(arguments, tmp_path):
    grid = tmp_path / "tiny.yaml"
    grid.write_text(
        grid.read_text().replace("name: patch", "name: huge\n  model: {image_size: 112, patch_kernels: [40, 2]}")
    )
    with pytest.raises(SystemExit, match=r"error: tiny/huge-0 cannot be run: .*[Kk]ernel size"):
        ablate.main([*arguments, "--data", "nowhere"])


def test_the_summary_is_mean_and_sample_standard_deviation():
    assert ablate.spread([0.5, 0.7]) == Spread(0.6, pytest.approx(np.sqrt(0.02)), (0.5, 0.7))
    assert ablate.spread([0.5]).sd is None


@pytest.fixture
def arguments(tmp_path) -> list[str]:
    grid = {
        "title": "Tiny",
        "config": "pattlite-ferplus-imagenet.yaml",
        "seeds": [0, 1],
        "model": {"image_size": 112},
        "recipe": {"stages": [{"name": "s", "epochs": 1, "learning_rate": 1e-3, "image_size": 112}]},
        "variants": [{"name": "none", "model": {"attention": None}}, {"name": "patch", "stage": {"weight_decay": 0.1}}],
        "conditions": [{"name": "shuffled"}, {"name": "sorted", "sorted_by_class": True}],
    }
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(grid))
    return ["--grid", str(file), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]


@pytest.fixture
def run(arguments, tmp_path, data_cache, monkeypatch):
    """The command on 24 pictures, from no pre-trained weights; returns its table."""
    data = load_split("ferplus_parquet", tiny_ferplus(tmp_path / "tiny.parquet", count=24), "PublicTest")
    monkeypatch.setattr(ablate, "load_splits", lambda *_: dict.fromkeys(("train", "validation"), data))
    monkeypatch.setattr(ablate, "variant_config", without_backbone(ablate.variant_config))
    return lambda *more: json.loads(ablate.main([*arguments, "--data", "tiny.parquet", *more]).read_text())


def without_backbone(variant_config):
    def build(*arguments):
        config = variant_config(*arguments)
        config.backbone = None  # nothing is downloaded in a test
        return config

    return build


def test_a_grid_becomes_a_table(run, tmp_path):
    table = run()
    assert (tmp_path / "out/ablation-tiny.json").is_file()
    assert [row["name"] for row in table["rows"]] == ["none", "patch"]
    assert table["rows"][1]["parameters"] - table["rows"][0]["parameters"] == 1
    assert all(len(row["accuracy"]["sorted"]["values"]) == 2 for row in table["rows"])
    assert table["train_pictures"] == table["validation_pictures"] == table["of"] == table["validation_of"] == 24
    assert table["recipe"]["stages"][0]["epochs"] == 1
    assert table["recipe"]["stages"][0]["weight_decay"] == 0  # what the rows share, and each row what it changes
    assert [row["stage"] for row in table["rows"]] == [{}, {"weight_decay": 0.1}]


def test_a_stopped_run_goes_on_with_the_first_variant_that_is_not_finished(run, monkeypatch, capsys):
    trained, train = [], ablate.train

    def stopped_at(count):
        def train_or_stop(config, *rest):
            if len(trained) == count:
                raise KeyboardInterrupt
            trained.append(config.name)
            return train(config, *rest)

        return train_or_stop

    monkeypatch.setattr(ablate, "train", stopped_at(1))
    with pytest.raises(KeyboardInterrupt):
        run("--seeds", "0")
    assert re.search(r"^none, seed 0: [\d.]+ % shuffled, [\d.]+ % sorted \(\d+ s\)$", capsys.readouterr().out, re.M)
    monkeypatch.setattr(ablate, "train", stopped_at(2))
    table = run("--seeds", "0", "--resume")
    assert trained == ["tiny-reduced/none-0", "tiny-reduced/patch-0"]
    assert re.search(r"^none, seed 0: .* \(already done\)$", capsys.readouterr().out, re.M)
    assert run("--seeds", "0", "--resume")["rows"] == table["rows"]
    assert len(trained) == 2


def test_a_part_of_a_grid_has_a_file_of_its_own_and_says_what_it_is(run, tmp_path, capsys):
    part = ("--variants", "pat*", "--seeds", "3", "--train-pictures", "8", "--validation-pictures", "16")
    table = run(*part, "--epochs", "2", "--image-size", "96")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ablation-tiny-reduced.json"]
    assert [row["name"] for row in table["rows"]] == ["patch"]
    assert (table["seeds"], table["train_pictures"], table["validation_pictures"]) == ([3], 8, 16)
    assert table["rows"][0]["model"] == {"image_size": 96}  # as it was trained
    assert capsys.readouterr().out.splitlines()[-1] == (
        "1 of 2 variants; trained on 8 of 24 pictures, scored on 16 of 24; epochs: s 2; seeds: 3."
    )
    with pytest.raises(
        SystemExit, match="holds runs on other pictures; remove it to start over, or pass another --work"
    ):
        run("--variants", "none", "--train-pictures", "9", "--resume")


def test_the_whole_grid_on_another_config_is_not_called_reduced(run, tmp_path):
    run("--config", "pattlite-ferplus-224.yaml")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ablation-tiny-pattlite-ferplus-224.json"]


def test_a_smaller_input_holds_for_the_model_and_for_every_stage(arguments):
    grid = ablate.in_part(load_yaml(Path(arguments[1]), ablate.Grid), ablate.Part(image_size=96))
    config = ablate.variant_config(grid, grid.variants[0], 0, "x")
    assert config.model["image_size"] == 96
    assert [stage.image_size for stage in config.recipe.stages] == [None]


@pytest.mark.parametrize(
    "where", [{"scratch": True}, {"start": {"checkpoint": "pattlite-ferplus", "modules": ["backbone"]}}]
)
def test_a_backbone_that_the_grid_would_not_use_is_refused(arguments, where, tmp_path):
    grid = Path(arguments[1])
    grid.write_text(yaml.safe_dump(yaml.safe_load(grid.read_text()) | where))
    with pytest.raises(SystemExit, match=r"error: (the grid|training) starts from .*; leave --backbone out"):
        ablate.main([*arguments, "--data", "nowhere", "--backbone", str(tmp_path / "backbone.safetensors")])


def test_a_recipe_that_starts_from_random_weights_takes_a_backbone_all_the_same(run, arguments):
    grid = Path(arguments[1])
    content = yaml.safe_load(grid.read_text()) | {"config": "ddamfn-ferplus-112.yaml", "model": {"image_size": 40}}
    grid.write_text(yaml.safe_dump(content | {"variants": [{"name": "only"}]}))
    with pytest.raises(SystemExit, match=r"error: no backbone weights at .*faces\.safetensors"):
        run("--backbone", "faces.safetensors")


def test_a_pattern_that_fits_no_variant_is_an_error_that_lists_them(arguments):
    grid = load_yaml(Path(arguments[1]), ablate.Grid)
    with pytest.raises(ConfigError, match=r"no variant is called 'batch\*'; the grid has none; patch"):
        ablate.in_part(grid, ablate.Part(variants=("patch", "batch*")))


def test_a_variant_changes_the_recipe_and_every_stage_of_it(arguments):
    grid = load_yaml(ablate._parser().parse_args([*arguments, "--data", "x"]).grid, ablate.Grid)
    changes = {"recipe": {"soft_labels": True, "augmentation": {"erase": 0.7}}, "stage": {"averaging": 0.99}}
    recipe = ablate.variant_config(grid, ablate.Variant("v", **changes), 7, "x").recipe
    assert (recipe.soft_labels, recipe.augmentation.erase, recipe.seed) == (True, 0.7, 7)
    assert recipe.augmentation.flip == grid.recipe.augmentation.flip  # what a variant does not name stays
    assert [(stage.averaging, stage.learning_rate) for stage in recipe.stages] == [(0.99, 1e-3)]
    assert not grid.recipe.soft_labels  # the other variants' recipe


def test_a_variant_with_a_wrong_key_in_its_recipe_is_named(arguments):
    grid = load_yaml(ablate._parser().parse_args([*arguments, "--data", "x"]).grid, ablate.Grid)
    with pytest.raises(ConfigError, match=r"v\.stages\[0\]: unknown key 'averagin'; did you mean 'averaging'"):
        ablate.variant_config(grid, ablate.Variant("v", stage={"averagin": 0.9}), 7, "x")
