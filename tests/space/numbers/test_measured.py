"""The Models and Limits pages: they say what the result files say, of the very weights that run, and nothing else."""

import hashlib
import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fer_models import EXPRESSIONS
from fer_models.analyzer import Analyzer
from fer_models.paths import RESULTS
from fer_models.results import Number, read, write
from fer_models.results.benchmark import FaceTimes
from space.numbers.limits_tab import limits_html
from space.numbers.measured import Measured, measured
from space.numbers.models_html import models_html
from tests.support.results import (
    benchmark,
    calibrated_on,
    evaluation,
    explanations,
    fixed_maps,
    robustness,
    subset,
    weights,
)
from tests.support.tiny import tiny_checkpoint

CARD = """---
license: mit
---

# Tiny & small

[The architecture's paper](https://arxiv.org/abs/2306.09626). ![Confusion](https://elsewhere.example/matrix.png)
"""


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory) -> Analyzer:
    folder = tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny")
    (folder / "README.md").write_text(CARD)
    return Analyzer([folder])


@pytest.fixture
def results(tmp_path, analyzer) -> Path:
    """Of the weights that run, of other weights of the same name, and of a model that does not run."""
    (folder,) = (checkpoint.folder for checkpoint in analyzer.checkpoints.values())
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    tiny, retrained = weights("tiny", sha256), weights("tiny", "0" * 64)
    content = {
        "own": evaluation(tiny, 0.8379),
        "retrained": evaluation(retrained, 0.4242),
        "absent": evaluation(weights("large", "1" * 64, parameters=4_105_999), 0.8512),
        "rob": robustness(tiny),
        "benchmark": benchmark(tiny=FaceTimes(forward=8.0, answer=8.1, explained=12.1, slowdown=1.1)),
        "maps": fixed_maps(tiny),
        "other": fixed_maps(retrained, n_samples=9999),
    }
    folder = tmp_path / "results"
    for name, result in content.items():
        write(folder / f"{name}.json", result)
    (folder / "damaged.json").write_text('{"kind": "evalu')
    return folder


def text(page: str) -> str:
    """What a person reads, on one line."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_results_count_only_for_the_weights_that_run(analyzer, results, capsys):
    found = measured(analyzer, results)
    assert re.search(r"^warning: left out: .*damaged\.json cannot be read: .*", capsys.readouterr().err)
    tiny, large = found.models
    assert (tiny.name, tiny.loaded, tiny.title) == ("tiny", True, "Tiny & small")
    assert [result.metrics.accuracy.value for result in tiny.evaluations] == [0.8379]
    assert (large.name, large.loaded, large.parameters) == ("large", False, 4_105_999)
    page = text(models_html(found))
    assert "42.4" not in page


def test_what_the_attention_is_worth_is_said_of_the_weights_that_run(analyzer, results):
    page = text(models_html(measured(analyzer, results)).split("What the attention is worth")[1])
    assert "83.8 % 81.0 % 97.0 % the same answers" in page
    (results / "maps.json").unlink()
    assert "What the attention is worth" not in models_html(measured(analyzer, results))


def test_the_table_says_what_the_files_say(analyzer, results):
    page = models_html(measured(analyzer, results))
    row = text(re.search(r"<tr><th scope=\"row\">(?:(?!</tr>).)*Tiny &amp; small.*?</tr>", page)[0])
    assert " ".join(row.split()) == (
        "tiny Tiny & small card · paper 1.09 M 85 M 8 12 with maps 83.8 % 82.6 to 85.0 83.8 % 82.6 to 85.0 "
        "83.8 % 82.6 to 85.0 0.016 0.013 to 0.030 67 % 95.0 % right"
    )
    assert 'href="https://arxiv.org/abs/2306.09626"' in page and "not running here" in page
    assert "FER+ validation pictures: 800 pictures" in page
    assert page.index("large") < page.index("Tiny")  # the more accurate first


def test_an_error_fitted_on_the_same_pictures_is_not_shown_as_if_it_were_honest(analyzer, results):
    found = measured(analyzer, results)
    tiny = found.models[0]
    fitted_here = replace(tiny, evaluations=[replace(tiny.evaluations[0], calibration=calibrated_on("PublicTest"))])
    page = text(models_html(replace(found, models=[fitted_here])))
    assert "flattered: fitted on these" in page
    calibration = read(RESULTS / "pattlite-ferplus-calibration-on-ferplus-PublicTest.json")
    page = text(models_html(replace(found, models=[replace(fitted_here, calibration=calibration)])))
    assert "0.008 cross-fitted; 0.009 before" in page and "flattered" not in page


def test_charts_place_the_models_and_say_so_in_words(analyzer, results):
    page = models_html(measured(analyzer, results))
    label = re.search(r'aria-label="(accuracy against parameters[^"]*)"', page)[1]
    assert label == (
        "accuracy against parameters: tiny 83.8 % with 1,093,033 parameters; large 85.1 % with 4,105,999 parameters"
    )
    chart = page[page.index("accuracy against parameters") :].split("</svg>")[0]
    (small_x, small_y), (large_x, large_y) = (
        tuple(map(float, place)) for place in re.findall(r"translate\(([\d.]+) ([\d.]+)\)", chart)
    )
    assert small_x < large_x and small_y > large_y  # more parameters to the right, better above


def test_each_matrix_row_is_in_percent_of_its_expression(analyzer, results):
    page = models_html(measured(analyzer, results))
    matrix = page[page.index('<table class="confusion">') :].split("</table>")[0]
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)<small>(\d+)</small></th>(.*?)</tr>", matrix)
    assert [name for name, _, _ in rows] == list(EXPRESSIONS)
    assert text(rows[0][2]).split() == ["100"] and text(rows[7][2]).split() == ["96", "4"]
    assert "96 of 100 pictures of contempt are called neutral" in rows[7][2]


def test_a_challenge_subset_has_a_table_of_its_own_and_does_not_count_as_the_whole(analyzer, results):
    own = read(results / "own.json")
    hard = replace(
        own,
        data=replace(own.data, subset=subset("occlusion")),
        metrics=replace(own.metrics, accuracy=Number(0.7001, (0.65, 0.75))),
        n_scored=120,
    )
    write(results / "subset.json", hard)
    page = text(models_html(measured(analyzer, results)))
    numbers, subsets = page.split("Published lists of hard pictures")
    assert "70.0 %" not in numbers
    assert "FER+ validation pictures, occlusion 120 pictures" in subsets and "70.0 % 65.0 to 75.0" in subsets


def test_cards_come_without_pictures_from_elsewhere(analyzer, results):
    found = measured(analyzer, results)
    assert found.models[0].card.startswith("# Tiny & small") and "license" not in found.models[0].card
    assert "elsewhere.example" not in found.models[0].card


def test_names_from_files_are_text_and_no_markup(analyzer, results):
    absent = read(results / "absent.json")
    write(results / "absent.json", replace(absent, checkpoint=replace(absent.checkpoint, name="<img src=x>")))
    found = measured(analyzer, results)
    assert "<img src=x>" not in models_html(found) + limits_html(found)


def test_the_limits_say_the_numbers_of_the_running_models(analyzer, results):
    page = text(limits_html(measured(analyzer, results)))
    assert "Of 800 pictures (FER+ validation pictures) 16 % got another answer" in page
    assert "contempt 4 % (of 100)" in page and "100 % of" in page
    assert "for 33 % of these pictures; of their other answers, 5.0 % are still wrong" in page
    assert "In the dark : 61 % at the third of five steps, 37 % at the last." in page
    assert "85" not in page.split("Harder pictures")[0]  # the absent model's


def test_without_results_the_pages_stand_and_claim_nothing(analyzer, tmp_path):
    found = measured(analyzer, tmp_path / "none")
    assert found == Measured([found.models[0]], {}, [])
    page = models_html(found)
    assert "no result of these weights" in page and '<svg class="chart"' not in page
    told = text(limits_html(found))
    assert "does not know what you feel" in told and "It is often wrong" not in told and "Harder" not in told


def test_what_maps_are_worth_is_shown_of_the_very_weights_that_run(analyzer, results):
    assert "What a map is worth" not in models_html(measured(analyzer, results))
    (checkpoint,) = analyzer.checkpoints.values()
    write(results / "other-explanations.json", explanations(weights("tiny", "0" * 64)))
    assert "What a map is worth" not in models_html(measured(analyzer, results))
    write(results / "explanations.json", explanations(weights("tiny", checkpoint.sha256)))
    assert "Believe Integrated gradients here." in models_html(measured(analyzer, results))
