"""Which model to take for what follows from the result files."""

import html
import re

import pytest

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.looks import looks
from space.numbers.advice import advice_html
from space.numbers.measured import measured


@pytest.mark.slow
def test_the_advice_names_the_best_of_the_committed_results():
    found = measured(Analyzer())
    page = advice_html(found, looks(model.name for model in found.models))
    said = [html.unescape(re.sub("<[^>]+>", "", item)) for item in re.findall("<li>(.*?)</li>", page)]
    group = found.groups()[0]
    best = max(group, key=lambda item: item[1].metrics.accuracy.value)[0]
    assert said[0].startswith(looks([best.name])[best.name].title + " when being right counts most")
    fastest = found.fastest
    assert said[1].startswith(looks([fastest])[fastest].title + " when it must be fast")
    assert "re-implemented and re-trained here" in page


def test_a_single_model_needs_no_advice():
    found = measured(Analyzer([CHECKPOINTS / "pattlite-ferplus"]))
    assert advice_html(found, looks(model.name for model in found.models)) == ""
