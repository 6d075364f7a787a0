"""Which method a result says to believe, and what it says of a map."""

from types import SimpleNamespace

from fer_models.results.explanations import Mean, Worth, best_method, worth_words


def worth(gain: float, margin: float, ahead: float | None, passes: float | None, centre: float = 0.1) -> Worth:
    beyond = {} if ahead is None else {"choice": Mean(ahead, 0.01, 20)}
    gains = {"mean map": Mean(gain, margin, 40), "centre": Mean(centre, 0.05, 40)}
    return Worth(gains=gains, beyond_gradcam=beyond, verdicts={}, yardsticks={}, passes=passes)


def best(**methods: Worth) -> str | None:
    return best_method(SimpleNamespace(worth=methods))


def test_the_method_that_is_furthest_ahead_on_the_half_it_is_chosen_on_is_believed():
    assert (
        best(gradcam=worth(0.05, 0.02, None, 1.2), one=worth(0.3, 0.1, 0.02, 5.0), two=worth(0.1, 0.05, 0.04, 7.0))
        == "two"
    )


def test_grad_cam_is_believed_where_nothing_is_ahead_of_it():
    assert best(gradcam=worth(0.05, 0.02, None, 1.2), one=worth(0.3, 0.1, -0.02, 5.0)) == "gradcam"


def test_what_is_dear_or_no_better_than_its_mean_map_is_not():
    dear, even, reference = worth(0.5, 0.1, 0.4, 12.0), worth(0.05, 0.06, 0.4, 3.0), worth(0.5, 0.1, 0.4, None)
    assert best(dear=dear, even=even, reference=reference) is None


def test_nor_is_what_tells_no_more_than_a_bump_in_the_centre():
    below, above = worth(0.3, 0.1, 0.2, 1.0, centre=0.04), worth(0.1, 0.05, 0.1, 9.0, centre=0.06)
    assert best(below=below, above=above) == "above"


def test_it_can_be_looked_for_among_some_methods():
    result = SimpleNamespace(worth={"a": worth(0.5, 0.1, 0.4, 1.0), "b": worth(0.2, 0.1, 0.1, 1.0)})
    assert (best_method(result), best_method(result, {"b", "c"}), best_method(result, {"c"})) == ("a", "b", None)


def test_only_a_gain_whose_interval_lies_above_zero_tells_more_of_a_face():
    more, no_more = (worth_words(worth(gain, 0.05, None, None)) for gain in (0.06, 0.04))
    assert more == "tells more of a face than the mean map of others does (+0.060 ± 0.050, 40 faces)"
    assert no_more == "tells no more of a face than the mean map of others does (+0.040 ± 0.050, 40 faces)"


def test_what_tells_less_than_a_bump_in_the_centre_says_so():
    less, even = (worth_words(worth(0.06, 0.05, None, None, centre=centre)) for centre in (-0.06, -0.04))
    assert less.endswith("40 faces), and less than a bump in the centre of the picture")
    assert even.endswith("40 faces)")


def test_what_was_not_measured_is_not_told():
    assert worth_words(Worth(gains={}, beyond_gradcam={}, verdicts={}, yardsticks={}, passes=None)) is None
