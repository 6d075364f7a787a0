"""What was measured about the models, as HTML: the table, the charts, the confusion matrices."""

import html
from collections.abc import Sequence
from dataclasses import replace

from fer_models.looks import looks, title
from fer_models.results import Number, percent
from fer_models.results.evaluation import Evaluation
from fer_models.results.fixed_maps import FixedMaps
from fer_models.results.robustness import Robustness
from space.numbers.advice import advice_html
from space.numbers.explanations_html import explanations_html
from space.numbers.measured import Measured, Model
from space.numbers.words import pictures_words, spoilt_words
from space.page.charts import (
    Axis,
    Point,
    color,
    legend,
    lines,
    million_axis,
    millisecond_axis,
    percent_axis,
    scatter,
    shape,
)

NOTHING = '<td class="none" title="not measured">–</td>'
SEVERITIES = Axis("severity", 0, 5, {step: str(step) for step in range(6)})


Group = Sequence[tuple[Model, Evaluation]]


def models_html(found: Measured) -> str:
    """Everything but the cards; a sentence where nothing was measured."""
    drawn = looks(model.name for model in found.models)
    indices = {name: look.number for name, look in drawn.items()}
    groups = found.groups()
    parts = [advice_html(found, drawn), _table(found, groups, indices)]
    charts = []
    comparing = any(len(group) > 1 for group in groups)
    for group in groups:
        if group[0][1].data.subset:
            continue
        if not comparing or len(group) > 1:
            charts += [_accuracy_against_cost(group, indices), _accuracy_against_answers(group, indices)]
        if not comparing:
            break  # nothing to compare: one pair of charts shows how to read them
    if charts:
        parts.append(f'<div class="pair">{"".join(charts)}</div>')
    parts += [_subsets(found, indices), _fixed_maps(found.fixed_maps, indices)]
    parts.append(explanations_html([(title(model.name), result) for model, result in found.explanations]))
    parts += [_robustness(found.robustness, indices), _confusions(groups, indices)]
    return f'<div class="fer measured">{"".join(parts)}</div>'


def _symbol(index: int) -> str:
    return (
        f'<svg class="symbol" viewBox="-8 -8 16 16" aria-hidden="true"><path d="{shape(index)}" fill="{color(index)}"/>'
        "</svg>"
    )


def _name(model: Model, indices: dict[str, int]) -> str:
    """A row's header: symbol, title and name, with the links."""
    links = []
    if model.card:
        name = html.escape(model.name)
        links.append(f'<a href="?tab=compare&amp;card={name}" data-card="{name}">card</a>')
    if model.paper:
        links.append(f'<a href="{html.escape(model.paper)}" target="_blank" rel="noopener noreferrer">paper</a>')
    if model.hub:
        links.append(f'<a href="{html.escape(model.hub)}" target="_blank" rel="noopener noreferrer">Hub</a>')
    if not model.loaded:
        links.append("not running here")
    name = f"<small>{html.escape(model.title)}</small>" if model.title not in (model.name, title(model.name)) else ""
    return (
        f'<th scope="row">{_symbol(indices[model.name])}<span>{html.escape(title(model.name))}{name}'
        f"<small>{' · '.join(links)}</small></span></th>"
    )


def _number(text: str | None, note: str = "") -> str:
    if text is None:
        return NOTHING
    return f"<td>{text}{f'<small>{note}</small>' if note else ''}</td>"


def _share(measured: Number) -> str:
    low, high = measured.interval
    return _number(percent(measured.value), f"{100 * low:.1f} to {100 * high:.1f}")


COLUMNS = {
    "model": "which, and where to read on",
    "parameters": "numbers that were learned",
    "MACs": "multiply-accumulates for one face",
    "ms a face": "the answer alone, and with all maps",
    "accuracy": "share of right answers",
    "class mean": "mean of each expression's share of right answers: rare ones count as much as frequent ones",
    "macro F1": "mean of each expression's F1 score",
    "calibration": "expected calibration error: how far probabilities are from shares of right answers; 0 is best",
    "sure": "share of faces that get an answer instead of “not sure”, and how many of these answers are right",
}


def _size_cells(model: Model) -> str:
    times = model.times
    return (
        _number(None if model.parameters is None else f"{model.parameters / 1e6:.2f} M")
        + _number(None if model.macs is None else f"{model.macs / 1e6:,.0f} M")
        + _number(f"{times.answer:.0f}" if times else None, f"{times.explained:.0f} with maps" if times else "")
    )


def _calibration(model: Model, result: Evaluation) -> str:
    ece, (low, high) = result.metrics.ece.value, result.metrics.ece.interval
    if not result.flattered:
        return _number(f"{ece:.3f}", f"{low:.3f} to {high:.3f}")
    if model.calibration is None:
        return _number(f"{ece:.3f}", "flattered: fitted on these")
    return _number(
        f"{model.calibration.ece_after_cross_fitted:.3f}",
        f"cross-fitted; {model.calibration.ece_before:.3f} before",
    )


def _sure(result: Evaluation) -> str:
    if result.not_sure.point is None:
        return _number(None)
    answered, accuracy = result.not_sure.point
    return _number(percent(answered, 0), f"{percent(accuracy)} right")


def _table(found: Measured, groups: Sequence[Group], indices: dict[str, int]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in COLUMNS)
    bodies = []
    for group in groups:
        first = group[0][1]
        if first.data.subset:
            continue
        rows = "".join(
            f"<tr>{_name(model, indices)}{_size_cells(model)}{_share(result.metrics.accuracy)}"
            f"{_share(result.metrics.mean_class_accuracy)}{_share(result.metrics.macro_f1)}"
            f"{_calibration(model, result)}{_sure(result)}</tr>"
            for model, result in sorted(group, key=lambda item: -item[1].metrics.accuracy.value)
        )
        which = f"{pictures_words(first.data)}: {first.n_scored:,} pictures"
        bodies.append(
            f'<tbody><tr class="group"><th colspan="{len(COLUMNS)}" scope="rowgroup">{html.escape(which)}</th></tr>'
            f"{rows}</tbody>"
        )
    rest = [model for model in found.models if not model.evaluations]
    if rest:
        rows = "".join(f"<tr>{_name(model, indices)}{_size_cells(model)}{NOTHING * 5}</tr>" for model in rest)
        bodies.append(
            f'<tbody><tr class="group"><th colspan="{len(COLUMNS)}" scope="rowgroup">no result of these weights</th>'
            f"</tr>{rows}</tbody>"
        )
    columns = "".join(f"<dt>{title}</dt><dd>{html.escape(what)}</dd>" for title, what in COLUMNS.items())
    machine, timed = found.machine, ""
    if machine and any(model.times for model in found.models):
        timed = f" Milliseconds: {machine['threads']} threads of a CPU ({machine['device']})."
    return (
        '<section><h2>Numbers</h2><div class="scroll" role="region" aria-label="table of the models" tabindex="0">'
        f'<table class="numbers"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table></div>'
        f'<p class="note">Below a number, small: its 95 % bootstrap interval.{html.escape(timed)}</p>'
        f"<details><summary>What the columns say</summary><dl>{columns}</dl></details></section>"
    )


def _figure(title: str, chart: str, note: str) -> str:
    return f'<figure class="plot"><h3>{title}</h3>{chart}<figcaption>{note}</figcaption></figure>'


def _accuracy_against_cost(group: Group, indices: dict[str, int]) -> str:
    """Against milliseconds, or against the size where not every model was timed."""
    timed = all(model.times for model, _ in group)
    points, told = [], []
    for model, result in group:
        accuracy = result.metrics.accuracy
        cost = model.times.answer if timed else result.checkpoint.parameters
        points.append(Point(indices[model.name], title(model.name), cost, accuracy.value, *accuracy.interval))
        words = f"in {cost:.0f} milliseconds" if timed else f"with {cost:,} parameters"
        told.append(f"{title(model.name)} {percent(accuracy.value)} {words}")
    costs = [point.x for point in points]
    what = "milliseconds a face" if timed else "parameters"
    chart = scatter(
        millisecond_axis(what, costs) if timed else million_axis(f"{what}, logarithmic", costs),
        percent_axis("accuracy", [bound for point in points for bound in (point.low, point.high)]),
        points,
        f"accuracy against {what}: {'; '.join(told)}",
    )
    where = html.escape(pictures_words(group[0][1].data))
    return _figure(f"Accuracy against {what}", chart, f"{where}. The bars are 95 % intervals.")


def _accuracy_against_answers(group: Group, indices: dict[str, int]) -> str:
    curves, marked, told = {}, {}, []
    for model, result in group:
        curve, point = result.not_sure.curve, result.not_sure.point
        curves[indices[model.name]] = (curve.answered, curve.accuracy)
        if point:
            marked[indices[model.name]] = point
            told.append(f"{title(model.name)} answers {percent(point[0])}, {percent(point[1])} of these right")
    accuracies = [value for _, accuracy in curves.values() for value in accuracy]
    ticks = {share / 100: f"{share} %" for share in (0, 25, 50, 75, 100)}
    chart = lines(
        Axis("faces answered, the surest first", 0, 1, ticks),
        percent_axis("accuracy", accuracies),
        curves,
        f"accuracy of the answered faces against their share: {'; '.join(told) or 'no model has a threshold'}",
        marked,
    )
    names = {indices[model.name]: title(model.name) for model, _ in group}
    return _figure(
        "Accuracy of what is answered",
        chart,
        f"{legend(names)}The symbol is where the model starts to say “not sure”.",
    )


def _subsets(found: Measured, indices: dict[str, int]) -> str:
    """The challenge subsets: a row per model, a column per subset; nothing where none was measured."""
    columns = {group[0][1].data.identity: group for group in found.groups() if group[0][1].data.subset}
    if not columns:
        return ""
    cells: dict[str, dict[tuple, Number]] = {}
    for key, group in columns.items():
        for model, result in group:
            cells.setdefault(model.name, {})[key] = result.metrics.accuracy
    head = "".join(
        f'<th scope="col">{html.escape(pictures_words(group[0][1].data))}<small>{group[0][1].n_scored:,} pictures'
        "</small></th>"
        for group in columns.values()
    )
    rows = "".join(
        f"<tr>{_name(model, indices)}"
        + "".join(_share(own[key]) if key in own else NOTHING for key in columns)
        + "</tr>"
        for model in found.models
        if (own := cells.get(model.name))
    )
    return (
        '<section><h2>Published lists of hard pictures</h2><div class="scroll" role="region" tabindex="0" '
        'aria-label="accuracy on challenge subsets"><table class="numbers"><thead><tr><th scope="col">accuracy</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _fixed_maps(results: Sequence[tuple[Model, FixedMaps]], indices: dict[str, int]) -> str:
    """How much of the answers comes from the models' own attention."""
    if not results:
        return ""
    own, *others = results[0][1].answers
    head = "".join(f'<th scope="col">{html.escape(way)}</th>' for way in (own, *others))
    rows = ""
    for model, result in results:
        answers = result.answers
        rows += f"<tr>{_name(model, indices)}{_number(percent(answers[own].accuracy))}"
        rows += "".join(
            _number(percent(answers[way].accuracy), f"{percent(answers[way].same_answers)} the same answers")
            for way in others
        )
        rows += "</tr>"
    return (
        "<section><h2>What the attention is worth</h2><p>Accuracy with each map of the model's own attention as it is, "
        "with the mean map of all faces in its place, which does not depend on the face, and with one number for each "
        "module. Where they hardly differ, the map explains little of an answer. "
        f"{html.escape(pictures_words(results[0][1].data))}.</p>"
        '<div class="scroll" role="region" tabindex="0" aria-label="accuracy with other attention maps">'
        f'<table class="numbers"><thead><tr><th scope="col">multiplied by</th>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div></section>"
    )


def _robustness(results: Sequence[tuple[Model, Robustness]], indices: dict[str, int]) -> str:
    if not results:
        return ""
    kinds = list(results[0][1].accuracy)
    y_axis = Axis("accuracy", 0, 1, {share / 100: f"{share} %" for share in (0, 25, 50, 75, 100)})
    figures = []
    for kind in kinds:
        curves, told = {}, []
        for model, result in results:
            values = [point.value for point in result.accuracy[kind]]
            curves[indices[model.name]] = (range(len(values)), values)
            told.append(f"{title(model.name)} from {percent(values[0])} to {percent(values[-1])}")
        chart = lines(SEVERITIES, y_axis, curves, f"{spoilt_words(kind)}: {'; '.join(told)}", width=300, height=210)
        figures.append(f'<figure class="plot"><h3>{html.escape(spoilt_words(kind))}</h3>{chart}</figure>')
    names = {indices[model.name]: title(model.name) for model, _ in results}
    first = results[0][1]
    return (
        f"<section><h2>Harder pictures</h2><p>Accuracy while the same {first.n_samples:,} pictures of "
        f"{html.escape(pictures_words(replace(first.data, limit=None)))} are spoilt more and more.</p>{legend(names)}"
        f'<div class="multiples">{"".join(figures)}</div></section>'
    )


def _confusions(groups: Sequence[Group], indices: dict[str, int]) -> str:
    """Each model's matrix on the pictures that most models were measured on."""
    main = next((group for group in groups if not group[0][1].data.subset), None)
    if main is None:
        return ""
    matrices = "".join(
        f"<details><summary>{html.escape(title(model.name))}</summary>"
        f"{_matrix(model, result, _symbol(indices[model.name]))}</details>"
        for model, result in main
    )
    return (
        "<section><h2>What is taken for what</h2><p>Each row is one expression, as the annotators saw it; each number "
        "is the percentage of its pictures that the model calls the expression above it. "
        f"{html.escape(pictures_words(main[0][1].data))}.</p>"
        f'<div class="matrices">{matrices}</div></section>'
    )


def _matrix(model: Model, result: Evaluation, symbol: str) -> str:
    names = list(result.recall)
    head = "".join(f'<th scope="col"><span>{html.escape(name)}</span></th>' for name in names)
    rows = []
    for name, counts in zip(names, result.confusion, strict=True):
        total = sum(counts)
        cells = "".join(_cell(count, total, name, other) for count, other in zip(counts, names, strict=True))
        rows.append(f'<tr><th scope="row">{html.escape(name)}<small>{total:,}</small></th>{cells}</tr>')
    return (
        f'<table class="confusion"><caption>{symbol}{html.escape(title(model.name))}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(count: int, total: int, name: str, other: str) -> str:
    share = count / total if total else 0.0
    told = html.escape(f"{count:,} of {total:,} pictures of {name} are called {other}")
    classes = ' class="most"' if share > 0.5 else ""
    shown = f"{100 * share:.0f}" if count else ""
    return f'<td{classes} style="--share:{100 * share:.0f}%" title="{told}">{shown}</td>'


__all__ = ["Group", "models_html"]
