"""What the Video tab says: how far it is, and for each face its expressions over time and their shares."""

import html
from collections import Counter

from fer_models.looks import looks
from fer_models.video.clip import VideoFace, VideoResult
from space.image.words import share_words
from space.live.timeline_html import timeline_html
from space.page.html import message_html

MOST_PLOTS = 12  # faces whose timeline is shown; the table has them all
MOST_SEGMENTS = 8  # of one face and model, on the page
NO_FACE = "No face found in this clip. Try one in which a face is larger, sharper or turned to you."
CLICK = "Click into a line, or move the slider below it, to see the clip at that moment."


def progress_html(fraction: float, passed: float) -> str:
    """A progress bar with how long it will still take, from the seconds that have passed."""
    left = f", about {passed * (1 - fraction) / fraction:.0f} s left" if fraction > 0.02 and passed > 1 else ""
    return (
        f'<div class="fer working"><label>Following faces: {100 * fraction:.0f} %{left}'
        f'<progress value="{fraction:.3f}" max="1">{100 * fraction:.0f} %</progress></label></div>'
    )


def result_html(result: VideoResult) -> str:
    """A timeline and a table for each face, of those seen longest."""
    if not result.faces:
        return message_html(NO_FACE)
    longest = sorted(result.faces, key=lambda face: -len(face.samples))[:MOST_PLOTS]
    notes = [CLICK]
    if len(result.faces) > MOST_PLOTS:
        notes.append(f"Of {len(result.faces)} faces the {MOST_PLOTS} seen longest are shown; the table has them all.")
    if result.left_out:
        notes.append(f"Up to {result.left_out} more faces at a time were not followed and are not in the table.")
    if result.damaged:
        notes.append("Parts of the clip are damaged and were left out.")
    notes.append("The lines are smoothed as chosen; the table holds the answers as they were given.")
    faces = "".join(_face(face, result.seconds) for face in sorted(longest, key=lambda face: face.number))
    return f'<div class="fer video-report"><p class="hint">{html.escape(" ".join(notes))}</p>{faces}</div>'


def _face(face: VideoFace, seconds: float) -> str:
    plot = timeline_html(
        face.samples, 0.0, seconds, ends=("0 s", f"{seconds:.1f} s"), moment=f"moment of the clip, face {face.number}"
    )
    return (
        f'<section class="face" aria-label="face {face.number}"><h3>Face {face.number}, '
        f"{face.samples[0].at:.1f} to {face.samples[-1].at:.1f} s</h3>{plot}{_segments(face)}{_shares(face)}</section>"
    )


def _segments(face: VideoFace) -> str:
    """When the face showed what, by all answers of the clip; a press shows the clip at the peak."""
    titles = looks(face.segments)
    told = ""
    for model, found in face.segments.items():
        rows = "".join(
            f'<tr><th scope="row">{html.escape(one.expression)}</th><td>{one.onset:.1f} to {one.end:.1f} s</td>'
            f'<td><button type="button" class="chip" data-at="{one.peak:.3f}" aria-label="peak '
            f'{one.peak:.1f} s of {html.escape(one.expression)}: show it">peak {one.peak:.1f} s</button></td>'
            f"<td>{share_words(one.certainty)}</td></tr>"
            for one in found[:MOST_SEGMENTS]
        )
        left = len(found) - MOST_SEGMENTS
        more = f'<tr><td colspan="4">{left} more in the table of segments.</td></tr>' if left > 0 else ""
        title = html.escape(titles[model].title)
        told += f'<table class="named segments"><caption>segments, {title}</caption>{rows}{more}</table>'
    return told


def _shares(face: VideoFace) -> str:
    """In which share of the time each model named what."""
    named: dict[str, Counter] = {}
    for sample in face.samples:
        for model, shares in sample.probabilities.items():
            named.setdefault(model, Counter())[max(shares, key=shares.get)] += 1
    titles = looks(named)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(titles[model].title)}</th><td>'
        + html.escape(", ".join(f"{name} {share_words(n / counts.total())}" for name, n in counts.most_common(3)))
        + "</td></tr>"
        for model, counts in named.items()
    )
    return f'<table class="named"><caption>share of the time</caption>{rows}</table>'


__all__ = ["MOST_PLOTS", "MOST_SEGMENTS", "progress_html", "result_html"]
