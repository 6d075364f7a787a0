"""Hub configs: what is in the repository is valid, and a mistake is named with what was probably meant."""

from pathlib import Path

import pytest
import yaml

from fer_models.paths import ROOT
from train.config.recipe import ConfigError, load_config

CONFIGS = sorted(ROOT.glob("hub_configs/*.yaml"))
LEAST = {
    "name": "x",
    "architecture": "pattlite",
    "data": {"layout": "ferplus_parquet", "labels": "ferplus", "train": "Training", "validation": "PublicTest"},
    "card": {"title": "X", "paper": "https://example.org"},
}


def written(folder: Path, content: object) -> Path:
    file = folder / "x.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_every_config_of_the_repository_is_valid_and_named_like_its_file(file):
    assert load_config(file).name == file.stem


def test_the_defaults_are_the_papers_two_stages(tmp_path):
    first, second = load_config(written(tmp_path, LEAST)).recipe.stages
    assert (first.frozen, first.learning_rate, first.schedule) == (["backbone"], 1e-3, "reduce_lr_on_plateau")
    assert (second.learning_rate, second.schedule, second.max_grad_norm, second.batch_size) == (
        1e-5,
        "inverse_time",
        3,
        8,
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"architecture": "patlite"},
            r"x.yaml: architecture: unknown architecture 'patlite'; did you mean 'pattlite'\?",
        ),
        ({"model": {"imagesize": 64}}, r"x.yaml: model: unknown key 'imagesize'; did you mean 'image_size'\?"),
        ({"model": {"attention": "face"}}, r"x.yaml: model: attention must be .*, not 'face'"),
        (
            {"processor": {"do_greyscale": True}},
            r"processor: unknown key 'do_greyscale'; did you mean 'do_grayscale'\?",
        ),
        ({"metrics": ["acuracy"]}, r"metrics: unknown metric 'acuracy'; did you mean 'accuracy'\?"),
        (
            {"data": LEAST["data"] | {"layout": "ferplus_paquet"}},
            r"x.yaml.data: layout: unknown layout 'ferplus_paquet'; did you mean 'ferplus_parquet'\?",
        ),
        (
            {"recipe": {"stages": [{"name": "a", "epochs": 1, "learning_rate": 1, "schedule": "cosin"}]}},
            r"stages\[0\]: schedule: unknown schedule 'cosin'; did you mean 'cosine'\?",
        ),
        (
            {"recipe": {"stages": [{"name": "a", "epochs": 1, "learning_rate": 1, "optimizer": "sdg"}]}},
            r"stages\[0\]: optimizer: unknown optimizer 'sdg'; did you mean 'sgd'\?",
        ),
        (
            {"card": LEAST["card"] | {"published": [{"data": "a", "split": "b", "value": 95.5}]}},
            r"card.published\[0\]: value: expected a share between 0 and 1, found 95.5",
        ),
        ({"card": LEAST["card"] | {"evidence": ["no.json"]}}, r"x.yaml.card: evidence: no result file .*no.json"),
        (
            {"recipe": {"stages": [{"name": "a", "epochs": 1, "learning_rate": 1, "schedule": "step"}]}},
            "schedule_options: the schedule 'step' needs the key 'every'",
        ),
        ({"recipe": {"sed": 1}}, r"x.yaml.recipe: unknown key 'sed'; did you mean 'seed'\?"),
        ({"modle": {}}, r"x.yaml: unknown key 'modle'; did you mean 'model'\?"),
        ({"recipe": {"stages": [{"name": "a", "epochs": 1}]}}, r"stages\[0\]: the key 'learning_rate' is missing"),
        ({"recipe": {"seed": "one"}}, "recipe.seed: expected int, found 'one'"),
        (
            {"recipe": {"stages": [{"name": "a", "epochs": True, "learning_rate": 1}]}},
            "epochs: expected int, found True",
        ),
        ({"recipe": {"augmentation": {"flip": "often"}}}, "flip: expected a number, found 'often'"),
        ({"recipe": {"stages": [{"name": "a", "epochs": 1, "learning_rate": 1, "warmup": 0.1}]}}, "has no warmup"),
        ({"data": {"layout": "ferplus_parquet", "labels": "moods", "train": "a"}}, "labels"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        load_config(written(tmp_path, LEAST | change))


def test_what_is_not_yaml_is_said_so(tmp_path):
    with pytest.raises(ConfigError, match="is not YAML"):
        load_config(written(tmp_path, "a: [1"))


def test_numbers_in_scientific_notation_are_numbers(tmp_path):
    stage = {"name": "a", "epochs": 1, "learning_rate": "1e-3"}
    config = load_config(written(tmp_path, LEAST | {"recipe": {"stages": [stage]}}))
    assert config.recipe.stages[0].learning_rate == 0.001


def test_a_config_says_only_what_differs_from_the_files_it_extends(tmp_path):
    part = {
        "data": LEAST["data"],
        "processor": {"do_grayscale": True, "source_size": 48},
        "metrics": ["accuracy", "ece"],
    }
    (tmp_path / "part.yaml").write_text(yaml.safe_dump(part))
    own = {key: value for key, value in LEAST.items() if key != "data"}
    own |= {"extends": ["part.yaml"], "data": {"train": "all"}, "processor": {"source_size": 96}, "metrics": ["ece"]}
    config = load_config(written(tmp_path, own))
    assert (config.data.layout, config.data.train) == ("ferplus_parquet", "all")
    assert config.processor == {"do_grayscale": True, "source_size": 96}
    assert config.metrics == ["ece"]


def test_a_mistake_in_an_extended_file_is_named_with_that_file(tmp_path):
    (tmp_path / "part.yaml").write_text("card: {titel: X}")
    with pytest.raises(ConfigError, match=r"part.yaml.card: unknown key 'titel'; did you mean 'title'\?"):
        load_config(written(tmp_path, LEAST | {"extends": ["part.yaml"]}))
    with pytest.raises(ConfigError, match=r"no config at .*absent.yaml"):
        load_config(written(tmp_path, LEAST | {"extends": ["absent.yaml"]}))
    with pytest.raises(ConfigError, match=r"x.yaml extends itself"):
        load_config(written(tmp_path, LEAST | {"extends": ["x.yaml"]}))


def test_every_config_of_the_repository_says_what_its_card_needs():
    for file in CONFIGS:
        card = load_config(file).card
        assert card.citation and card.data_citation and card.data_licence and card.limits and card.intended_use, file
