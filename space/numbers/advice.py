"""Which model to take for what, in sentences that follow from the result files."""

import html
from collections.abc import Mapping, Sequence

from fer_models.looks import Look
from fer_models.results import percent
from fer_models.results.evaluation import Evaluation
from space.numbers.measured import Measured, Model
from space.numbers.words import pictures_words


def advice_html(found: Measured, looks: Mapping[str, Look]) -> str:
    """A sentence for each reason to take a model; nothing where fewer than two can be compared."""
    group = next((group for group in found.groups() if not group[0][1].data.subset), [])
    group = [(model, result) for model, result in group if model.loaded]
    if len(group) < 2:
        return ""
    said = [_most_accurate(group, looks)]
    timed = [(model, result) for model, result in group if model.times]
    if timed:
        model, result = min(timed, key=lambda item: item[0].times.answer)
        said.append(
            f"<b>{_name(model, looks)}</b> when it must be fast: {model.times.answer:.0f} milliseconds a face, "
            f"{percent(result.metrics.accuracy.value)} right."
        )
    sized = [(model, result) for model, result in group if model.parameters]
    if sized:
        model, _ = min(sized, key=lambda item: item[0].parameters)
        said.append(
            f"<b>{_name(model, looks)}</b> when it must be small: {model.parameters / 1e6:.2f} million weights."
        )
    rare, result = max(group, key=lambda item: item[1].metrics.mean_class_accuracy.value)
    said.append(
        f"<b>{_name(rare, looks)}</b> when rare expressions count as much as frequent ones: "
        f"{percent(result.metrics.mean_class_accuracy.value)} of each expression on average."
    )
    items = "".join(f"<li>{sentence}</li>" for sentence in said)
    where = html.escape(pictures_words(group[0][1].data))
    return (
        f'<section class="advice"><h2>Which to take for what</h2><ul>{items}</ul><p class="note">Measured on the '
        f"{where}. These models were re-implemented and re-trained here; the papers’ own weights are others.</p>"
        "</section>"
    )


def _most_accurate(group: Sequence[tuple[Model, Evaluation]], looks: Mapping[str, Look]) -> str:
    """The most accurate model, and those that chance alone may put behind it."""
    best, result = max(group, key=lambda item: item[1].metrics.accuracy.value)
    low = result.metrics.accuracy.interval[0]
    close = [
        _name(model, looks) for model, other in group if model is not best and other.metrics.accuracy.interval[1] >= low
    ]
    sentence = (
        f"<b>{_name(best, looks)}</b> when being right counts most: {percent(result.metrics.accuracy.value)} right."
    )
    if close:
        sentence += (
            f" {', '.join(close)}: so close that chance may have put {'it' if len(close) == 1 else 'them'} behind."
        )
    return sentence


def _name(model: Model, looks: Mapping[str, Look]) -> str:
    return html.escape(looks[model.name].title)


__all__ = ["advice_html"]
