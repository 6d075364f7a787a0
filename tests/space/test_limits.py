"""Limits from the environment: what they take, what they refuse, and that the page about hosting lists them all."""

from dataclasses import fields

import pytest

from fer_models.paths import ROOT
from space.limits import LimitError, Limits, limits_table, read_limits, variable


def test_without_variables_the_defaults_hold():
    assert read_limits({}) == Limits() == read_limits({"FER_WAITING": " "})


def test_every_limit_has_a_variable_that_sets_it():
    for limit in fields(Limits):
        told = {int: "7", str: "info" if limit.name == "log" else "10.1.0.0/16"}[limit.type]
        assert getattr(read_limits({variable(limit.name): told}), limit.name) == limit.type(told)


@pytest.mark.parametrize(
    "name, told, words",
    [
        ("FER_WAITING", "many", "FER_WAITING is a whole number, at least 1, not 'many'"),
        ("FER_JOB_SECONDS", "0", "at least 1, not '0'"),
        ("FER_UPLOADS", "-3", "at least 1, not '-3'"),
        ("FER_CAMERAS", "١", "at least 1"),
        ("FER_LOG", "loud", "FER_LOG is one of debug, info, warning, error, not 'loud'"),
        ("FER_PROXIES", "10.0.0.0/8 somewhere", "which 'somewhere' is not"),
    ],
)
def test_what_is_no_limit_is_one_sentence(name, told, words):
    with pytest.raises(LimitError, match=words):
        read_limits({name: told})


def test_the_page_about_hosting_has_the_table():
    assert limits_table() in (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
