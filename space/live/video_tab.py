"""The Video tab: a short clip with its faces followed, their expressions over time, and a table of it."""

import html
import logging
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from fer_models.analyzer import Analyzer
from fer_models.video.clip import MAX_BYTES, MAX_SECONDS, VideoError, VideoProgress, VideoResult, annotate_video
from space.image.photo_input import ClipInput
from space.live.timeline_html import timeline_html
from space.page.html import message_html

logger = logging.getLogger(__name__)

MOST_MODELS = 3
SMOOTHING = {"off": 0.0, "a little (0.25 s)": 0.25, "medium (0.5 s)": 0.5, "strong (1 s)": 1.0}
STOPPED = "Stopped; nothing was kept."
FAILED = "The clip was not finished; try again in a minute."
REPORT_EVERY = 0.25  # seconds between two looks at the progress; also how soon a cancel takes effect
MOST_PLOTS = 12  # faces whose timeline is shown; the table has them all
WELCOME = f"Choose a clip of {MAX_SECONDS:.0f} seconds and {MAX_BYTES // 10**6} MB or less."


def progress_html(fraction: float, passed: float) -> str:
    """A progress bar with how long it will still take, from the seconds that have passed."""
    left = f", about {passed * (1 - fraction) / fraction:.0f} s left" if fraction > 0.02 and passed > 1 else ""
    return (
        f'<div class="fer working"><label>Following faces: {100 * fraction:.0f} %{left}'
        f'<progress value="{fraction:.3f}" max="1">{100 * fraction:.0f} %</progress></label></div>'
    )


def result_html(result: VideoResult) -> str:
    """A timeline for each face, of those seen longest."""
    if not result.faces:
        return message_html("No face found in this clip. Try one in which a face is larger, sharper or turned to you.")
    longest = sorted(result.faces, key=lambda face: -len(face.samples))[:MOST_PLOTS]
    notes = []
    if len(result.faces) > MOST_PLOTS:
        notes.append(f"Of {len(result.faces)} faces the {MOST_PLOTS} seen longest are shown; the table has them all.")
    if result.left_out:
        notes.append(f"Up to {result.left_out} more faces at a time were not followed and are not in the table.")
    if result.damaged:
        notes.append("Parts of the clip are damaged and were left out.")
    notes.append("The lines are smoothed as chosen; the table holds the answers as they were given.")
    plots = "".join(
        f'<section class="face" aria-label="face {face.number}"><h3>Face {face.number}, '
        f"{face.samples[0].at:.1f} to {face.samples[-1].at:.1f} s</h3>"
        f"{timeline_html(face.samples, 0.0, result.seconds, ends=('0 s', f'{result.seconds:.1f} s'))}</section>"
        for face in sorted(longest, key=lambda face: face.number)
    )
    return f'<div class="fer"><p class="hint">{html.escape(" ".join(notes))}</p>{plots}</div>'


def follow_clip(
    analyzer: Analyzer, source: str | None, models: Sequence[str], half_life: float
) -> Iterator[tuple[VideoProgress | None, str]]:
    """What the page shows while a clip is worked on: the progress, and the text to show; at last the result.

    The files lie among the uploads, in a folder named as theirs are: Gradio hands them out from there, and they are
    swept away with the uploads, whatever happens to this process. A cancel or a fault deletes them at once.
    """
    if source is None:
        yield None, message_html(WELCOME)
        return
    if not models:
        yield None, message_html("Choose at least one model.")
        return
    start = reported = time.monotonic()
    yield VideoProgress(0.0), progress_html(0.0, 0.0)
    folder = Path(get_upload_folder()) / secrets.token_hex(32)
    folder.mkdir(parents=True)
    result = None
    try:
        with closing(annotate_video(source, folder, analyzer, list(models)[:MOST_MODELS], half_life)) as job:
            for progress in job:
                now = time.monotonic()
                if progress.result is not None:
                    result = progress.result
                    yield progress, result_html(result)
                elif now - reported >= REPORT_EVERY:
                    reported = now
                    yield progress, progress_html(progress.fraction, now - start)
    except VideoError as error:
        yield None, message_html(str(error))
    except Exception:
        logger.exception("a clip was not finished")
        yield None, message_html(FAILED)
    finally:
        if result is None:
            shutil.rmtree(folder, ignore_errors=True)


def video_tab(analyzer: Analyzer) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`."""

    nothing = (gr.update(value=None, visible=False), gr.update(value=None, visible=False))
    idle = (gr.update(interactive=True), gr.update(visible=False))
    busy = (gr.update(interactive=False), gr.update(visible=True))

    def on_go(source, models, half_life):
        with closing(follow_clip(analyzer, source, models, half_life)) as steps:  # at once, when cancelled
            for progress, text in steps:
                if progress is None:
                    yield *nothing, text, *idle
                elif progress.result is None:
                    yield *nothing, text, *busy
                else:
                    done = progress.result
                    tables = [str(done.table), str(done.segments)]
                    yield (
                        gr.update(value=str(done.clip), visible=True),
                        gr.update(value=tables, visible=True),
                        text,
                        *idle,
                    )

    def on_start():
        return *nothing, message_html("Waiting for its turn."), *busy

    def on_stop():
        return *nothing, message_html(STOPPED), *idle

    names = list(analyzer.checkpoints)
    with gr.Tab("Video"), gr.Row(elem_classes="bench"):
        with gr.Column(scale=1, min_width=260, elem_classes="rail"):
            clip = ClipInput(
                sources=["upload"],
                label="Clip",
                elem_id="clip",
                height=260,
            )
            models = gr.Dropdown(
                names,
                value=names[:1],
                multiselect=True,
                max_choices=MOST_MODELS,
                label=f"Models (up to {MOST_MODELS})",
                elem_id="clip-models",
            )
            half_life = gr.Dropdown(list(SMOOTHING.items()), value=0.5, label="Smoothing", elem_id="clip-smoothing")
            go = gr.Button("Follow the faces", variant="primary", elem_id="clip-go")
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="clip-cancel")
        with gr.Column(scale=4, min_width=320):
            annotated = gr.Video(
                label="Faces marked (without sound)", visible=False, interactive=False, elem_id="annotated"
            )
            report = gr.HTML(message_html(WELCOME), elem_id="clip-report")
            table = gr.File(
                label="Tables (CSV): all answers, and segments",
                file_count="multiple",
                visible=False,
                elem_id="clip-table",
            )
        outputs = [annotated, table, report, go, cancel]
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        running = go.click(on_start, None, outputs, queue=False, **quiet).then(
            on_go, [clip, models, half_life], outputs, concurrency_limit=1, concurrency_id="video", **quiet
        )
        cancel.click(None, cancels=[running])
        # What Gradio cancels it calls failed, once it has ended; until then it would drop another click on "Follow".
        running.failure(on_stop, None, outputs, **quiet)
