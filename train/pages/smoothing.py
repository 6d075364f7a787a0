"""What smoothing over time is worth, what long videos take, and who keeps a number -> tables."""

from collections.abc import Callable

from fer_models.results import percent
from fer_models.results.crossing import Crossing
from fer_models.results.long_videos import LongVideos
from fer_models.results.smoothing import Smoothing
from train.pages.found import Found
from train.pages.markdown import table


def smoothing(found: Found, _: str) -> str:
    """A table per way of drawing the expressions, for every checkpoint that was measured."""
    parts = []
    for result in found.all(Smoothing):
        made = result.made
        for drawn, ways in result.ways.items():
            rows = [
                [name, percent(way.accuracy), percent(way.segment_f1), f"{way.delay:.2f} s"]
                for name, way in ways.items()
            ]
            head = f"`{result.checkpoint.name}`, expressions {drawn}"
            parts.append(table([head, "frames", "segments, F1", "delay"], rows))
        parts.append(
            f"{made.sequences} sequences of {made.seconds:.0f} s, {made.rate:g} answers a second, "
            f"{percent(made.spoilt, 0)} of the frames blurred or dark, made of {result.data.words}."
        )
    return "\n\n".join(parts) or "No results yet."


def long_videos(found: Found, _: str) -> str:
    """A row per length of a video."""
    result = found.files.get("long-videos")
    if not isinstance(result, LongVideos):
        return "Not measured yet."
    rows = [
        [f"{seconds:,} s", f"{one.peak_megabytes:,.0f} MB", f"{one.took:,.0f} s", f"{one.rows:,}"]
        for seconds, one in result.followed.items()
    ]
    width, height = result.size
    on = (
        f"`{result.model}`, {width} x {height}, {result.fps:g} answers a second. Measured on "
        f"{result.hardware['device']} (`results/long-videos.json`)."
    )
    return f"{table(['video', 'peak memory', 'took', 'rows'], rows)}\n\n{on}"


def crossing(found: Found, _: str) -> str:
    """Under which numbers people are found again."""
    result = found.files.get("crossing")
    if not isinstance(result, Crossing):
        return "Not measured yet."
    rows = [
        [name, str(kept.clips), *(percent(share, 0) for share in (kept.own, kept.of_another, kept.new, kept.unseen))]
        for name, kept in result.happenings.items()
    ]
    header = ["what happens", "clips", "own number", "another's", "a new one", "not followed"]
    return (
        table(header, rows) + f"\n\nShares of the moments; {result.rate:g} frames a second (`results/crossing.json`)."
    )


PARTS: dict[str, Callable[[Found, str], str]] = {
    "smoothing": smoothing,
    "long videos": long_videos,
    "crossing": crossing,
}
