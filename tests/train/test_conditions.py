"""What is against an answer: what it costs, and the thresholds that follow from it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fer_models.conditions import DARK, LEAST_LIGHT, LEAST_SIDE, VERY_SMALL, measures_of
from fer_models.faces import Face
from fer_models.paths import RESULTS
from fer_models.results import comparable, read_folder
from fer_models.results.conditions import Amount, Conditions
from tests.support.tiny import only_result, tiny_checkpoint, tiny_ferplus
from train.conditions import LIGHTS, SIZES, covered, darker, main, smaller, threshold
from train.pages.conditions import costs, steady
from train.pages.found import Found


@pytest.fixture(scope="module")
def measured() -> list[Conditions]:
    return comparable([one for _, one in read_folder(RESULTS) if isinstance(one, Conditions)])


def test_the_words_are_said_where_the_results_say_that_they_cost_five_points(measured):
    assert round(threshold(measured, VERY_SMALL)) == LEAST_SIDE
    assert round(threshold(measured, DARK)) == LEAST_LIGHT


def test_a_threshold_lies_between_the_amounts_around_its_cost(measured):
    (one, *_) = measured
    steps = tuple(Amount(amount, 10, value, 0.8, 0.0) for amount, value in ((40, 0.79), (20, 0.69), (10, 0.5)))
    assert threshold([replace(one, accuracy={VERY_SMALL: steps})], VERY_SMALL) == pytest.approx(32)
    assert threshold([replace(one, accuracy={VERY_SMALL: steps[1:]})], VERY_SMALL) == 20
    assert threshold([replace(one, accuracy={VERY_SMALL: steps[:1]})], VERY_SMALL) is None


def test_pictures_are_changed_by_the_amount_that_is_named():
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    picture = Image.fromarray(noise)
    assert smaller(20)(picture, 0).size == (20, 20)
    assert measures_of(picture, None, darker(60, 0)(picture, 0)).light == pytest.approx(60, abs=4)
    points = np.array([[70, 80], [122, 80], [96, 110], [76, 140], [116, 140]], dtype=float)
    face = Face((40, 30, 150, 170), points, 1.0)
    for what, flat in (("nothing", 0), ("one eye", 1), ("both eyes", 2), ("the mouth", 1)):
        changed = np.asarray(covered(what, face)(picture, 0).convert("L"))
        places = [changed[19:22, 16:19], changed[19:22, 29:32], changed[34:37, 22:26]]
        assert sum(np.ptp(place) == 0 for place in places) == flat


def test_the_command_measures_every_amount_and_counts_every_answer(tmp_path, capsys):
    data, checkpoint = tiny_ferplus(tmp_path / "data.parquet"), tiny_checkpoint(tmp_path / "first")
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--limit", "3"]
    main([str(checkpoint), *where, "--out", str(tmp_path / "results")])
    result = only_result(tmp_path / "results", "first-conditions-on-*.json")
    assert [one["amount"] for one in result["accuracy"][VERY_SMALL]] == list(SIZES)
    assert [one["amount"] for one in result["accuracy"][DARK]] == list(LIGHTS)
    assert sum(one["n"] for one in result["steady"]) == 3
    assert "very small: costs 5% from" in capsys.readouterr().out


def test_the_pages_say_what_the_results_hold(measured):
    found = Found({str(place): one for place, one in enumerate(measured)})
    first = measured[0].accuracy[VERY_SMALL][0]
    assert f"| a face of 40 pixels | {100 * first.value:.1f} %" in costs(found, "")
    n = sum(one.n for one in measured[0].steady if one.same == 6)
    assert f"% of {n}" in steady(found, "").splitlines()[2]
    assert costs(Found({}), "") == steady(Found({}), "") == "No results yet."
