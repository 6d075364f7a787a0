"""What was measured about the models, as HTML: the table, the charts, the confusion matrices."""

import html
from collections.abc import Sequence

from space.numbers.measured import Measured, Model
from space.page.charts import Axis, Point, color, legend, lines, million_axis, percent_axis, scatter, shape

NOTHING = '<td class="none" title="not measured">–</td>'
SEVERITIES = Axis("severity", 0, 5, {step: str(step) for step in range(6)})


def percent(value: float, digits: int = 1) -> str:
    """A share as people read it."""
    return f"{100 * value:.{digits}f} %"


def data_words(data: dict) -> str:
    """A result's pictures: data set, split, subset, and whether it is a sample."""
    subset = f", {data['subset']['name']}" if data.get("subset") else ""
    sample = f", a sample of {data['limit']:,}" if data["limit"] else ""
    return f"{data['name']}, {data['split']}{subset}{sample}"


def models_html(found: Measured) -> str:
    """Everything but the cards; a sentence where nothing was measured."""
    indices = {model.name: index for index, model in enumerate(found.models)}
    groups = found.groups()
    parts = [_table(found, groups, indices)]
    charts = []
    for group in groups.values():
        if group[0][1]["data"].get("subset"):
            continue
        if sum(len(other) > 1 for other in groups.values()) == 0 or len(group) > 1:
            charts += [_accuracy_against_size(group, indices), _accuracy_against_answers(group, indices)]
        if not any(len(other) > 1 for other in groups.values()):
            break  # nothing to compare: one pair of charts shows how to read them
    if charts:
        parts.append(f'<div class="pair">{"".join(charts)}</div>')
    parts += [_subsets(found, indices), _fixed_maps(found.comparable("fixed_maps"), indices)]
    parts += [_robustness(found.comparable("robustness"), indices), _confusions(groups, indices)]
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
        links.append(f'<a href="#card-{html.escape(model.name)}">card</a>')
    if model.paper:
        links.append(f'<a href="{html.escape(model.paper)}" target="_blank" rel="noopener noreferrer">paper</a>')
    if model.hub:
        links.append(f'<a href="{html.escape(model.hub)}" target="_blank" rel="noopener noreferrer">Hub</a>')
    if not model.loaded:
        links.append("not running here")
    name = "" if model.title == model.name else f"<small>{html.escape(model.name)}</small>"
    return (
        f'<th scope="row">{_symbol(indices[model.name])}<span>{html.escape(model.title)}{name}'
        f"<small>{' · '.join(links)}</small></span></th>"
    )


def _number(text: str | None, note: str = "") -> str:
    if text is None:
        return NOTHING
    return f"<td>{text}{f'<small>{note}</small>' if note else ''}</td>"


def _metric(result: dict, name: str) -> str:
    metric = result["metrics"][name]
    low, high = metric["interval"]
    if name == "ece":
        return _number(f"{metric['value']:.3f}", f"{low:.3f} to {high:.3f}")
    return _number(percent(metric["value"]), f"{100 * low:.1f} to {100 * high:.1f}")


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
    times = model.milliseconds
    return (
        _number(None if model.parameters is None else f"{model.parameters / 1e6:.2f} M")
        + _number(None if model.macs is None else f"{model.macs / 1e6:,.0f} M")
        + _number(
            f"{times['answer']:.0f}" if "answer" in times else None,
            f"{times['answer and explain']:.0f} with maps" if "answer and explain" in times else "",
        )
    )


def _flattered(result: dict) -> bool:
    """Whether the temperature was fitted on the very pictures of the result."""
    fitted = result["calibration"] or {}
    return (fitted.get("data"), fitted.get("split")) == (result["data"]["name"], result["data"]["split"])


def _calibration(model: Model, result: dict) -> str:
    if not _flattered(result):
        return _metric(result, "ece")
    if model.calibration is None:
        return _number(f"{result['metrics']['ece']['value']:.3f}", "flattered: fitted on these")
    return _number(
        f"{model.calibration['ece_after_cross_fitted']:.3f}",
        f"cross-fitted; {model.calibration['ece_before']:.3f} before",
    )


def _sure(result: dict) -> str:
    sure = result["not_sure"]
    if sure["threshold"] is None or sure["accuracy"] is None:
        return _number(None)
    return _number(percent(sure["answered"], 0), f"{percent(sure['accuracy'])} right")


def _table(found: Measured, groups: dict[tuple, list], indices: dict[str, int]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in COLUMNS)
    bodies = []
    for group in groups.values():
        data = group[0][1]["data"]
        if data.get("subset"):
            continue
        rows = "".join(
            f"<tr>{_name(model, indices)}{_size_cells(model)}{_metric(result, 'accuracy')}"
            f"{_metric(result, 'mean_class_accuracy')}{_metric(result, 'macro_f1')}{_calibration(model, result)}"
            f"{_sure(result)}</tr>"
            for model, result in sorted(group, key=lambda item: -item[1]["metrics"]["accuracy"]["value"])
        )
        title = f"{data_words(data)}: {group[0][1]['n_scored']:,} pictures"
        bodies.append(
            f'<tbody><tr class="group"><th colspan="{len(COLUMNS)}" scope="rowgroup">{html.escape(title)}</th></tr>'
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
    if machine and any(model.milliseconds for model in found.models):
        timed = f" Milliseconds: {machine['threads']} threads of a CPU ({machine['device']})."
    return (
        '<section><h2>Numbers</h2><div class="scroll" role="region" aria-label="table of the models" tabindex="0">'
        f'<table class="numbers"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table></div>'
        f'<p class="note">Below a number, small: its 95 % bootstrap interval.{html.escape(timed)}</p>'
        f"<details><summary>What the columns say</summary><dl>{columns}</dl></details></section>"
    )


def _figure(title: str, chart: str, note: str) -> str:
    return f'<figure class="plot"><h3>{title}</h3>{chart}<figcaption>{note}</figcaption></figure>'


def _accuracy_against_size(group: Sequence[tuple[Model, dict]], indices: dict[str, int]) -> str:
    points, told = [], []
    for model, result in group:
        accuracy = result["metrics"]["accuracy"]
        points.append(
            Point(
                indices[model.name],
                model.name,
                result["checkpoint"]["parameters"],
                accuracy["value"],
                *accuracy["interval"],
            )
        )
        told.append(f"{model.name} {percent(accuracy['value'])} with {result['checkpoint']['parameters']:,}")
    chart = scatter(
        million_axis("parameters, logarithmic", [point.x for point in points]),
        percent_axis("accuracy", [bound for point in points for bound in (point.low, point.high)]),
        points,
        f"accuracy against parameters: {'; '.join(told)}",
    )
    where = html.escape(data_words(group[0][1]["data"]))
    return _figure("Accuracy against parameters", chart, f"{where}. The bars are 95 % intervals.")


def _accuracy_against_answers(group: Sequence[tuple[Model, dict]], indices: dict[str, int]) -> str:
    curves, marked, told = {}, {}, []
    for model, result in group:
        sure = result["not_sure"]
        curves[indices[model.name]] = (sure["curve"]["answered"], sure["curve"]["accuracy"])
        if sure["threshold"] is not None and sure["accuracy"] is not None:
            marked[indices[model.name]] = (sure["answered"], sure["accuracy"])
            told.append(f"{model.name} answers {percent(sure['answered'])}, {percent(sure['accuracy'])} of these right")
    accuracies = [value for _, accuracy in curves.values() for value in accuracy]
    ticks = {share / 100: f"{share} %" for share in (0, 25, 50, 75, 100)}
    chart = lines(
        Axis("faces answered, the surest first", 0, 1, ticks),
        percent_axis("accuracy", accuracies),
        curves,
        f"accuracy of the answered faces against their share: {'; '.join(told) or 'no model has a threshold'}",
        marked,
    )
    names = {indices[model.name]: model.name for model, _ in group}
    return _figure(
        "Accuracy of what is answered",
        chart,
        f"{legend(names)}The symbol is where the model starts to say “not sure”.",
    )


def _subsets(found: Measured, indices: dict[str, int]) -> str:
    """The challenge subsets: a row per model, a column per subset; nothing where none was measured."""
    columns = {key: group for key, group in found.groups().items() if key[2] is not None}
    if not columns:
        return ""
    cells: dict[str, dict[tuple, dict]] = {}
    for key, group in columns.items():
        for model, result in group:
            cells.setdefault(model.name, {})[key] = result
    head = "".join(
        f'<th scope="col">{html.escape(data_words(group[0][1]["data"]))}<small>{group[0][1]["n_scored"]:,} pictures'
        "</small></th>"
        for group in columns.values()
    )
    rows = "".join(
        f"<tr>{_name(model, indices)}"
        + "".join(_metric(own[key], "accuracy") if key in own else NOTHING for key in columns)
        + "</tr>"
        for model in found.models
        if (own := cells.get(model.name))
    )
    return (
        '<section><h2>Published lists of hard pictures</h2><div class="scroll" role="region" tabindex="0" '
        'aria-label="accuracy on challenge subsets"><table class="numbers"><thead><tr><th scope="col">accuracy</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _fixed_maps(results: Sequence[tuple[Model, dict]], indices: dict[str, int]) -> str:
    """How much of the answers comes from the models' own attention."""
    if not results:
        return ""
    own, *others = results[0][1]["answers"]
    head = "".join(f'<th scope="col">{html.escape(way)}</th>' for way in (own, *others))
    rows = ""
    for model, result in results:
        answers = result["answers"]
        rows += f"<tr>{_name(model, indices)}{_number(percent(answers[own]['accuracy']))}"
        rows += "".join(
            _number(percent(answers[way]["accuracy"]), f"{percent(answers[way]['same_answers'])} the same answers")
            for way in others
        )
        rows += "</tr>"
    return (
        "<section><h2>What the attention is worth</h2><p>Accuracy with each map of the model's own attention as it is, "
        "with the mean map of all faces in its place, which does not depend on the face, and with one number for each "
        "module. Where they hardly differ, the map explains little of an answer. "
        f"{html.escape(data_words(results[0][1]['data']))}.</p>"
        '<div class="scroll" role="region" tabindex="0" aria-label="accuracy with other attention maps">'
        f'<table class="numbers"><thead><tr><th scope="col">multiplied by</th>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div></section>"
    )


def _robustness(results: Sequence[tuple[Model, dict]], indices: dict[str, int]) -> str:
    if not results:
        return ""
    kinds = list(results[0][1]["accuracy"])
    y_axis = Axis("accuracy", 0, 1, {share / 100: f"{share} %" for share in (0, 25, 50, 75, 100)})
    figures = []
    for kind in kinds:
        curves, told = {}, []
        for model, result in results:
            values = [point["value"] for point in result["accuracy"][kind]]
            curves[indices[model.name]] = (range(len(values)), values)
            told.append(f"{model.name} from {percent(values[0])} to {percent(values[-1])}")
        chart = lines(SEVERITIES, y_axis, curves, f"{kind}: {'; '.join(told)}", width=300, height=210)
        figures.append(f'<figure class="plot"><h3>{html.escape(kind)}</h3>{chart}</figure>')
    names = {indices[model.name]: model.name for model, _ in results}
    data = results[0][1]["data"]
    return (
        f"<section><h2>Harder pictures</h2><p>Accuracy while the same {results[0][1]['n_samples']:,} pictures of "
        f"{html.escape(data['name'])}, {html.escape(data['split'])} are spoilt more and more.</p>{legend(names)}"
        f'<div class="multiples">{"".join(figures)}</div></section>'
    )


def _confusions(groups: dict[tuple, list], indices: dict[str, int]) -> str:
    """Each model's matrix on the pictures that most models were measured on."""
    main = next((group for group in groups.values() if not group[0][1]["data"].get("subset")), None)
    if main is None:
        return ""
    matrices = "".join(_matrix(model, result, _symbol(indices[model.name])) for model, result in main)
    return (
        "<section><h2>What is taken for what</h2><p>Each row is one expression, as the annotators saw it; each number "
        "is the percentage of its pictures that the model calls the expression above it. "
        f"{html.escape(data_words(main[0][1]['data']))}.</p>"
        f'<div class="matrices">{matrices}</div></section>'
    )


def _matrix(model: Model, result: dict, symbol: str) -> str:
    names = list(result["recall"])
    head = "".join(f'<th scope="col"><span>{html.escape(name)}</span></th>' for name in names)
    rows = []
    for name, counts in zip(names, result["confusion"], strict=True):
        total = sum(counts)
        cells = "".join(_cell(count, total, name, other) for count, other in zip(counts, names, strict=True))
        rows.append(f'<tr><th scope="row">{html.escape(name)}<small>{total:,}</small></th>{cells}</tr>')
    return (
        f'<table class="confusion"><caption>{symbol}{html.escape(model.title)}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(count: int, total: int, name: str, other: str) -> str:
    share = count / total if total else 0.0
    title = html.escape(f"{count:,} of {total:,} pictures of {name} are called {other}")
    classes = ' class="most"' if share > 0.5 else ""
    shown = f"{100 * share:.0f}" if count else ""
    return f'<td{classes} style="--share:{100 * share:.0f}%" title="{title}">{shown}</td>'


__all__ = ["data_words", "models_html", "percent"]
