"""The Video tab: a short clip with its faces followed, their expressions over time, and a table of it."""

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
from fer_models.looks import looks
from fer_models.paths import EXAMPLES
from fer_models.video.clip import MAX_BYTES, MAX_SECONDS, VideoError, VideoProgress, annotate_video
from space.image.photo_input import ClipInput
from space.live.video_html import progress_html, result_html
from space.page.html import message_html
from space.page.style import plain

logger = logging.getLogger(__name__)

EXAMPLE = EXAMPLES / "clip.mp4"
MOST_MODELS = 3
SMOOTHING = {"off": 0.0, "a little (0.25 s)": 0.25, "medium (0.5 s)": 0.5, "strong (1 s)": 1.0}
TOO_LONG = "The clip took too long; try a shorter one, or fewer models."
STOPPED = "Stopped; nothing was kept."
FAILED = "The clip was not finished; try again in a minute."
MOST_SECONDS = 600
REPORT_EVERY = 0.25  # seconds between two looks at the progress; also how soon a cancel takes effect
WELCOME = f"Choose a clip of {MAX_SECONDS:.0f} seconds and {MAX_BYTES // 10**6} MB or less."


def follow_clip(
    analyzer: Analyzer,
    source: str | None,
    models: Sequence[str],
    half_life: float,
    maps: bool = False,
    most: float = MOST_SECONDS,
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
        with closing(annotate_video(source, folder, analyzer, list(models)[:MOST_MODELS], half_life, maps=maps)) as job:
            for progress in job:
                now = time.monotonic()
                if now - start > most:
                    yield None, message_html(TOO_LONG)
                    return
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


def video_tab(analyzer: Analyzer, fastest: str, most_seconds: float = MOST_SECONDS) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`. It starts with the `fastest` model."""

    nothing = (gr.update(value=None, visible=False), gr.update(value=None, visible=False))
    idle = (gr.update(interactive=True), gr.update(visible=False))
    busy = (gr.update(interactive=False), gr.update(visible=True))

    def on_go(source, models, half_life, maps):
        with closing(
            follow_clip(analyzer, source, models, half_life, maps, most_seconds)
        ) as steps:  # at once, when cancelled
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

    names = [(look.title, name) for name, look in looks(analyzer.checkpoints).items()]
    with gr.Tab("Video", id="video", elem_id="video-tab"), gr.Row(elem_classes="bench"):
        with gr.Column(scale=1, min_width=260, elem_classes="rail"):
            clip = ClipInput(
                sources=["upload"],
                label="Clip",
                elem_id="clip",
                height=260,
            )
            example = gr.Button("Use the example clip", size="sm", elem_id="clip-example")
            models = gr.Dropdown(
                names,
                value=[fastest],
                multiselect=True,
                max_choices=MOST_MODELS,
                label=f"Models (up to {MOST_MODELS})",
                elem_id="clip-models",
            )
            half_life = gr.Dropdown(list(SMOOTHING.items()), value=0.5, label="Smoothing", elem_id="clip-smoothing")
            maps = gr.Checkbox(False, label="Draw the first model's map on the faces", elem_id="clip-maps")
            go = gr.Button("Follow the faces", variant="primary", elem_id="clip-go")
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="clip-cancel")
        with gr.Column(scale=4, min_width=320):
            annotated = gr.Video(
                label="Faces marked (without sound)", visible=False, interactive=False, elem_id="annotated"
            )
            report = plain(message_html(WELCOME), elem_id="clip-report")
            table = gr.File(
                label="Tables (CSV): all answers, and segments",
                file_count="multiple",
                visible=False,
                elem_id="clip-table",
            )
        outputs = [annotated, table, report, go, cancel]
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        running = go.click(on_start, None, outputs, concurrency_limit=None, **quiet).then(
            on_go, [clip, models, half_life, maps], outputs, concurrency_limit=1, concurrency_id="video", **quiet
        )
        example.click(lambda: str(EXAMPLE), None, clip, **quiet)
        cancel.click(None, cancels=[running])
        # What Gradio cancels it calls failed, once it has ended; until then it would drop another click on "Follow".
        running.failure(on_stop, None, outputs, **quiet)
