"""A stream of frames: smoothing, timelines and what is remembered."""

import time

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import CHECKPOINTS, Analyzer, CheckpointError, FaceMap, Prediction
from fer_models.faces import Face
from fer_models.paths import EXAMPLES
from fer_models.photo import PhotoError
from fer_models.video.smoothing import ExpressionChain
from fer_models.video.stream import FaceStream

pytestmark = pytest.mark.slow  # follows faces

FRAME = Image.new("RGB", (64, 48))
NAME = "pattlite-ferplus"


class StillDetector:
    """One face at each of the places it is told, which stays."""

    def __init__(self):
        self.lefts = [0.0]

    def detect(self, photo):
        return [Face((left, 0.0, left + 10, 10.0), np.zeros((5, 2)), 1.0) for left in self.lefts]

    def follow(self, photo, faces):
        return [face if face.box[0] in self.lefts else None for face in faces]


class ScriptedModel:
    """Answers with the happiness it is told, and remembers what it was asked to explain."""

    def __init__(self, name: str, threshold: float = 0.0):
        self.name, self.threshold, self.happiness = name, threshold, 1.0
        self.expressions = ["happiness", "anger"]
        self.asked: list[list[str | None]] = []
        self.face_margin = 0.0

    def is_sure(self, probability: float) -> bool:
        return probability >= self.threshold

    def predict(self, crops, method, expression, balanced=False, mirror=False):
        self.asked.append(expression)
        shares = {"happiness": self.happiness, "anger": 1 - self.happiness}
        maps = [FaceMap("m", np.ones((2, 2)), "A map.", kind="heat")]
        return [Prediction(self.name, shares, self.is_sure(max(shares.values())), c, maps=maps) for c in crops]


class ScriptedAnalyzer(Analyzer):
    """The analyzer itself, with such models and such a detector."""

    def __init__(self, *models: ScriptedModel):
        self.checkpoints = {model.name: model for model in models}
        self.detector = StillDetector()

    def find(self, photo, faces=None, cropped=False):
        found = super().find(photo, faces, cropped)
        found._crops[0.0] = [FRAME] * len(found.faces)  # cutting out would take time, which some tests measure
        return found


@pytest.fixture
def model():
    return ScriptedModel("m", threshold=0.7)


@pytest.fixture
def stream(model):
    return FaceStream(ScriptedAnalyzer(model), half_life=2.0)


def shown(stream: FaceStream, at: float) -> float:
    (face,) = stream.feed(FRAME, at)
    return face.shown["m"].probabilities["happiness"]


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_a_step_is_half_way_after_one_half_life_at_any_frame_rate(stream, model, steps):
    assert shown(stream, 0.0) == 1.0
    model.happiness = 0.0
    for i in range(1, steps + 1):
        after_one = shown(stream, 2.0 * i / steps)
    assert after_one == pytest.approx(0.5)
    assert shown(stream, 4.0) == pytest.approx(0.25)


def test_the_markov_model_shows_its_belief_after_each_answer(stream, model):
    stream.markov = True
    model.class_priors = [0.75, 0.25]
    chain = ExpressionChain(np.array([0.75, 0.25]), half_life=2.0)
    happiness, times = [1.0, 0.3, 0.4, 0.2], [0.0, 0.1, 0.5, 3.0]
    belief = np.array([1.0, 0.0])
    for before, (at, share) in zip([None, *times], zip(times, happiness, strict=True), strict=False):
        model.happiness = share
        if before is not None:
            belief = chain.step(belief, np.array([share, 1 - share]), at - before)
        assert shown(stream, at) == pytest.approx(belief[0])


def test_smoothed_probabilities_sum_to_one_and_decide_whether_the_model_is_sure(stream, model):
    assert stream.feed(FRAME, 0.0)[0].shown["m"].sure
    model.happiness = 0.0
    (face,) = stream.feed(FRAME, 2.0)
    assert sum(face.shown["m"].probabilities.values()) == pytest.approx(1)
    assert not face.shown["m"].sure and face.raw["m"].sure  # 0.5 is below the threshold, 1.0 is not


def test_without_smoothing_the_answers_are_shown_as_they_are(stream, model):
    stream.half_life = 0
    assert shown(stream, 0.0) == 1.0
    model.happiness = 0.25
    (face,) = stream.feed(FRAME, 0.001)
    assert face.shown["m"].probabilities == face.raw["m"].probabilities == {"happiness": 0.25, "anger": 0.75}


def test_the_maps_are_about_what_is_shown(stream, model):
    stream.feed(FRAME, 0.0)
    model.happiness = 0.4  # for a moment: "happiness" is still shown
    stream.feed(FRAME, 0.1)
    stream.feed(FRAME, 0.2)
    assert model.asked == [[None], ["happiness"], ["happiness"]]
    stream.expression = "anger"
    stream.feed(FRAME, 0.3)
    assert model.asked[-1] == ["anger"]


def test_the_timeline_holds_what_was_shown_and_rolls(stream, model):
    stream.window = 30
    for i in range(600):
        model.happiness = (i % 3) / 3
        stream.feed(FRAME, i / 5)
    samples = stream.timeline(1)
    assert samples[0].at >= 600 / 5 - 30 - 0.2 and len(samples) == pytest.approx(150, abs=2)
    assert samples[-1].probabilities["m"] == stream.feed(FRAME, 119.8)[0].shown["m"].probabilities


def test_a_face_that_left_is_forgotten_when_its_timeline_has_run_out(stream):
    stream.feed(FRAME, 0.0)
    stream.analyzer.detector.lefts = []
    stream.feed(FRAME, 1.0)
    assert len(stream.timeline(1)) == 1
    stream.feed(FRAME, 31.0)
    assert stream.timeline(1) == [] and stream._memories == {}


@pytest.mark.slow
def test_faces_that_come_and_go_all_day_do_not_pile_up(stream):
    for i in range(2000):
        stream.analyzer.detector.lefts = [20.0 * (i % 4)]
        stream.feed(FRAME, 3.0 * i)
    assert len(stream._memories) < 15
    assert len(stream._times) <= 240 and all(len(measured) <= 240 for measured in stream._measured.values())


def test_between_two_answers_a_face_is_only_followed(stream, model):
    stream.answer_every = 0.1
    faces = [stream.feed(FRAME, i / 50)[0] for i in range(11)]
    assert [bool(face.raw) for face in faces] == [i % 5 == 0 for i in range(11)]
    assert len(model.asked) == 3 and all(face.shown["m"].expression == "happiness" for face in faces)


class SlowModel(ScriptedModel):
    """Takes 100 ms, which on a busy machine is little longer."""

    def predict(self, crops, method, expression, balanced=False, mirror=False):
        time.sleep(0.1)
        return super().predict(crops, method, expression, balanced)


def test_models_that_do_not_fit_into_the_budget_are_asked_in_turn(model, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    slow = [SlowModel("b"), SlowModel("c")]
    stream = FaceStream(ScriptedAnalyzer(model, *slow), half_life=0, budget=0.15)
    asked = [sorted(stream.feed(FRAME, i / 10)[0].raw) for i in range(7)]
    assert asked[0] == ["b", "c", "m"]  # a new face is shown with every model's answer
    assert asked[1:] == [["b", "m"], ["c", "m"], ["b", "m"], ["c", "m"], ["b", "m"], ["c", "m"]]
    assert stream.answers_per_second("m") == pytest.approx(10)
    assert stream.answers_per_second("b") == pytest.approx(10 * 4 / 7)


def test_on_two_cores_twice_as_many_fit_into_the_budget(model, monkeypatch):
    monkeypatch.setattr("fer_models.side_by_side._pool", None)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    slow = [SlowModel("b"), SlowModel("c")]
    stream = FaceStream(ScriptedAnalyzer(model, *slow), half_life=0, budget=0.15)
    assert [sorted(stream.feed(FRAME, i / 10)[0].raw) for i in range(4)] == [["b", "c", "m"]] * 4


def test_a_model_that_waits_keeps_its_answer_and_is_smoothed_over_all_the_time_that_has_passed(model):
    slow = SlowModel("b")
    stream = FaceStream(ScriptedAnalyzer(model, slow), half_life=2.0, budget=0.001)
    stream.feed(FRAME, 0.0)
    slow.happiness = 0.0
    model.happiness = 0.0
    first, second = (stream.feed(FRAME, at)[0] for at in (1.0, 2.0))
    assert [list(face.raw) for face in (first, second)] == [["m"], ["b"]]
    assert first.shown["b"].probabilities["happiness"] == 1.0
    assert second.shown["b"].probabilities["happiness"] == pytest.approx(0.5)


def test_a_slow_model_alone_is_asked_about_every_frame():
    slow = SlowModel("b")
    stream = FaceStream(ScriptedAnalyzer(slow), budget=0.001)
    assert all(stream.feed(FRAME, i / 10)[0].raw for i in range(5))


def test_another_choice_of_models_is_answered_in_the_next_frame(model):
    second = ScriptedModel("second")
    stream = FaceStream(ScriptedAnalyzer(model, second), models=["m"], answer_every=60)
    assert list(stream.feed(FRAME, 0.0)[0].shown) == ["m"]
    stream.models = ["second", "m"]
    assert list(stream.feed(FRAME, 0.1)[0].shown) == ["second", "m"]


def test_all_faces_are_asked_about_in_one_pass(stream, model):
    stream.analyzer.detector.lefts = [0.0, 20.0, 40.0]
    assert [face.number for face in stream.feed(FRAME, 0.0)] == [1, 2, 3]
    assert model.asked == [[None] * 3]


def test_the_rate_is_frames_per_second_of_the_last_two_seconds(stream):
    assert stream.rate == 0
    for i in range(21):
        stream.feed(FRAME, i / 10)
    assert stream.rate == pytest.approx(10)
    for i in range(1, 41):
        stream.feed(FRAME, 2 + i / 20)
    assert stream.rate == pytest.approx(20)


def test_every_stage_is_timed_per_frame(stream):
    for i in range(5):
        stream.feed(FRAME, i / 10)
    assert list(stream.milliseconds) == ["find faces", "m"]
    assert all(0 < taken < 50 for taken in stream.milliseconds.values())


def test_with_real_models_a_frame_is_answered_as_a_photo_is(portrait):
    analyzer = Analyzer([CHECKPOINTS / NAME])
    stream = FaceStream(analyzer, half_life=0)
    (face,) = stream.feed(portrait, 0.0)
    (answers,) = analyzer.analyze(portrait).predictions
    assert face.shown[NAME].probabilities == pytest.approx(answers[NAME].probabilities, abs=1e-5)
    np.testing.assert_allclose(face.shown[NAME].maps[0].values, answers[NAME].maps[0].values, atol=1e-4)
    (later,) = stream.feed(portrait, 0.1)  # followed, not searched for: nearly the same crop
    assert not stream.tracker.searched
    assert later.shown[NAME].probabilities == pytest.approx(answers[NAME].probabilities, abs=0.1)
    with pytest.raises(CheckpointError, match="no model named"):
        FaceStream(analyzer, models=["unknown"]).feed(portrait)


def test_a_frame_may_come_in_any_form_that_a_photo_may(stream, tmp_path):
    forms = [np.zeros((48, 64), np.uint8), FRAME.convert("RGBA"), FRAME.convert("L"), EXAMPLES / "no_face.jpg"]
    for at, form in enumerate(forms):
        (face,) = stream.feed(form, float(at))
        assert face.shown["m"].expression == "happiness"
    with pytest.raises(PhotoError, match="choose it again"):
        stream.feed(tmp_path / "gone.jpg")
