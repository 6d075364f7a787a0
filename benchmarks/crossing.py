"""Do people keep their numbers when they cross, turn away, or the picture cuts? Made clips of people of a photo.

python benchmarks/crossing.py [--out results/crossing.json]
"""

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fer_models.detector import FaceDetector
from fer_models.faces import Face
from fer_models.files import write_faults_told
from fer_models.paths import EXAMPLES
from fer_models.photo import read_photo
from fer_models.results import tell
from fer_models.results.crossing import Crossing, Kept
from fer_models.video.tracking import FaceTracker
from train.measure.provenance import provenance

SIZE, RATE, SETTLED = (720, 300), 10, 10  # pixels of a frame, frames a second, frames after which numbers count
BEFORE, AFTER = 20, 30  # frames
Place = tuple[int, int]
Moment = dict[int, Place]  # who is where, the one in front last


class Stage:
    """People with their heads, cut from a photo, on a grey background."""

    def __init__(self, detector: FaceDetector):
        photo = read_photo(EXAMPLES / "several_faces.jpg")
        self.people, self.boxes = [], []
        for face in detector.detect(photo):
            left, top, right, bottom = face.box
            wide, high = 0.35 * (right - left), 0.35 * (bottom - top)
            cut = (round(left - wide), round(top - high), round(right + wide), round(bottom + high))
            person = photo.crop(cut)
            scale = 150 / person.height
            self.people.append(person.resize((round(person.width * scale), 150)))
            self.boxes.append(np.array([left - cut[0], top - cut[1], right - cut[0], bottom - cut[1]]) * scale)

    def frame(self, moment: Moment, light: float = 1.0) -> Image.Image:
        """Where everybody is, in that light."""
        frame = Image.new("RGB", SIZE, "gray")
        for person, place in moment.items():
            frame.paste(self.people[person], place)
        return frame.point(lambda value: min(255, round(value * light)))

    def middle(self, person: int, place: Place) -> np.ndarray:
        """Of a person's face."""
        left, top, right, bottom = self.boxes[person]
        return np.array([place[0] + (left + right) / 2, place[1] + (top + bottom) / 2])


def crossings() -> Iterator[list[Moment]]:
    """Two people walk past each other, one in front."""
    for behind, front in itertools.permutations(range(3), 2):
        for slow in (6, 14):
            frames = range(BEFORE)
            start: list[Moment] = [{behind: (40, 80), front: (540, 70)} for _ in frames]
            steps = range(0, 501, slow)
            way: list[Moment] = [{behind: (40 + x, 80), front: (540 - x, 70)} for x in steps]
            yield [*start, *way, *[{behind: (540, 80), front: (40, 70)}] * AFTER]


def absences() -> Iterator[list[Moment]]:
    """One of two is gone for a while and comes back at another place."""
    for stays, goes in itertools.permutations(range(3), 2):
        for gone in (5, 15):
            both: list[Moment] = [{stays: (40, 80), goes: (300, 80)}] * BEFORE
            yield [*both, *[{stays: (40, 80)}] * gone, *[{stays: (40, 80), goes: (540, 60)}] * AFTER]


def cuts() -> Iterator[list[Moment]]:
    """From one frame to the next everybody has another's place."""
    places = [(20, 80), (280, 80), (540, 80)]
    for order in itertools.permutations(range(3)):
        if all(order[place] != place for place in range(3)):
            yield [
                *[dict(zip(range(3), places, strict=True))] * BEFORE,
                *[dict(zip(order, places, strict=True))] * AFTER,
            ]


HAPPENINGS = {"two people cross": crossings, "one is away, and comes back elsewhere": absences, "a cut": cuts}


def who(stage: Stage, moment: Moment, faces: Mapping[int, Face]) -> dict[int, int]:
    """The number under which each person is followed."""
    found = {}
    for person, place in moment.items():
        middle = stage.middle(person, place)
        for number, face in faces.items():
            left, top, right, bottom = face.box
            if np.abs(middle - [(left + right) / 2, (top + bottom) / 2]).max() < 0.4 * (right - left):
                found[person] = number
    return found


def followed(stage: Stage, detector: FaceDetector, clip: Sequence[Moment]) -> Counter[str]:
    """How each person is numbered at the end of a clip, beside the beginning."""
    tracker = FaceTracker(detector)
    seen = []
    for number, moment in enumerate(clip):
        light = 1 + 0.1 * np.sin(number / 7)  # no two frames are alike
        seen.append(who(stage, moment, tracker.update(stage.frame(moment, light), number / RATE)))
    before = seen[BEFORE - 1]
    counts: Counter[str] = Counter()
    for moment, numbers in zip(clip[-AFTER + SETTLED :], seen[-AFTER + SETTLED :], strict=True):
        for person in moment:
            number = numbers.get(person)
            others = [value for other, value in before.items() if other != person]
            own = number is not None and number == before.get(person)
            counts["own" if own else "unseen" if number is None else "of_another" if number in others else "new"] += 1
    return counts


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    """Prints the result, and writes it where `--out` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    detector = FaceDetector()
    stage = Stage(detector)
    happenings = {}
    for name, make in HAPPENINGS.items():
        clips = list(make())
        counts = sum((followed(stage, detector, clip) for clip in clips), Counter())
        shares = {word: counts[word] / counts.total() for word in ("own", "of_another", "new", "unseen")}
        happenings[name] = Kept(**shares, clips=len(clips))
        print(name, happenings[name], flush=True)
    result = Crossing(happenings=happenings, rate=RATE, **provenance())
    tell(result, options.out)


if __name__ == "__main__":
    main()
