"""The Live tab: every frame of a camera answered and explained as it comes, by up to three models."""

import base64
import html
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.looks import looks
from fer_models.methods import METHODS
from fer_models.photo import PhotoError, read_photo
from fer_models.video.stream import FaceStream
from space.cameras import Cameras
from space.live.html import LiveView
from space.page.html import message_html
from space.page.style import plain
from space.visitor import current_session, current_visitor

MOST_MODELS = 3
SLOW_METHODS = ("eigencam", "integrated")  # several times the time of a forward pass
SMOOTHING = {
    0.0: "off",
    0.25: "a little (0.25 s)",
    0.5: "medium (0.5 s)",
    1.0: "strong (1 s)",
    2.0: "very strong (2 s)",
}
DEFAULT_SMOOTHING = 0.5
BUDGET = 0.1  # seconds of a frame that the models may take; what does not fit is asked about the next one
AT_ONCE = 2  # frames are answered
FORGET_AFTER = 60  # seconds without a picture until the last faces and their timelines are forgotten
MOST_CHARACTERS = 4_000_000  # of a frame; the page sends pictures of 640 x 480, some forty kilobytes
WELCOME = "Start the camera. Its pictures are answered as they come; none is written to disk."
NO_MODEL = "Choose at least one model."
BUSY = "The cameras of other visitors are answered at the moment. Yours follows as soon as one of them stops."
DAMAGED = "The camera’s picture arrived damaged; the next one will be answered."


@dataclass(frozen=True)
class LiveWish:
    """models: that answer. shown: the one whose map lies on the face. expression: `None` for the shown answer."""

    models: tuple[str, ...]
    shown: str = ""
    method: str = "gradcam"
    expression: str | None = None
    half_life: float = DEFAULT_SMOOTHING


def read_live_wish(told: Mapping[str, Any] | None, names: Sequence[str], expressions: Sequence[str]) -> LiveWish:
    """What a browser sent; what is unknown is as if it were not there."""
    told = told if isinstance(told, Mapping) else {}
    asked = told.get("models")
    method, expression, smoothing = told.get("method"), told.get("expression"), told.get("smoothing")
    return LiveWish(
        models=tuple(name for name in names if isinstance(asked, list) and name in asked)[:MOST_MODELS],
        shown=told.get("shown") if told.get("shown") in names else "",
        method=method if isinstance(method, str) and method in METHODS and method not in SLOW_METHODS else "gradcam",
        expression=expression if isinstance(expression, str) and expression in expressions else None,
        half_life=float(smoothing) if smoothing in [str(known) for known in SMOOTHING] else DEFAULT_SMOOTHING,
    )


def frame_of(told: Mapping[str, Any] | None) -> bytes | None:
    """The picture that came with it; `None` where there is none.

    Raises:
        PhotoError: it is damaged or too large.
    """
    frame = told.get("frame") if isinstance(told, Mapping) else None
    if not isinstance(frame, str) or not frame:
        return None
    if len(frame) > MOST_CHARACTERS:
        raise PhotoError("The camera’s pictures are too large; choose a smaller size.")
    try:
        return base64.b64decode(frame.partition(",")[2], validate=True)
    except ValueError as error:
        raise PhotoError(DAMAGED) from error


def answer_frame(
    analyzer: Analyzer, told: Mapping[str, Any] | None, view: LiveView | None
) -> tuple[str, LiveView | None]:
    """The page for a frame, or one sentence that says what is missing; and what is remembered until the next."""
    wish = read_live_wish(told, list(analyzer.checkpoints), analyzer.expressions)
    try:
        encoded = frame_of(told)
        if encoded is None:
            return message_html(WELCOME), view
        if not wish.models:
            return message_html(NO_MODEL), view
        view = view or LiveView(FaceStream(analyzer, budget=BUDGET))
        stream = view.stream
        stream.models, stream.method = list(wish.models), wish.method
        stream.expression, stream.half_life = wish.expression, wish.half_life
        with stream.timed("read picture"):
            frame = read_photo(encoded)
    except PhotoError as error:
        return message_html(str(error)), view
    at = time.monotonic()
    faces = stream.feed(frame, at)
    with stream.timed("page"):
        page = view.html(frame, encoded, faces, at, wish.shown)
    return page, view


def controls_html() -> str:
    """The buttons."""
    return (
        '<div class="fer live-tools"><button type="button" class="primary" data-live="camera" aria-pressed="false">'
        'Start the camera</button><button type="button" data-live="record" aria-pressed="false" disabled>Record'
        "</button>"
        '<span class="hint" id="live-told" role="status"></span></div>'
        '<p class="fer notice" id="live-notice" role="alert" hidden></p>'
    )


def settings_html(names: Sequence[str], expressions: Sequence[str], first: str) -> str:
    """The settings; the browser sends them with each frame."""
    titles = {name: look.title for name, look in looks(names).items()}
    models = "".join(
        f'<label><input type="checkbox" name="live-models" value="{html.escape(name)}"'
        f"{' checked' if name == first else ''}> {html.escape(title)}</label>"
        for name, title in titles.items()
    )
    methods = {key: method.title for key, method in METHODS.items() if key not in SLOW_METHODS}
    about = {"": "each model's own answer"} | {expression: expression for expression in expressions}
    smoothing = {str(seconds): words for seconds, words in SMOOTHING.items()}
    return (
        '<div class="fer"><form class="settings wide" id="live-settings"><fieldset>'
        f"<legend>Models (up to {MOST_MODELS})</legend>{models}</fieldset>"
        f"{_select('live-shown', 'The map on the face is of', titles, first)}"
        f"{_select('live-method', 'Explain with', methods, 'gradcam')}"
        f"{_select('live-expression', 'The map is about', about, '')}"
        f"{_select('live-smoothing', 'Smoothing', smoothing, str(DEFAULT_SMOOTHING))}</form></div>"
    )


def _select(name: str, label: str, options: Mapping[str, str], chosen: str) -> str:
    listed = "".join(
        f'<option value="{html.escape(key)}"{" selected" if key == chosen else ""}>{html.escape(text)}</option>'
        for key, text in options.items()
    )
    return f'<label>{label}<select name="{name}">{listed}</select></label>'


def live_tab(analyzer: Analyzer, fastest: str, cameras: Cameras) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`. It starts with the `fastest` model."""

    def on_frame(told, view):
        if not cameras.admit(current_visitor(), current_session()):
            return message_html(BUSY), view
        return answer_frame(analyzer, told, view)

    with gr.Tab("Live", id="live", elem_id="live-tab"):
        plain(controls_html(), elem_id="live-controls")
        live = plain(message_html(WELCOME), elem_id="live")
        plain(settings_html(list(analyzer.checkpoints), analyzer.expressions, fastest), elem_id="live-form")
        told = gr.JSON(visible="hidden")
        view = gr.State(None, time_to_live=FORGET_AFTER)
        asker = plain("", visible="hidden", js_on_load="window.fer.live.connect(trigger)")
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        answered = asker.select(
            on_frame,
            [told, view],
            [live, view],
            js="() => window.fer.live.asked()",
            concurrency_limit=AT_ONCE,
            concurrency_id="camera",  # a stream never holds the place of an upload
            trigger_mode="always_last",
            **quiet,
        )
        answered.success(None, None, None, js="() => window.fer.live.answered()", **quiet)
        answered.failure(None, None, None, js="() => window.fer.live.failed()", **quiet)


__all__ = ["answer_frame", "live_tab", "read_live_wish"]
