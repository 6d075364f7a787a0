"""Every hub config, end to end on made-up data: each stage trains, and the folder holds all that a Hub repo holds."""

import dataclasses
import functools
import json

import pytest
import yaml

from fer_models.paths import CHECKPOINTS, ROOT
from tests.support.tiny_layouts import tiny_data
from train import train_hub
from train.config.recipe import load_config
from train.hub.assemble import assemble

CONFIGS = sorted((ROOT / "hub_configs").glob("*.yaml"))
# the smallest that each architecture takes, or nearly
SIDES = {"pattlite": 112, "ddamfn": 32, "hfc": 32, "mobilenetv1": 32}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Layout -> made-up data in it, written when first asked for."""
    return functools.cache(lambda layout: tiny_data(layout, tmp_path_factory.mktemp(layout)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What configs name as teachers or starts and the repository has no weights of: the shipped ones of the network."""
    folder = tmp_path_factory.mktemp("trained")
    for config in map(load_config, CONFIGS):
        named = {name for stage in config.recipe.stages for name in stage.teachers}
        for name in named | ({config.start.checkpoint} if config.start else set()):
            if not (CHECKPOINTS / name).exists() and not (folder / name).exists():
                (folder / name).symlink_to(CHECKPOINTS / name.rpartition("-")[0])
    return folder


def test_every_repo_of_the_three_papers_has_its_config():
    names = {file.stem for file in CONFIGS}
    assert {f"pattlite-{data}" for data in ("rafdb", "ferplus", "fer2013", "ckplus")} <= names
    assert {f"ddamfn-{data}" for data in ("rafdb", "ferplus", "fer2013plus", "ckplus")} <= names
    for network in ("resnet18", "mobilenetv2"):
        assert {f"hfc-{network}-{data}" for data in ("fer2013", "ferplus", "jaffe", "ckplus")} <= names


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_a_config_trains_every_stage_and_leaves_what_its_hub_repo_needs(file, data, trained, data_cache, tmp_path):
    config = load_config(file)
    short = [dataclasses.asdict(stage) | {"epochs": 1, "image_size": None} for stage in config.recipe.stages]
    small = {
        "extends": [str(file)],
        "backbone": None,  # from random weights: no download
        "model": {"image_size": SIDES[config.architecture]},
        "recipe": {"stages": short},
    }
    written = tmp_path / file.name
    written.write_text(yaml.safe_dump(small))
    path = data(config.data.layout)
    places = [f"--{name}={tmp_path / name}" for name in ("out", "results", "work")]
    train_hub.main([f"--config={written}", f"--data={path}", f"--teachers={trained}", *places])

    folder = tmp_path / "out" / config.name
    content = json.loads((folder / "config.json").read_text())
    assert [content["id2label"][str(i)] for i in range(len(config.data.names))] == list(config.data.names)
    assert set(content["auto_map"]) == {"AutoConfig", "AutoModel", "AutoModelForImageClassification"}
    hub = tmp_path / "hub"
    assemble(folder, hub, config, tmp_path / "results")
    for reference in content["auto_map"].values():
        assert (hub / f"{reference.partition('.')[0]}.py").is_file()
    (stages,) = (tmp_path / "work").glob("*")
    assert len(list(stages.glob("stage-*/done"))) == len(config.recipe.stages)

    result_file = hub / "results" / f"{config.name}-on-{config.data.name}-{config.data.split_name('validation')}.json"
    result = json.loads(result_file.read_text())
    assert result["batch_check"]["independent"] and result["n_scored"] >= 2
    assert result_file.with_name(f"{result_file.stem}-confusion.png").is_file()
    card = (folder / "README.md").read_text()
    assert f"# {config.card.title}" in card and f"license: {config.card.licence}" in card
    for published in config.card.published:
        (row,) = (
            line
            for line in card.splitlines()
            if f"| {published.split} |" in line
            and "| published" not in line
            and {"accuracy": "| accuracy |", "mean_class_accuracy": "| mean class accuracy |"}[published.metric] in line
        )
        assert row.endswith(f"| {100 * published.value:.2f} % |")
