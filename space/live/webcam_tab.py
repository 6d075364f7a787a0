"""The Webcam tab: every frame answered and explained as it comes, by up to three models."""

import time
from collections.abc import Sequence

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.explain import METHODS
from fer_models.faces import PhotoError, read_photo
from fer_models.video.stream import FaceStream
from space.image.photo_input import PhotoInput, asked_expression, expression_choice
from space.live.html import LiveView
from space.page.html import message_html

MOST_MODELS = 3
SLOW_METHODS = ("eigencam",)  # twice the time of a forward pass
SMOOTHING = {
    "off": 0.0,
    "a little (0.25 s)": 0.25,
    "medium (0.5 s)": 0.5,
    "strong (1 s)": 1.0,
    "very strong (2 s)": 2.0,
}
STREAM_EVERY = 0.08  # seconds; the server takes the newest picture when it is done with the last
BUDGET = 0.1  # seconds of a frame that the models may take; what does not fit is asked about the next one
CAMERAS = 2  # served at once; more share the time in slices
TIME_SLICE = 60  # seconds
FORGET_AFTER = 60  # seconds without a picture until the last faces and their timelines are forgotten
WELCOME = "Turn on the camera and press record. No picture is written to disk."


def answer_frame(
    analyzer: Analyzer,
    source: bytes | PhotoError | None,
    view: LiveView | None,
    models: Sequence[str],
    method: str,
    expression: str,
    half_life: float,
) -> tuple[str, LiveView | None]:
    """The page for a frame, or one sentence that says what is missing; and what is remembered until the next."""
    if source is None:
        return message_html(WELCOME), view
    if isinstance(source, PhotoError):
        return message_html(str(source)), view
    if not models:
        return message_html("Choose at least one model."), view
    view = view or LiveView(FaceStream(analyzer, budget=BUDGET))
    stream = view.stream
    stream.models, stream.method = list(models)[:MOST_MODELS], method
    stream.expression, stream.half_life = asked_expression(expression), half_life
    try:
        with stream.timed("read picture"):
            frame = read_photo(source)
    except PhotoError as error:
        return message_html(str(error)), view
    at = time.monotonic()
    faces = stream.feed(frame, at)
    with stream.timed("page"):
        page = view.html(frame, source, faces, at)
    return page, view


def webcam_tab(analyzer: Analyzer) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`."""

    def on_frame(source, view, *settings):
        return answer_frame(analyzer, source, view, *settings)

    names = list(analyzer.checkpoints)
    methods = [(method.title, key) for key, method in METHODS.items() if key not in SLOW_METHODS]
    with gr.Tab("Webcam"), gr.Row(elem_classes="bench"):
        with gr.Column(scale=1, min_width=260, elem_classes="rail"):
            camera = PhotoInput(
                sources=["webcam"],
                streaming=True,
                type="filepath",
                label="Camera",
                elem_id="camera",
                webcam_options=gr.WebcamOptions(constraints={"video": {"width": 640, "height": 480}}),
            )
            with gr.Group(elem_classes="later"):
                models = gr.Dropdown(
                    names,
                    value=names[:MOST_MODELS],
                    multiselect=True,
                    max_choices=MOST_MODELS,
                    label=f"Models (up to {MOST_MODELS})",
                    elem_id="camera-models",
                )
                method = gr.Dropdown(methods, value="gradcam", label="Explain with", elem_id="camera-method")
                expression = expression_choice(analyzer, "camera-expression")
                half_life = gr.Dropdown(
                    list(SMOOTHING.items()),
                    value=0.5,
                    label="Smoothing",
                    info="Time after which what is shown has gone half of the way to a new answer.",
                    elem_id="camera-smoothing",
                )
        with gr.Column(scale=4, min_width=320):
            live = gr.HTML(message_html(WELCOME), elem_id="live")
        view = gr.State(None, time_to_live=FORGET_AFTER)
        camera.stream(
            on_frame,
            [camera, view, models, method, expression, half_life],
            [live, view],
            stream_every=STREAM_EVERY,
            time_limit=TIME_SLICE,
            concurrency_limit=CAMERAS,
            concurrency_id="camera",  # a stream never holds the place of an upload
            show_progress="hidden",
            api_visibility="private",
        )
