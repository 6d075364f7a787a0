"""A camera frame's page: the very picture that came, what was found in it, and a sentence for every fault."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import Analyzer, FaceMap, Prediction
from fer_models.faces import Face
from fer_models.methods import METHODS
from fer_models.video.stream import FaceStream, FollowedFace
from space.live.html import LiveView
from space.live.live_tab import MOST_MODELS, SLOW_METHODS, answer_frame, read_live_wish, settings_html


class OneFace:
    """A detector that finds one face in every picture that is not black."""

    def detect(self, photo):
        return [Face((16, 12, 48, 36), np.zeros((5, 2)), 1.0)] if photo.getbbox() else []

    def follow(self, photo, faces):
        return list(faces) if photo.getbbox() else [None] * len(faces)


class Happy:
    """A model that always answers happiness with two maps."""

    def __init__(self, name: str):
        self.name = name
        self.expressions = ["anger", "happiness"]
        self.face_margin = 0.0

    def is_sure(self, probability):
        return True

    def predict(self, crops, method, expression, balanced=False, mirror=False):
        maps = [
            FaceMap("Grad-CAM for happiness", np.eye(7, dtype=np.float32), "Where it looked.", "heat"),
            FaceMap("patch attention", np.full((2, 2), 0.25, dtype=np.float32), "Four shares.", "shares"),
        ]
        return [
            Prediction(self.name, {"anger": 0.2, "happiness": 0.8}, True, crop, "happiness", maps) for crop in crops
        ]


class FakeAnalyzer(Analyzer):
    """The analyzer itself, with such models and such a detector."""

    def __init__(self, *names: str):
        self.checkpoints = {name: Happy(name) for name in names}
        self.detector = OneFace()


@pytest.fixture
def analyzer():
    return FakeAnalyzer("a", "b", "c", "d")


def jpeg(color: tuple[int, int, int] = (200, 180, 160)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(buffer, "JPEG")
    return buffer.getvalue()


def asked(source: bytes | None, models=("a",), **more) -> dict:
    """What the page sends."""
    frame = f"data:image/jpeg;base64,{base64.b64encode(source).decode()}" if source else None
    return {"frame": frame, "models": list(models)} | more


def answered(analyzer, source, view=None, **more):
    return answer_frame(analyzer, asked(source, **more), view)


def test_the_picture_goes_back_as_it_came(analyzer):
    page, _ = answered(analyzer, jpeg())
    sent = re.search(r'class="photo shown" src="data:image/jpeg;base64,([^"]+)"', page)[1]
    assert base64.b64decode(sent) == jpeg()


def test_the_box_lies_on_the_face_at_any_size_of_the_page(analyzer):
    page, _ = answered(analyzer, jpeg())
    assert 'style="left:25.0%;top:25.0%;width:50.0%;height:50.0%"' in page
    assert "<b>1</b> <i>happiness</i>" in page


def test_there_is_a_row_per_model_and_the_map_of_the_chosen_one_lies_on_the_face(analyzer):
    page, _ = answered(analyzer, jpeg(), models=("a", "b"), shown="b")
    rows = re.findall(r'data-face="1" data-model="(\w)" data-expression="(\w+)" data-probability="([\d.]+)"', page)
    assert rows == [("a", "happiness", "0.8000"), ("b", "happiness", "0.8000")]
    assert page.count('class="heat heat"') == 1 and page.count("80 %</span></div>") == 2


def test_no_more_than_three_models_are_asked(analyzer):
    page, view = answered(analyzer, jpeg(), models="abcd")
    assert "per answer: a " in page and "c " in page
    assert page.count('class="row"') == MOST_MODELS == 3
    answered(analyzer, jpeg(), view, models="abcd")
    assert list(view.stream.milliseconds) == ["read picture", "find faces", "a", "b", "c", "page"]


def test_the_timeline_grows_with_the_frames(analyzer):
    view = LiveView(FaceStream(analyzer, ["a"]))
    view.stream.tracker.detect_every = 60
    frame = Image.new("RGB", (64, 48), "white")
    ends = []
    for step in range(4):
        at = 100.0 + step * 7.5
        page = view.html(frame, jpeg(), view.stream.feed(frame, at), at)
        line = re.search(r'aria-label="happiness over time">.*?<path d="([^"]*)" fill="none"', page)[1]
        ends.append([int(x) for x in re.findall(r"[ML](\d+) ", line)])
    assert ends[0] == [300] and ends[1] == [225, 300] and ends[3] == [75, 300]


def test_the_plots_are_not_drawn_for_every_frame(analyzer):
    view = LiveView(FaceStream(analyzer, ["a"]))
    frame = Image.new("RGB", (64, 48), "white")
    plots = []
    for at in (100.0, 100.1, 100.2, 100.3):
        page = view.html(frame, jpeg(), view.stream.feed(frame, at), at)
        plots.append(re.search(r'<div class="plots">.*?</table>', page)[0])
    assert plots[0] == plots[1] == plots[2] != plots[3]


def test_a_model_that_is_no_longer_chosen_is_gone_from_the_plots(analyzer):
    _, view = answered(analyzer, jpeg(), models=("a", "b"))
    view._plotted = float("-inf")
    page, _ = answered(analyzer, jpeg(), view, models=("b",))
    assert page.count("<path") and "--model-6" not in page.partition('class="plots"')[2]


def test_a_picture_without_a_face_is_shown_and_says_so(analyzer):
    page, _ = answered(analyzer, jpeg((0, 0, 0)))
    assert "No face in the picture." in page and 'class="photo shown"' in page


@pytest.mark.parametrize(
    "source, models, words",
    [(None, ["a"], "Start the camera"), (jpeg(), [], "at least one model"), (b"no picture", ["a"], "not a picture")],
)
def test_each_fault_has_one_sentence_and_the_next_frame_is_answered(analyzer, source, models, words):
    page, view = answered(analyzer, source, models=models)
    assert words in page and 'class="photo shown"' not in page
    page, _ = answered(analyzer, jpeg(), view)
    assert 'class="photo shown"' in page


@pytest.mark.parametrize("frame", ["data:image/jpeg;base64,%%", "data:image/jpeg;base64," + "A" * 5_000_000])
def test_a_frame_that_is_damaged_or_too_large_is_told_about(analyzer, frame):
    page, view = answer_frame(analyzer, {"frame": frame, "models": ["a"]}, None)
    assert re.search("damaged|too large", page) and view is None


@pytest.mark.parametrize(
    "told", [None, {"models": "a"}, {"method": "magic"}, {"method": "eigencam"}, {"shown": ["a"]}, {"smoothing": "7"}]
)
def test_what_cannot_be_meant_is_as_if_it_were_not_there(told):
    assert read_live_wish(told, ["a", "b"], ["anger"]) == read_live_wish({}, ["a", "b"], ["anger"])


def test_each_visitor_has_faces_of_their_own(analyzer):
    _, first = answered(analyzer, jpeg())
    _, again = answered(analyzer, jpeg(), first)
    _, second = answered(analyzer, jpeg())
    assert again is first and second is not first
    assert len(first.stream.timeline(1)) >= 1 and second.stream is not first.stream


def test_a_chosen_expression_is_asked_about(analyzer):
    _, view = answered(analyzer, jpeg(), expression="anger")
    assert view.stream.expression == "anger"
    answered(analyzer, jpeg(), view)
    assert view.stream.expression is None


def test_the_slow_method_is_not_offered(analyzer):
    assert set(SLOW_METHODS) < set(METHODS)
    page = settings_html(["a"], ["anger"], "a")
    assert 'value="gradcam" selected' in page and "eigencam" not in page


def test_names_cannot_be_markup():
    page, _ = answered(FakeAnalyzer("<script>"), jpeg(), models=["<script>"])
    assert "<script>" not in page + settings_html(["<script>"], ["<b>"], "")


def test_faces_that_the_models_disagree_about_say_so(analyzer):
    view = LiveView(FaceStream(analyzer, ["a", "b"]))
    face = Face((16, 12, 48, 36), np.zeros((5, 2)), 1.0)
    crop = Image.new("RGB", (32, 32))
    shown = {
        "a": Prediction("a", {"anger": 0.9, "fear": 0.1}, True, crop),
        "b": Prediction("b", {"anger": 0.4, "fear": 0.6}, False, crop),
    }
    page = view.html(Image.new("RGB", (64, 48)), jpeg(), [FollowedFace(7, face, {}, shown)], 0.0)
    assert "<b>7</b> <i>models differ</i>" in page and 'class="unsure">not sure' in page
