"""A map's trust as HTML: the same verdict as beside the photo, what it rests on as curves and areas, and the map of
random weights beside the real one."""

import html

import numpy as np
from PIL import Image

from fer_models.looks import looks
from fer_models.trust import Faithfulness, MapTrust, Trust
from fer_models.words import steadiness_words
from space.image.check import map_check, place_words
from space.image.maps import layers
from space.image.sections import CROP_SIDE
from space.page.html import data_url

# Told apart by colour-blind people (Okabe and Ito), and by their dashes in print.
LINES = (("#d55e00", ""), ("#0072b2", "7 3"), ("#009e73", "2 3"), ("#cc79a7", "9 3 2 3"), ("#56b4e9", "4 2"))
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 170, 40, 24, 28  # of a plot, in its own units


def trust_html(trust: Trust, key: str = "") -> str:
    """Everything that was measured about one model's maps of one face; `key` tells these maps from others."""
    title = looks([trust.model])[trust.model].title
    section = (
        f'<section class="fer trust" data-key="{html.escape(key)}" '
        f'aria-label="can the maps of {html.escape(title)} be trusted">'
    )
    left_out = (
        f"<p>{html.escape(' and '.join(trust.flat))}: the same everywhere, so there is no order of the face to try out."
        "</p>"
        if trust.flat
        else ""
    )
    steady = (
        "<h4>Does the answer hold when the face is a little worse to see?</h4><p>With half the pixels, half the light, "
        f"blurred, compressed, shifted and turned, it is {steadiness_words(trust.steadiness)}.</p>"
    )
    if not trust.maps:
        return f"{section}{left_out}{steady}</section>"
    crop_url = data_url(trust.crop.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BICUBIC))
    rows = "".join(_row(index, measured) for index, measured in enumerate(trust.maps))
    chance = "".join(
        _areas(f"random maps of {height} x {width}, mean", curves, _swatch(_random_line(number)))
        for number, ((height, width), curves) in enumerate(trust.random.items())
    )
    checks = "".join(_sanity(measured, crop_url) for measured in trust.maps)
    return (
        f"{section}<h4>Map check of {html.escape(title)}</h4>{''.join(map(_verdict, trust.maps))}{left_out}"
        f"<p>The face is blurred in the order of the map, brightest first, then restored in that order. A map that "
        f"names what counts makes {html.escape(trust.expression)} fall faster and rise faster than maps that never "
        "saw this face do.</p>"
        f'<div class="plots">{_plot("blurred", "deletion", trust)}{_plot("restored", "insertion", trust)}</div>'
        f'<table class="areas"><thead><tr><th scope="col">area under the curve</th><th scope="col">blurred<br>'
        f'<small>lower is better</small></th><th scope="col">restored<br><small>higher is better</small></th></tr>'
        f"</thead><tbody>{rows}{chance}</tbody></table>"
        f"<h4>Is the map about what the model has learned?</h4>"
        f"<p>On the right, the map of the same network with random weights. Where it looks much the same, the map "
        f"shows the network's build and the picture, not the training.</p>"
        f'<div class="pairs">{checks}</div>{steady}</section>'
    )


def _verdict(measured: MapTrust) -> str:
    """The verdict on one map, as everywhere on the page, and its place among the others."""
    found = map_check(measured)
    return (
        f'<p class="verdict-of">{html.escape(measured.shown.name)}: <b class="badge {found.word}">{found.word}</b> '
        f"{html.escape(f'{found.sentence} {place_words(measured)}')}</p>"
    )


def _row(index: int, measured: MapTrust) -> str:
    own = _areas(measured.shown.name, measured.curves, _swatch(_line(index)))
    if measured.mean is None:
        return own
    return own + _areas("average map of other faces", measured.mean, _swatch(_mean_line(index)))


def _areas(name: str, curves: Faithfulness, swatch: str) -> str:
    return (
        f'<tr><th scope="row">{swatch}{html.escape(name)}</th>'
        f"<td>{curves.deletion_area:.2f}</td><td>{curves.insertion_area:.2f}</td></tr>"
    )


def _line(index: int) -> str:
    """SVG attributes of the line of a map."""
    color, dash = LINES[index % len(LINES)]
    return f'stroke="{color}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _mean_line(index: int) -> str:
    """The same of the average map that belongs to it."""
    return f'stroke="{LINES[index % len(LINES)][0]}" stroke-opacity="0.6" stroke-dasharray="12 4"'


def _random_line(number: int) -> str:
    """SVG attributes of the line of the random maps of one resolution: dots, wider apart for the next."""
    return f'class="random" stroke-dasharray="1 {4 + 3 * number}" stroke-linecap="round"'


def _swatch(line: str) -> str:
    return f'<svg class="swatch" viewBox="0 0 24 6" aria-hidden="true"><path d="M0 3H24" fill="none" {line}/></svg>'


def _plot(title: str, kind: str, trust: Trust) -> str:
    """One kind of curve for every map and the random ones."""
    floor, ceiling, right = HEIGHT - BOTTOM, TOP, WIDTH - 6

    def path(curve: np.ndarray) -> str:
        points = zip(np.linspace(LEFT, right, len(curve)), floor - (floor - ceiling) * curve, strict=True)
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)

    curves = [(_random_line(number), getattr(one, kind)) for number, one in enumerate(trust.random.values())]
    curves += [
        (_mean_line(index), getattr(measured.mean, kind))
        for index, measured in enumerate(trust.maps)
        if measured.mean is not None
    ]
    curves += [(_line(index), getattr(measured.curves, kind)) for index, measured in enumerate(trust.maps)]
    lines = "".join(f'<path d="{path(curve)}" fill="none" {line}/>' for line, curve in curves)
    grid = ""
    for share in (0, 0.5, 1):
        y = floor - (floor - ceiling) * share
        grid += f'<path class="grid" d="M{LEFT} {y}H{right}"/>'
        grid += f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{100 * share:.0f} %</text>'
    label = html.escape(f"{trust.expression}, while the face is {title}")
    axis = "".join(
        f'<text x="{x}" y="{HEIGHT - 10}" text-anchor="{anchor}">{text}</text>'
        for x, anchor, text in (
            (LEFT, "start", "0 %"),
            ((LEFT + right) / 2, "middle", f"of the face {title}"),
            (right, "end", "100 %"),
        )
    )
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="probability of {label}">'
        f'<text class="title" x="{LEFT}" y="12">{label}</text>{grid}{lines}{axis}</svg>'
    )


def _sanity(measured: MapTrust, crop_url: str) -> str:
    likeness = (
        "they cannot be compared, as one of them is the same everywhere"
        if measured.likeness is None
        else f"correlation {measured.likeness:.2f}"
    )
    name = html.escape(measured.shown.name)
    return (
        f'<figure class="pair"><div>{layers(measured.shown, crop_url)}{layers(measured.randomized, crop_url)}</div>'
        f"<figcaption><b>{name}</b> trained and with random weights: {likeness}.</figcaption></figure>"
    )


__all__ = ["trust_html"]
