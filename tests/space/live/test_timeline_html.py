"""The plot of a timeline shows the very values."""

import re

import pytest

from fer_models.video.timeline import Sample
from space.live.timeline_html import UNITS, timeline_html


def sample(at: float, happiness: float, model: str = "m") -> Sample:
    return Sample(at, {model: {"happiness": happiness, "anger": 1 - happiness}})


def path(page: str, expression: str, index: int = 0) -> str:
    row = page[page.index(f'<th scope="row">{expression}<') :]
    row = row[: row.index("</tr>")]
    return re.findall(r'<path d="([^"]*)" fill="none"', row)[index]


def test_a_line_goes_through_the_values_at_their_times():
    page = timeline_html([sample(0, 0.0), sample(5, 0.25), sample(10, 1.0)], 0, 10, gap=6)
    assert path(page, "happiness") == f"M0 100L{UNITS // 2} 75L{UNITS} 0"
    assert path(page, "anger") == f"M0 0L{UNITS // 2} 25L{UNITS} 100"


def test_the_latest_values_are_written_and_the_answers_row_is_marked():
    page = timeline_html([sample(0, 0.9), sample(1, 0.38)], 0, 1)
    rows = re.findall(r'<tr( class="top")?><th scope="row">(\w+)</th>.*?<span>(\d+ %)</span>', page)
    assert rows == [("", "happiness", "38 %"), (' class="top"', "anger", "62 %")]


def test_a_line_is_interrupted_where_the_face_was_away():
    page = timeline_html([sample(0, 0.5), sample(1, 0.5), sample(8, 0.5), sample(10, 0.5)], 0, 10, gap=2)
    assert path(page, "happiness") == f"M0 50L{UNITS // 10} 50M{UNITS * 8 // 10} 50L{UNITS} 50"


def test_a_level_stretch_is_two_points():
    page = timeline_html([sample(i / 10, 0.5) for i in range(101)], 0, 10)
    assert path(page, "happiness") == f"M0 50L{UNITS} 50"


def test_samples_of_one_step_of_the_axis_are_averaged():
    step = 10 / UNITS
    page = timeline_html([sample(0, 0.2), sample(step / 4, 0.4), sample(10, 1.0)], 0, 10, gap=60)
    assert path(page, "happiness") == f"M0 70L{UNITS} 0"


def test_samples_outside_of_the_axis_are_left_out():
    page = timeline_html([sample(-5, 1.0), sample(0, 0.5), sample(10, 0.5), sample(11, 1.0)], 0, 10, gap=60)
    assert path(page, "happiness") == f"M0 50L{UNITS} 50"


def test_two_models_are_two_lines_with_a_legend_and_a_model_without_an_expression_has_none_there():
    both = Sample(0, {"a": {"happiness": 1.0, "contempt": 0.0}, "b": {"happiness": 0.5}})
    page = timeline_html([both], 0, 1)
    assert path(page, "happiness", 0) == "M0 0h1" and path(page, "happiness", 1) == "M0 50h1"
    assert path(page, "contempt", 1) == ""
    assert re.findall(r"</svg>(\w)</span>", page) == ["a", "b"]


def test_names_cannot_be_markup():
    page = timeline_html([Sample(0, {"<a>": {"<b>": 1.0}, "c": {"<b>": 1.0}})], 0, 1, ends=("<i>", "now"))
    assert not re.search("<[abi]>", page)


def test_a_plot_of_half_a_minute_of_eight_restless_expressions_stays_small():
    names = [f"expression {i}" for i in range(8)]
    samples = [Sample(i / 10, {"m": {name: (i * (k + 3)) % 7 / 7 for k, name in enumerate(names)}}) for i in range(300)]
    assert len(timeline_html(samples, 0, 30)) < 50_000


def test_an_axis_without_length_is_refused():
    with pytest.raises(ValueError, match="after its start"):
        timeline_html([], 3, 3)


def test_no_answer_is_written_as_certain():
    page = timeline_html([sample(0, 0.9), sample(1, 0.999)], 0, 1)
    assert "<span>&gt;99 %</span>" in page and "100 %" not in page


def test_a_slider_has_the_seconds_of_the_axis_and_is_there_only_if_it_has_a_name():
    samples = [sample(2, 0.5), sample(5, 0.5)]
    page = timeline_html(samples, 2, 5, moment='<of "face 1"')
    (slider,) = re.findall(r"<input[^>]*>", page)
    assert 'aria-label="&lt;of &quot;face 1&quot;"' in slider
    assert {(name, float(value)) for name, value in re.findall(r'(min|max|step)="([^"]*)"', slider)} == {
        ("min", 2),
        ("max", 5),
        ("step", 3 / UNITS),
    }
    assert "<input" not in timeline_html(samples, 2, 5)
