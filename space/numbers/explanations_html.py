"""What the maps of each method are worth for each model, as HTML: intervals as a chart, the numbers as a table."""

import html
from collections.abc import Sequence

from fer_models.methods import method_title
from fer_models.results.explanations import Explanations, Mean, best_method

WIDTH, ROW, LEFT, RIGHT, TOP = 560, 22, 190, 12, 26  # of the chart, in its own units
LOWEST, HIGHEST, TICKS = -0.1, 0.3, (-0.1, 0.0, 0.1, 0.2, 0.3)
BASELINE = "mean map"


def explanations_html(results: Sequence[tuple[str, Explanations]]) -> str:
    """Models by the name that people know, with their results on the same pictures; nothing without any."""
    if not results:
        return ""
    first = results[0][1]
    figures = "".join(_figure(title, result) for title, result in results)
    return (
        "<section><h2>What a map is worth</h2><p>How much better a map tells where the answer rests than the mean map "
        "of many faces does, which never saw this face: 0 is no better, and the line is the 95 % interval over "
        f"{first.n_samples:,} faces ({html.escape(first.data.words)}). Blue lies above zero. A method is believed "
        f"where it beats a bump in the centre of the picture, too.</p>{figures}</section>"
    )


def _figure(title: str, result: Explanations) -> str:
    gains = {method: worth.gains[BASELINE] for method, worth in result.worth.items() if BASELINE in worth.gains}
    best = best_method(result)
    believed = (
        f"Believe {html.escape(method_title(best))} here."
        if best
        else "No method tells more about a face than its mean map and a bump in the centre of the picture do; take "
        "every map of this model with that in mind."
    )
    rows = "".join(
        f'<tr><th scope="row">{html.escape(method_title(method))}</th><td>{mean.value:+.3f} ± {mean.margin:.3f}</td>'
        f"<td>{_passing(result, method)}</td></tr>"
        for method, mean in gains.items()
    )
    return (
        f'<figure class="plot"><h3>{html.escape(title)}</h3><p>{believed}</p>{_chart(title, gains, best)}'
        '<details><summary>The numbers</summary><div class="scroll" role="region" tabindex="0" '
        f'aria-label="what the maps of {html.escape(title)} are worth"><table class="numbers"><thead><tr>'
        '<th scope="col">method</th><th scope="col">gain over its mean map</th><th scope="col">maps that pass</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div></details></figure>"
    )


def _passing(result: Explanations, method: str) -> str:
    verdicts = result.worth[method].verdicts
    return f"{100 * verdicts.get('passes', 0):.0f} %" if verdicts else "–"


def _x(value: float) -> float:
    share = (min(max(value, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _chart(title: str, gains: dict[str, Mean], best: str | None) -> str:
    """An interval per method, the best on top."""
    height = TOP + ROW * len(gains) + 4
    grid = "".join(
        f'<path class="grid" d="M{_x(tick):.1f} {TOP - 6}V{height}"/>'
        f'<text x="{_x(tick):.1f}" y="12" text-anchor="middle">{tick:+.1f}</text>'
        for tick in TICKS
    )
    lines = ""
    ordered = sorted(gains.items(), key=lambda item: (item[0] != best, -item[1].value))
    for place, (method, mean) in enumerate(ordered):
        y = TOP + ROW * place + ROW / 2
        color = "#0072b2" if mean.above_zero else "#8a8f98"
        weight = ' font-weight="700"' if method == best else ""
        lines += (
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end"{weight}>{html.escape(method_title(method))}</text>'
            f'<path d="M{_x(mean.value - mean.margin):.1f} {y:.1f}H{_x(mean.value + mean.margin):.1f}" '
            f'stroke="{color}" stroke-width="2"/><circle cx="{_x(mean.value):.1f}" cy="{y:.1f}" r="4" fill="{color}"/>'
        )
    said = "; ".join(f"{method_title(method)} {mean.value:+.2f} ± {mean.margin:.2f}" for method, mean in ordered)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="gain over the mean map, {html.escape(title)}: {html.escape(said)}">{grid}{lines}</svg>'
    )


__all__ = ["explanations_html"]
