"""The card: every number with its data, split, count and interval; the paper's numbers in a column of their own."""

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard_data import EvalResult

from fer_models.paths import RESULTS, ROOT
from fer_models.results import Number, Result, read
from fer_models.results.evaluation import Balanced
from tests.support.hub_client import point_client_at
from tests.support.hub_server import HubServer
from tests.support.results import benchmark, subset
from train.config.recipe import ConfigError, Published, load_config
from train.hub.model_card import LIMITS, chosen_on, model_card

RESULT = read(RESULTS / "pattlite-ferplus-on-ferplus-PublicTest.json")
CONFIG = ROOT / "hub_configs/pattlite-ferplus.yaml"


@pytest.fixture
def config():
    return load_config(CONFIG)


def evidence_of(config) -> dict[str, Result]:
    names = (*config.card.evidence, *config.card.data_evidence)
    return {name: read(RESULTS / name) for name in names}


def card_of(config, results=(RESULT,), maps=None, picture="") -> str:
    return model_card(config, list(results), maps or {}, evidence_of(config), picture)


def row(card: str, start: str) -> list[str]:
    (line,) = (line for line in card.splitlines() if line.startswith(start))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_reported_metric_stands_with_data_split_count_and_interval(config):
    card = card_of(config)
    assert row(card, "| ferplus | PublicTest | accuracy |") == [
        *("ferplus", "PublicTest", "accuracy", "3,579", "85.25 % (84.10 to 86.36)", ""),
    ]
    assert row(card, "| ferplus | PublicTest | macro F1")[4] == "70.25 % (66.28 to 73.77)"
    config.metrics = ["accuracy"]
    assert "macro F1" not in card_of(config)


def test_a_published_number_has_its_own_column_beside_ours_or_a_row_without_ours(config):
    assert row(card_of(config), "| ferplus | PrivateTest") == [
        *("ferplus", "PrivateTest", "accuracy", "", "", "95.55 %"),
    ]
    config.card.published = [Published("ferplus", "PublicTest", 0.9, conditions="a larger network")]
    card = card_of(config)
    assert row(card, "| ferplus | PublicTest | accuracy |")[4:] == ["85.25 % (84.10 to 86.36)", "90.00 %"]
    assert "measured with a larger network." in card


def test_a_calibration_error_on_the_pictures_of_the_fit_is_marked(config):
    assert row(card_of(config), "| ferplus | PublicTest | expected")[4].endswith("†")
    elsewhere = replace(RESULT, calibration=replace(RESULT.calibration, split="Training"))
    assert "†" not in card_of(config, [elsewhere])


def test_the_metadata_says_what_the_result_says_and_the_hubs_own_classes_read_it_back(config):
    content = ModelCard(card_of(config)).data
    assert isinstance(content, ModelCardData)
    assert content.license == "mit" and content.library_name == "transformers"
    by_metric = {result.metric_name: result for result in content.eval_results}
    assert set(by_metric) == {"accuracy", "mean class accuracy", "macro F1", "expected calibration error"}
    assert (
        by_metric["accuracy"].unique_identifier
        == (
            EvalResult("image-classification", "ferplus", "ferplus", "accuracy", 0, dataset_split="PublicTest")
        ).unique_identifier
    )
    assert by_metric["accuracy"].metric_value == pytest.approx(0.8525)
    assert by_metric["macro F1"].metric_args == {"average": "macro"}


def test_the_hub_accepts_the_metadata(config, tmp_path, monkeypatch):
    with HubServer() as hub:
        point_client_at(hub, tmp_path, monkeypatch)
        ModelCard(card_of(config)).validate()
        assert hub.count("POST /api/validate-yaml") == 1


def test_a_result_in_class_order_shows_its_accuracy_and_stays_out_of_the_metadata(config):
    by_class = replace(RESULT, order="sorted")
    card = card_of(config, [by_class, RESULT])
    assert row(card, "| ferplus | PublicTest, class after class")[2] == "accuracy"
    (index,) = yaml.safe_load(card.split("---")[1])["model-index"]
    assert len(index["results"]) == 1 and len(index["results"][0]["metrics"]) == 4


def test_the_batch_attention_is_told_about_where_the_config_says_so_and_nowhere_else(config):
    card = card_of(config)
    assert "How this differs from the publication" in card
    leak = read(RESULTS / config.card.evidence[0]).rows[0]
    accuracy = leak.accuracy["class-sorted batches of 64"].mean
    assert f"{100 * accuracy:.2f} %" in row(card, "| across the batch")
    config.card.deviations, config.card.evidence = [], []
    assert "across the images of the batch" not in card_of(config).replace("attention across the images of a", "")
    assert "How this differs" not in card_of(config)


def test_maps_limits_licences_and_citations_are_in_the_card(config):
    card = card_of(config, maps={"patch attention": "A share."}, picture="results/x.png")
    assert "- **patch attention**: A share." in card and "![Confusion matrix](results/x.png)" in card
    alike = card_of(config, maps={"query": "Detail.", "map 1": "Ranks.", "map 2": "Ranks.", "map 3": "Ranks."})
    assert "- **query**: Detail.\n- **map 1** to **map 3**: Ranks.\n" in alike
    assert all(f"- {limit}" in card for limit in LIMITS)
    assert "462 of 3,579" in card  # of the near-duplicates
    assert "ngwe2023patt" in card and "barsoum2016training" in card and "- Code: mit" in card


@pytest.mark.parametrize(
    "change",
    [
        {"order": "sorted"},
        {"data": replace(RESULT.data, limit=500)},
        {"data": replace(RESULT.data, split="Training")},
        {"data": replace(RESULT.data, subset=subset("occlusion"))},
    ],
    ids=lambda change: str(change)[:40],
)
def test_without_the_whole_validation_split_in_random_order_there_is_no_card(config, change):
    assert chosen_on(config, RESULT) and not chosen_on(config, replace(RESULT, **change))
    with pytest.raises(ConfigError, match="needs the result of pattlite-ferplus on the whole validation split"):
        card_of(config, [replace(RESULT, **change)])


def test_evidence_of_an_unknown_kind_is_named(config):
    unknown = dict.fromkeys(evidence_of(config), benchmark())
    with pytest.raises(ConfigError, match="not a result of the kind 'benchmark'"):
        model_card(config, [RESULT], {}, unknown)


def test_a_stage_says_its_side_and_whose_answers_are_in_its_targets(config):
    untaught = load_config(ROOT / "hub_configs/pattlite-ferplus-imagenet.yaml")
    config.recipe, config.card.notes = untaught.recipe, []
    assert "of each target" not in card_of(config)
    one, two = config.recipe.stages
    one.teachers, one.image_size = ["a"], 40
    two.teachers, two.teacher_share, two.image_size = ["a", "b", "c"], 0.6, None
    stages = [line for line in card_of(config).splitlines() if "epochs at most" in line]
    assert stages[0].startswith(f"1. {one.name}, 40 x 40: ")
    assert stages[0].endswith("50 % of each target is the answer of a")
    assert stages[1].startswith(f"2. {two.name}: ")
    assert stages[1].endswith("batches of 64; 60 % of each target is the mean answer of a, b and c")


def test_the_training_command_is_the_one_that_made_the_weights(config):
    def command(card: str) -> str:
        (line,) = (line for line in card.splitlines() if line.startswith("python train/train_hub.py"))
        return line

    plain = "python train/train_hub.py --config hub_configs/pattlite-ferplus.yaml --data DATA"
    assert command(card_of(config)) == f"{plain} --bf16"
    config.card.training_options = []
    assert command(card_of(config)) == plain


def test_the_setting_in_which_all_expressions_are_equally_likely_has_rows_of_its_own(config):
    equal = Balanced(
        accuracy=Number(0.8, (0.79, 0.81)),
        mean_class_accuracy=Number(0.75, (0.7, 0.8)),
        recall={},
        threshold=None,
        answered=1.0,
        answered_accuracy=0.8,
    )
    card = card_of(config, [replace(RESULT, balanced=equal)])
    assert row(card, "| ferplus | PublicTest | mean class accuracy, all expressions equally likely")[3:] == [
        *("3,579", "75.00 % (70.00 to 80.00)", ""),
    ]
    assert "`balanced=True`" in card
    assert "equally likely" not in card_of(config, [replace(RESULT, balanced=None)])
