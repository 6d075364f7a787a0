"""A face's expressions over time -> a small plot for a page: one row per expression, one line per model.

Rows instead of colours tell the expressions apart, so the plot can be read by colour-blind people; the models' lines
differ in their dashes too. It is HTML with inline SVG of a few kilobytes, made in about a millisecond, and takes its
other colours from the page around it.
"""

import html
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

UNITS = 300  # steps of the time axis; samples that share one are averaged
LINES = (("#2f7fd1", ""), ("#e08a1e", "5 2"), ("#0a9d76", "1.5 2"))  # colour and dashes of each model's line

CSS = """
.fer table.timeline { width: 100%; margin: 4px 0 0; border-collapse: collapse; font-size: 12.5px; table-layout: fixed; }
.fer table.timeline, .fer table.timeline :is(tr, th, td) { border: 0 !important; background: none !important; }
.fer table.timeline th { width: 76px; padding: 0 8px 0 0; text-align: right; font-weight: 400; }
.fer table.timeline td { padding: 1px 0; }
.fer table.timeline td.now { width: calc(46px * var(--models, 1)); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.fer table.timeline td.now span { display: inline-block; width: 46px; text-align: right; }
.fer table.timeline tr.top :is(th, td.now) { font-weight: 650; }
.fer table.timeline svg { display: block; width: 100%; height: 17px; border-radius: 3px;
  background: color-mix(in srgb, currentColor 7%, transparent); }
.fer table.timeline path { vector-effect: non-scaling-stroke; stroke-width: 1.6; fill-opacity: 0.22; }
.fer .axis { display: flex; justify-content: space-between; opacity: 0.75; }
.fer .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12.5px; }
.fer .legend svg { display: inline-block; width: 24px; height: 8px; margin-right: 6px; vertical-align: middle; }
"""


@dataclass(frozen=True)
class Sample:
    """at: seconds. probabilities: by model, of each of its expressions, 0 to 1."""

    at: float
    probabilities: dict[str, dict[str, float]]


class RollingTimeline:
    """The samples of the last `window` seconds, and never more than `capacity`: what comes faster is left out."""

    def __init__(self, window: float = 30.0, capacity: int = 300):
        self.window = window
        self._spacing = window / capacity
        self._samples: deque[Sample] = deque(maxlen=capacity)

    def add(self, sample: Sample) -> None:
        """Take the next sample in the order of time, unless it follows the last one too closely."""
        if not self._samples or sample.at - self._samples[-1].at >= self._spacing:
            self._samples.append(sample)
        self.forget(sample.at)

    def forget(self, now: float) -> None:
        """Drop what is older than the window at that time."""
        while self._samples and self._samples[0].at < now - self.window:
            self._samples.popleft()

    @property
    def samples(self) -> list[Sample]:
        """The oldest first."""
        return list(self._samples)


def timeline_html(
    samples: Sequence[Sample], start: float, end: float, gap: float = 1.0, ends: tuple[str, str] | None = None
) -> str:
    """The plot of one face.

    Args:
        samples: in the order of time; those outside of `start` to `end` seconds are left out.
        gap: a line is interrupted where samples are further apart, in seconds.
        ends: what is written under both ends of the time axis; by default their seconds.

    Raises:
        ValueError: `end` is not after `start`.
    """
    if not end > start:
        raise ValueError(f"a timeline ends after its start, not at {end} s from {start} s on")
    samples = [sample for sample in samples if start <= sample.at <= end]
    models = list(dict.fromkeys(model for sample in samples for model in sample.probabilities))
    latest = {model: next(s for s in reversed(samples) if model in s.probabilities) for model in models}
    answers = {max(at.probabilities[model], key=at.probabilities[model].__getitem__) for model, at in latest.items()}
    expressions = dict.fromkeys(e for model in models for e in latest[model].probabilities[model])
    rows = []
    for expression in expressions:
        paths, now = [], []
        for index, model in enumerate(models):
            points = [
                (sample.at, sample.probabilities[model][expression])
                for sample in samples
                if expression in sample.probabilities.get(model, ())
            ]
            color, dashes = LINES[index % len(LINES)]
            runs = _runs(points, start, end, gap)
            if len(models) == 1:
                paths.append(f'<path d="{_area(runs)}" fill="{color}"/>')
            paths.append(f'<path d="{_line(runs)}" fill="none" stroke="{color}" stroke-dasharray="{dashes}"/>')
            now.append(f"{100 * latest[model].probabilities[model].get(expression, 0):.0f} %")
        top = ' class="top"' if expression in answers else ""
        name, values = html.escape(expression), "".join(f"<span>{value}</span>" for value in now)
        rows.append(
            f'<tr{top}><th scope="row">{name}</th><td><svg viewBox="0 0 {UNITS} 100" preserveAspectRatio="none" '
            f'role="img" aria-label="{name} over time">{"".join(paths)}</svg></td><td class="now">{values}</td></tr>'
        )
    first, last = ends or (f"{start:.0f} s", f"{end:.0f} s")
    return (
        f'{_legend(models) if len(models) > 1 else ""}<table class="timeline" style="--models:{len(models)}" '
        f'aria-label="probability of each expression over time">{"".join(rows)}<tr><th></th><td><div class="axis">'
        f"<span>{html.escape(first)}</span><span>{html.escape(last)}</span></div></td>"
        '<td class="now"><span>last</span></td></tr></table>'
    )


def _legend(models: Iterable[str]) -> str:
    parts = []
    for index, model in enumerate(models):
        color, dashes = LINES[index % len(LINES)]
        line = f'<path d="M0 4H24" stroke="{color}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
        parts.append(f'<span><svg viewBox="0 0 24 8" aria-hidden="true">{line}</svg>{html.escape(model)}</span>')
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


__all__ = ["CSS", "RollingTimeline", "Sample", "timeline_html"]
