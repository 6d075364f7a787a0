"""Hide a part of a face, and every model answers again: the check of an answer that a person understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fer_models.analyzer import Analyzer, Prediction
from fer_models.side_by_side import side_by_side
from space.image.recent import SeenPhoto
from space.image.regions import PARTS, Box, corners, hide, landmarks, part_box, to_crop
from space.image.words import count_words

ASKED = "ask"  # the visitor looks at what could be hidden; nothing is yet


@dataclass(frozen=True)
class Hidden:
    """
    part: the part that is hidden, "" for a rectangle of the visitor's own or for none.
    corners: by margin of a crop, what is hidden, in shares of the crop; empty where nothing is.
    answers: by model, while that is hidden; empty where nothing is.
    changes: for each part, how many of the models answer something else without it. of: how many models there are.
    sentence: what hiding changed.
    """

    part: str
    corners: dict[float, list[tuple[float, float]]]
    answers: dict[str, Prediction]
    changes: dict[str, int]
    of: int
    sentence: str


def hidden_answers(
    analyzer: Analyzer, photo: SeenPhoto, face: int, answers: Sequence[Prediction], what: str | Box
) -> Hidden:
    """What hiding does to the answers of one face.

    Args:
        answers: of each model, for the whole face.
        what: a part, a rectangle in shares of the photo, or `ASKED`.
    """
    found = photo.found.faces[face]
    wanted: dict[float, list[tuple[float, float]]] = {}
    again: dict[str, Prediction] = {}
    changes = dict.fromkeys(PARTS, 0)
    asked = []
    for answer in answers:
        checkpoint = analyzer.checkpoints[answer.model]
        margin = checkpoint.face_margin
        marks = landmarks(found, margin)
        shapes = {part: corners(part_box(part, marks)) for part in PARTS}
        if what in PARTS:
            wanted[margin] = shapes[what]
        elif what != ASKED:
            pixels = np.array(corners(what)) * photo.found.size
            wanted[margin] = [tuple(point) for point in to_crop(found, margin, pixels)]
            shapes[""] = wanted[margin]
        crop = photo.found.crops(margin)[face]
        hiding = [hide(crop, shape) for shape in shapes.values()]
        alike = {"balanced": answer.balanced, "mirror": answer.mirror}
        asked.append((shapes, partial(checkpoint.predict, hiding, None, **alike)))
    every = side_by_side([ask for _, ask in asked])
    for answer, (shapes, _), found_then in zip(answers, asked, every, strict=True):
        told = dict(zip(shapes, found_then, strict=True))
        for part in PARTS:
            changes[part] += told[part].expression != answer.expression
        if what != ASKED:
            again[answer.model] = told[what if what in PARTS else ""]
    changed = sum(again[answer.model].expression != answer.expression for answer in answers if again)
    named = f"the {what}" if what in PARTS else "that"
    sentence = f"Hiding {named} changes the answer of {count_words(changed, len(answers))}." if again else ""
    return Hidden(what if what in PARTS else "", wanted, again, changes, len(answers), sentence)


__all__ = ["ASKED", "Hidden", "hidden_answers"]
