"""From which size, light, turn and cover on answers about faces are wrong more often, and what steady ones are worth.

    python train/conditions.py checkpoints/* --layout ferplus_parquet --data fer2013plus.parquet --split PublicTest \
        --limit 1000

The pictures are made smaller, darker and partly hidden, and asked about again; turned faces are told from the landmarks
and taken as they are. `fer_models/conditions.py` says "very small" and "dark" where they cost `COST` of accuracy, over
the checkpoints; a test compares its constants with the results. Answers that stay the same when the face is
degraded a little (`fer_models/trust/steadiness.py`) are counted too.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fer_models.conditions import DARK, PARTLY_HIDDEN, TURNED_AWAY, VERY_SMALL, conditions_of, measures_of
from fer_models.detector import FaceDetector
from fer_models.faces import Face, crop_face
from fer_models.results import write
from fer_models.results.conditions import Amount, Conditions, Steady
from fer_models.trust.steadiness import degraded
from train.data.readers import FaceDataset
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, score

COST = 0.05  # of accuracy, at which a word is said
SIZES = (40, 32, 24, 20, 16, 12, 8)
LIGHTS = (90, 60, 45, 30, 20)
NOSES_OFF = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
WIDTHS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.0)  # each up to the one before
COVERS = ("nothing", "one eye", "both eyes", "the mouth")
_SEARCHED = 192  # pixels to which a picture is enlarged before a face is looked for
_NOISE = 2.0  # standard deviation of the sensor's noise in the dark, of 255

Change = Callable[[Image.Image, int], Image.Image]


def smaller(side: int) -> Change:
    """A face of so many pixels."""
    return lambda picture, _: picture.resize((side, side), Image.Resampling.BOX)


def darker(light: float, seed: int) -> Change:
    """A face with that light, as `measures_of` measures it; one that is darker already stays as it is."""

    def change(picture: Image.Image, row: int) -> Image.Image:
        present = measures_of(picture, None, picture).light
        noise = np.random.default_rng([seed, row]).normal(0, _NOISE, picture.size[::-1])
        pixels = np.asarray(picture.convert("L")) * min(light / max(present, 1.0), 1.0) + noise
        return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).convert("RGB")

    return change


def covered(what: str, face: Face) -> Change:
    """A face, as it was found in the enlarged picture, with something even before a part of it."""

    def change(picture: Image.Image, row: int) -> Image.Image:
        picture = picture.convert("RGB")
        points = face.landmarks * picture.width / _SEARCHED
        reach = np.hypot(*(points[1] - points[0])) * 0.4
        places = {"one eye": points[:1], "both eyes": points[:2], "the mouth": [points[3:].mean(axis=0)]}.get(what, ())
        for x, y in places:
            wide = reach * (1.6 if what == "the mouth" else 1.0)
            ImageDraw.Draw(picture).rectangle([x - wide, y - reach, x + wide, y + reach], fill=(90, 90, 90))
        return picture

    return change


def find_faces(detector: FaceDetector, data: FaceDataset, rows: np.ndarray) -> dict[int, Face]:
    """The face in each picture, in pixels of the enlarged one; without those in which none was found."""
    found = {}
    for row in map(int, rows):
        faces = detector.detect(_enlarged(data[row]["image"]))
        if faces:
            found[row] = faces[0]
    return found


def _enlarged(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB").resize((_SEARCHED, _SEARCHED), Image.Resampling.BICUBIC)


def _right(checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, change: Change | None, told: str) -> np.ndarray:
    """`(S,)` whether each answer is right."""
    scores = score(checkpoint, data, rows, 64, change, f"{checkpoint.name}, {told}")
    return scores.logits.argmax(axis=1) == data.labels[scores.rows]


def accuracy_by_amount(
    checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, faces: dict[int, Face], seed: int
) -> dict[str, tuple[Amount, ...]]:
    """By condition, the accuracy at each amount; nothing about covers and turns where no face was found."""
    clean = _right(checkpoint, data, rows, None, "as they are")
    before = float(clean.mean())

    def made(condition: str, amounts: Sequence[float], change: Callable[[float], Change]) -> tuple[Amount, ...]:
        found = []
        for amount in amounts:
            right = _right(checkpoint, data, rows, change(amount), f"{condition} {amount}")
            seen = [change(amount)(data[int(row)]["image"], int(row)) for row in rows]
            words = np.mean([condition in conditions_of(one, None, one) for one in seen])
            found.append(Amount(amount, len(right), float(right.mean()), before, float(words)))
        return tuple(found)

    landmarks = [row for row in map(int, rows) if row in faces]
    of_row = dict(zip(map(int, rows), clean, strict=True))

    def hidden() -> tuple[Amount, ...]:
        start = float(np.mean([of_row[row] for row in landmarks]))
        found = []
        for amount, what in enumerate(COVERS):
            changes = {row: covered(what, faces[row]) for row in landmarks}

            def change(picture: Image.Image, row: int, changes: dict[int, Change] = changes) -> Image.Image:
                return changes[row](picture, row)

            right = _right(checkpoint, data, np.array(landmarks), change, f"{what} hidden")
            words = [PARTLY_HIDDEN in _told(change(data[row]["image"], row), faces[row]) for row in landmarks]
            found.append(Amount(amount, len(right), float(right.mean()), start, float(np.mean(words))))
        return tuple(found)

    measured = {row: _measured(data[row]["image"], faces[row]) for row in landmarks}
    told = {row: TURNED_AWAY in _told(data[row]["image"], faces[row]) for row in landmarks}

    def binned(values: dict[int, float], edges: Sequence[float]) -> tuple[Amount, ...]:
        found = []
        for number, edge in enumerate(edges):
            rising = edges[0] < edges[-1]
            other = edges[number + 1] if rising and number + 1 < len(edges) else np.inf
            if not rising and number:
                other = edges[number - 1]
            inside = [row for row in landmarks if edge <= values[row] < other]
            if inside:
                value = float(np.mean([of_row[row] for row in inside]))
                found.append(Amount(edge, len(inside), value, None, float(np.mean([told[row] for row in inside]))))
        return tuple(found)

    return {
        VERY_SMALL: made(VERY_SMALL, SIZES, lambda side: smaller(int(side))),
        DARK: made(DARK, LIGHTS, lambda light: darker(light, seed)),
        PARTLY_HIDDEN: hidden() if landmarks else (),
        "nose off the middle": binned({row: one.nose_off or 0.0 for row, one in measured.items()}, NOSES_OFF),
        "narrow": binned({row: one.width or 0.0 for row, one in measured.items()}, WIDTHS),
    }


def _measured(picture: Image.Image, face: Face):
    photo = _enlarged(picture)
    return measures_of(photo, face, crop_face(photo, face))


def _told(picture: Image.Image, face: Face) -> tuple[str, ...]:
    photo = _enlarged(picture)
    return conditions_of(photo, face, crop_face(photo, face))


def steady_answers(checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray) -> tuple[Steady, ...]:
    """How often answers are right that stay the same with so many of the degraded faces."""
    seen = []
    for row in map(int, rows):
        picture = data[row]["image"].convert("RGB")
        own, *others = checkpoint.predict([picture, *degraded(picture).values()], None)
        same = sum(other.expression == own.expression for other in others)
        seen.append((same, checkpoint.expressions.index(own.expression) == data.labels[row], own.sure))
    table = np.array(seen)
    found = []
    for same in range(len(degraded(Image.new("RGB", (48, 48)))) + 1):
        these = table[table[:, 0] == same]
        if len(these):
            sure = these[these[:, 2] == 1]
            value = float(sure[:, 1].mean()) if len(sure) else None
            found.append(Steady(same, len(these), float(these[:, 1].mean()), len(sure), value))
    return tuple(found)


def threshold(results: Sequence[Conditions], condition: str) -> float | None:
    """The amount that costs `COST` of accuracy, as a mean over the checkpoints, on the straight line between the two
    that were tried; `None` where no amount costs that much."""
    before: tuple[float, float] | None = None
    for amounts in zip(*(result.accuracy[condition] for result in results), strict=True):
        lost = float(np.mean([one.clean - one.value for one in amounts if one.clean is not None]))
        amount = amounts[0].amount
        if lost >= COST:
            if before is None:
                return amount
            share = (COST - before[1]) / (lost - before[1])
            return before[0] + share * (amount - before[0])
        before = amount, lost
    return None


@command
def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    results, faces = [], None
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        if faces is None:
            faces = find_faces(FaceDetector(), data, rows)
        result = Conditions(
            accuracy=accuracy_by_amount(checkpoint, data, rows, faces, options.shuffle_seed),
            steady=steady_answers(checkpoint, data, rows),
            **sample,
            **provenance(),
        )
        path = result_file(options.out, f"{checkpoint.name}-conditions", result.data)
        write(path, result)
        results.append(result)
        print(path, flush=True)
    for condition in (VERY_SMALL, DARK):
        print(f"{condition}: costs {COST:.0%} from {threshold(results, condition)} on")
    return path


if __name__ == "__main__":
    main()
