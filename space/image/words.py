"""Answers in words: how many models say what, how probable that is, what an example shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fer_models.analyzer import Prediction
from fer_models.looks import Look
from fer_models.words import how_sure

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def share_words(share: float) -> str:
    """A probability as people read it: no model is ever 100 % sure."""
    if share > 0.99:
        return "over 99 %"
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def verdict(answers: Sequence[Prediction], looks: Mapping[str, Look]) -> str:
    """Where the models agree, in one sentence."""
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer.expression] = counts.get(answer.expression, 0) + 1
    if len(answers) == 1:
        return f"{looks[answers[0].model].title} says {answers[0].expression}"
    if len(counts) == 1:
        return f"{'Both' if len(answers) == 2 else f'All {len(answers)}'} models say {answers[0].expression}"
    if len(counts) == len(answers) > 2:
        return f"All {len(answers)} models say something else"
    parts = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {'says' if count == 1 else 'say'} {expression}" for expression, count in parts)


def unsure_words(answers: Sequence[Prediction], looks: Mapping[str, Look]) -> str:
    """Who should not be relied on; empty where everybody is sure."""
    unsure = [looks[answer.model].title for answer in answers if not answer.sure]
    if not unsure:
        return ""
    if len(unsure) == len(answers) > 1:
        return "None of them is sure."
    return f"{listed(unsure)} {'is' if len(unsure) == 1 else 'are'} not sure."


def against_words(answer: Prediction) -> str:
    """How much less an answer counts, and why, in one sentence; empty where nothing is against it."""
    if not answer.conditions:
        return ""
    reason = f"face is {listed(answer.conditions)}."
    counts, otherwise = how_sure(answer), how_sure(replace(answer, conditions=()))
    if counts == otherwise:
        return f"The {reason}"
    return f"{counts.capitalize()} instead of {otherwise}: the {reason}"


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def count_words(count: int, of: int) -> str:
    """ "3 of 4 models", "all 4 models"."""
    if count == of > 1:
        return f"all {of} models"
    return f"{count or 'none'} of {of} model{'s' if of > 1 else ''}"


__all__ = ["against_words", "count_words", "listed", "share_words", "unsure_words", "verdict"]
