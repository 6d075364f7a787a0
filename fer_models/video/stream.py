"""The frames of a video or camera, one after the other -> followed faces with every model's smoothed answer.

One `FaceStream` per video or visitor: it remembers who is where, what was answered, and the last half minute.
"""

import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from PIL import Image

from fer_models.analyzer import Analyzer, Photo, Prediction
from fer_models.faces import Face
from fer_models.photo import upright
from fer_models.side_by_side import cores, side_by_side
from fer_models.video.segments import chain_of
from fer_models.video.timeline import RollingTimeline, Sample
from fer_models.video.tracking import FaceTracker

# Frames are counted and times per stage averaged over the last two seconds, and over some frames at least.
SPAN = 2.0
LEAST_FRAMES, MOST_FRAMES = 5, 240


@dataclass(frozen=True)
class FollowedFace:
    """
    number: stays with the face for as long as it is followed; counts from 1.
    face: where it is in this frame.
    raw: by model, the answers to this very frame, of the models that were asked about it.
    shown: by model, the answers with probabilities smoothed over time; maps and crop are those of the last frame that
        the model was asked about.
    """

    number: int
    face: Face
    raw: dict[str, Prediction]
    shown: dict[str, Prediction]


@dataclass
class _Memory:
    """What is known of one face: when each model was last asked, what is shown since, and the last half minute."""

    timeline: RollingTimeline
    asked: dict[str, float] = field(default_factory=dict)
    shown: dict[str, Prediction] = field(default_factory=dict)


class FaceStream:
    """Feed it frames in their order.

    `models`, `method`, `expression` and `half_life` may be changed between two frames. Its memory does not grow: it
    holds no frame, and per face that was seen in the last `window` seconds at most 300 samples. Not for use from
    several threads at once.

    Args:
        analyzer: whose models are asked; streams may share one.
        models: names of its checkpoints; all by default.
        method, expression: as in `Checkpoint.predict`. Without an expression the maps are about the one that is shown.
        half_life: seconds after which the smoothed probabilities have gone half of the way to a new answer
            (exponential moving average, whatever the time between two frames); 0 shows the answers as they are.
        markov: show what a hidden Markov model believes instead (`ExpressionChain`, with that half-life), which is as
            fast and more often right.
        answer_every: seconds between two answers; in between faces are only followed. 0 asks about each frame.
        budget: seconds that the models may take of a frame. What does not fit waits for the next frame: they are asked
            in turn, at least one in each frame, so that many slow models slow down their answers and not the picture.
            No limit by default.
        window: seconds of the timeline.
        tracker: how faces are followed.

    Raises:
        CheckpointError: at the first frame, for a name that is not among the checkpoints.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        models: Sequence[str] | None = None,
        method: str | None = "gradcam",
        expression: str | None = None,
        half_life: float = 0.5,
        markov: bool = False,
        answer_every: float = 0.0,
        budget: float | None = None,
        window: float = 30.0,
        tracker: FaceTracker | None = None,
    ):
        self.analyzer = analyzer
        self.models = list(analyzer.checkpoints if models is None else models)
        self.method = method
        self.expression = expression
        self.half_life = half_life
        self.markov = markov
        self.answer_every = answer_every
        self.budget = budget
        self.window = window
        self.tracker = tracker or FaceTracker(analyzer.detector)
        self._memories: dict[int, _Memory] = {}
        self._times: deque[float] = deque(maxlen=MOST_FRAMES)  # of the frames
        self._fed: deque[float] = deque(maxlen=MOST_FRAMES)  # when they came, by the computer's clock
        self._measured: dict[str, deque[tuple[float, float]]] = {}

    def feed(self, frame: Photo, at: float | None = None) -> list[FollowedFace]:
        """The faces of the next frame, by number.

        Args:
            frame: whatever `photo.read_photo` takes.
            at: its time in seconds, from any start; now by default.

        Raises:
            PhotoError: no picture.
            ValueError: the frame is older than the one before.
        """
        frame = upright(frame)
        at = time.monotonic() if at is None else at
        self._fed.append(time.perf_counter())
        with self.timed("find faces"):
            faces = self.tracker.update(frame, at)
        self._times.append(at)
        for number in faces.keys() - self._memories.keys():
            self._memories[number] = _Memory(RollingTimeline(self.window))
        due = {number: face for number, face in faces.items() if self._due(self._memories[number], at)}
        raw = self._answers(frame, due, self._in_turn(due))
        for number in due:
            self._remember(self._memories[number], raw[number], at)
        for number, memory in list(self._memories.items()):
            memory.timeline.forget(at)
            if number not in faces and not memory.timeline.samples:
                del self._memories[number]
        return [
            FollowedFace(number, face, raw.get(number, {}), self._memories[number].shown)
            for number, face in faces.items()
        ]

    @property
    def left_out(self) -> int:
        """How many faces are there that are not followed, because there are too many."""
        return self.tracker.left_out

    def timeline(self, number: int) -> list[Sample]:
        """What was shown for that face in the last `window` seconds, the oldest first."""
        memory = self._memories.get(number)
        return memory.timeline.samples if memory else []

    @property
    def rate(self) -> float:
        """Frames per second of late; 0 before the second frame."""
        times = _recent(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    @contextmanager
    def timed(self, stage: str) -> Generator[None]:
        """Counts what happens inside as a stage of a frame."""
        start = time.perf_counter()
        yield
        end = time.perf_counter()
        self._measured.setdefault(stage, deque(maxlen=MOST_FRAMES)).append((end, 1000 * (end - start)))

    @property
    def milliseconds(self) -> dict[str, float]:
        """Mean time of each stage of late; a stage that happens no more is left out."""
        since = _recent(self._fed)[0] if self._fed else 0.0
        recent = {
            stage: [value for end, value in measured if end >= since] for stage, measured in self._measured.items()
        }
        return {stage: sum(taken) / len(taken) for stage, taken in recent.items() if taken}

    def answers_per_second(self, model: str) -> float:
        """How often a model answered of late."""
        if not self._fed:
            return 0.0
        since = _recent(self._fed)[0]
        answered = sum(end >= since for end, _ in self._measured.get(model, ()))
        return self.rate * answered / len(_recent(self._fed))

    def _due(self, memory: _Memory, at: float) -> bool:
        if memory.shown.keys() != set(self.models):
            return True
        return at - max(memory.asked.values()) >= self.answer_every - 1e-6  # times of frames are rounded

    def _in_turn(self, faces: dict[int, Face]) -> list[str]:
        """The models to ask now: those that fit into the budget, who has waited longest first; all about a new face."""
        memories = [self._memories[number] for number in faces]
        if self.budget is None or any(memory.shown.keys() != set(self.models) for memory in memories):
            return self.models
        expected, chosen, total = self.milliseconds, [], 0.0
        for name in sorted(self.models, key=lambda name: min((m.asked[name] for m in memories), default=0.0)):
            total += expected.get(name, 0.0) / 1000
            if not chosen or total <= self.budget * cores():  # they answer side by side
                chosen.append(name)
        return chosen

    def _answers(
        self, frame: Image.Image, faces: dict[int, Face], models: Sequence[str]
    ) -> dict[int, dict[str, Prediction]]:
        """The models' answers for each face, all faces in one pass per model."""
        answers: dict[int, dict[str, Prediction]] = {number: {} for number in faces}
        found = self.analyzer.find(frame, list(faces.values()))

        def ask(name: str) -> list[dict[str, Prediction]]:
            asked = [self.expression or self._shown_expression(number, name) for number in faces]
            with self.timed(name):
                return self.analyzer.answer(found, [name], self.method, asked)

        for of_faces in side_by_side([partial(ask, name) for name in models if faces]):
            for number, answer in zip(faces, of_faces, strict=True):
                answers[number] |= answer
        return answers

    def _shown_expression(self, number: int, model: str) -> str | None:
        shown = self._memories[number].shown.get(model)
        return shown.expression if self.half_life and shown else None

    def _remember(self, memory: _Memory, raw: dict[str, Prediction], at: float) -> None:
        shown = dict(memory.shown)  # what was returned before must not change
        for name, answer in raw.items():
            shown[name] = self._smoothed(answer, shown.get(name), at - memory.asked.get(name, float("-inf")))
            memory.asked[name] = at
        memory.shown = {name: shown[name] for name in self.models}
        memory.asked = {name: memory.asked[name] for name in self.models}
        memory.timeline.add(Sample(at, {name: answer.probabilities for name, answer in memory.shown.items()}))

    def _smoothed(self, answer: Prediction, before: Prediction | None, passed: float) -> Prediction:
        """What is shown after an answer, so many seconds after what was shown before."""
        if before is None or self.half_life <= 0:
            return answer
        if self.markov:
            chain = chain_of(self.analyzer.checkpoint(answer.model), self.half_life)
            shares = np.array(list(answer.probabilities.values()))
            belief = chain.step(np.array([before.probabilities[name] for name in answer.probabilities]), shares, passed)
            probabilities = dict(zip(answer.probabilities, belief.tolist(), strict=True))
        else:
            weight = 1 - 0.5 ** (passed / self.half_life)
            probabilities = {
                name: before.probabilities[name] + weight * (share - before.probabilities[name])
                for name, share in answer.probabilities.items()
            }
        return replace(
            answer,
            probabilities=probabilities,
            sure=self.analyzer.checkpoint(answer.model).is_sure(max(probabilities.values())),
        )


def _recent(times: Sequence[float]) -> list[float]:
    """Those of the last two seconds, or the last few."""
    times = list(times)
    within = [at for at in times if at >= times[-1] - SPAN]
    return within if len(within) >= LEAST_FRAMES else times[-LEAST_FRAMES:]


__all__ = ["FaceStream", "FollowedFace"]
