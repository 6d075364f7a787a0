"""A face's expressions over time -> a small plot for a page: one row per expression, one line per model.

Rows instead of colours tell the expressions apart, so the plot can be read by colour-blind people; the models' lines
have the colours and dashes that they have everywhere. It is HTML with inline SVG of a few kilobytes, made in about a
millisecond, and takes its other colours from the page around it.
"""

import html
from collections.abc import Iterable, Sequence

from fer_models.looks import Look, looks
from fer_models.video.timeline import Sample

UNITS = 300  # steps of the time axis; samples that share one are averaged


def timeline_html(
    samples: Sequence[Sample],
    start: float,
    end: float,
    gap: float = 1.0,
    ends: tuple[str, str] | None = None,
    moment: str | None = None,
) -> str:
    """The plot of one face.

    Args:
        samples: in the order of time; those outside of `start` to `end` seconds are left out.
        gap: a line is interrupted where samples are further apart, in seconds.
        ends: what is written under both ends of the time axis; by default their seconds.
        moment: the name of a slider along the time axis, whose value is a second; none by default.

    Raises:
        ValueError: `end` is not after `start`.
    """
    if not end > start:
        raise ValueError(f"a timeline ends after its start, not at {end} s from {start} s on")
    samples = [sample for sample in samples if start <= sample.at <= end]
    models = list(dict.fromkeys(model for sample in samples for model in sample.probabilities))
    drawn = looks(models)
    latest = {model: next(s for s in reversed(samples) if model in s.probabilities) for model in models}
    answers = {max(at.probabilities[model], key=at.probabilities[model].get) for model, at in latest.items()}
    expressions = dict.fromkeys(e for model in models for e in latest[model].probabilities[model])
    rows = []
    for expression in expressions:
        paths, now = [], []
        for model in models:
            points = [
                (sample.at, sample.probabilities[model][expression])
                for sample in samples
                if expression in sample.probabilities.get(model, ())
            ]
            color, dashes = f"var(--model-{drawn[model].number})", drawn[model].dash
            runs = _runs(points, start, end, gap)
            if len(models) == 1:
                paths.append(f'<path d="{_area(runs)}" style="fill:{color}"/>')
            paths.append(f'<path d="{_line(runs)}" fill="none" style="stroke:{color}" stroke-dasharray="{dashes}"/>')
            share = latest[model].probabilities[model].get(expression, 0)
            now.append("&gt;99 %" if share > 0.99 else f"{100 * share:.0f} %")  # no model is ever certain
        top = ' class="top"' if expression in answers else ""
        name, values = html.escape(expression), "".join(f"<span>{value}</span>" for value in now)
        rows.append(
            f'<tr{top}><th scope="row">{name}</th><td data-span="{start:.3f} {end:.3f}"><svg viewBox="0 0 {UNITS} 100" '
            f'preserveAspectRatio="none" role="img" aria-label="{name} over time">{"".join(paths)}</svg></td>'
            f'<td class="now">{values}</td></tr>'
        )
    slider = ""
    if moment is not None:
        slider = (
            f'<input type="range" class="moment" aria-label="{html.escape(moment)}" min="{start:.3f}" max="{end:.3f}" '
            f'step="{(end - start) / UNITS:.3f}" value="{start:.3f}">'
        )
    first, last = ends or (f"{start:.0f} s", f"{end:.0f} s")
    return (
        f'{_legend(drawn.values()) if len(models) > 1 else ""}<table class="timeline" style="--models:{len(models)}" '
        f'aria-label="probability of each expression over time">{"".join(rows)}<tr><th></th><td>{slider}'
        f'<div class="axis"><span>{html.escape(first)}</span><span>{html.escape(last)}</span></div></td>'
        '<td class="now"><span>last</span></td></tr></table>'
    )


def _legend(drawn: Iterable[Look]) -> str:
    parts = []
    for look in drawn:
        line = f'<path d="M0 4H24" style="stroke:var(--model-{look.number})" stroke-dasharray="{look.dash}"/>'
        parts.append(f'<span><svg viewBox="0 0 24 8" aria-hidden="true">{line}</svg>{html.escape(look.title)}</span>')
    return f'<div class="legend">{"".join(parts)}</div>'


def _runs(points: Sequence[tuple[float, float]], start: float, end: float, gap: float) -> list[list[tuple[int, int]]]:
    """Points as (unit of the time axis, percent below the top), one list for each stretch without a gap. Of points on a
    level only the first and last are kept, which leaves out most."""
    runs: list[list[tuple[int, list[float]]]] = []
    before = float("-inf")
    for at, value in points:
        x = round(UNITS * (at - start) / (end - start))
        if at - before > gap:
            runs.append([])
        if runs[-1] and runs[-1][-1][0] == x:
            runs[-1][-1][1].append(value)
        else:
            runs[-1].append((x, [value]))
        before = at
    levels = [[(x, round(100 - 100 * sum(values) / len(values))) for x, values in run] for run in runs]
    return [
        [
            point
            for i, point in enumerate(run)
            if i in (0, len(run) - 1) or not run[i - 1][1] == point[1] == run[i + 1][1]
        ]
        for run in levels
    ]


def _line(runs: list[list[tuple[int, int]]]) -> str:
    """An SVG path; a single point becomes a dash."""
    return "".join("M" + "L".join(f"{x} {y}" for x, y in run) + ("h1" if len(run) == 1 else "") for run in runs)


def _area(runs: list[list[tuple[int, int]]]) -> str:
    """The SVG path of what lies below the line."""
    return "".join(f"M{run[0][0]} 100L" + "L".join(f"{x} {y}" for x, y in run) + f"L{run[-1][0]} 100Z" for run in runs)


__all__ = ["timeline_html"]
