"""What a map is worth, on the Compare page."""

import re
from dataclasses import replace
from types import SimpleNamespace

from fer_models.results.explanations import Mean, Worth
from space.numbers.explanations_html import explanations_html


def worth(gain: float, margin: float, passing: float = 0.5) -> Worth:
    return Worth(
        gains={"mean map": Mean(gain, margin, 40)},
        beyond_gradcam={"choice": Mean(gain, margin, 20)},
        verdicts={"passes": passing, "fails": 1 - passing},
        yardsticks={},
        passes=3.0,
    )


def page(**methods: Worth) -> str:
    result = SimpleNamespace(worth=methods, n_samples=40, data=SimpleNamespace(words="ferplus, PublicTest"))
    return explanations_html([("PAtt-Lite", result)])


def test_the_method_to_believe_is_named_and_stands_out():
    shown = page(gradcam=worth(0.01, 0.03), integrated=worth(0.12, 0.03, passing=1.0))
    assert "Believe Integrated gradients here." in shown
    assert re.search(r'font-weight="700">Integrated gradients<', shown) and ">100 %<" in shown


def test_the_method_to_believe_is_on_top_even_where_another_gains_more_over_its_own_mean_map():
    gains = {"mean map": Mean(0.3, 0.03, 40), "centre": Mean(-0.1, 0.03, 40)}
    shown = page(gradcam=replace(worth(0.3, 0.03), gains=gains), integrated=worth(0.12, 0.03))
    assert "Believe Integrated gradients here." in shown and '<svg class="chart"' in shown
    assert shown.index(">Integrated gradients</text>") < shown.index(">Grad-CAM</text>")


def test_where_no_method_is_better_than_its_mean_map_that_is_said():
    shown = page(gradcam=worth(0.01, 0.03))
    assert "No method tells more about a face than its mean map and a bump in the centre" in shown
    assert "Believe" not in shown


def test_the_chart_says_in_words_what_it_draws():
    assert 'aria-label="gain over the mean map, PAtt-Lite: Grad-CAM +0.01 ± 0.03"' in page(gradcam=worth(0.01, 0.03))


def test_without_results_there_is_nothing():
    assert explanations_html([]) == ""
