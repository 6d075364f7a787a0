"""What a visitor asks for, and what of it stands in the address. A visitor's own photo is never part of that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_models.methods import METHODS
from fer_models.paths import ROOT
from space.image.answers import BEST
from space.image.hiding import ASKED
from space.image.recent import file_digest
from space.image.regions import PARTS, Box
from space.image.sections import SECTIONS

# In the order of the page, with what each shows.
EXAMPLES = {
    name: ROOT / "examples" / f"{name}.jpg"
    for name in ("mouth_hidden", "portrait", "dark", "hard_light", "several_faces", "no_face")
}


@dataclass(frozen=True)
class Wish:
    """
    example: a key of `EXAMPLES`; `None` for a photo of the visitor's own, the one numbered `photo`.
    face: from 0. shown: the model whose map lies on the face, `None` for the first. models: those that answer.
    expression: `None` for each model's own answer. balanced: all expressions count as equally likely.
    mirror: each face is looked at together with its mirror image.
    hide: `None`, or what to hide: a part, a rectangle in shares of the photo, or `ASKED`.
    opened: the sections that are open.
    """

    example: str | None = None
    photo: int = 0
    face: int = 0
    shown: str | None = None
    models: list[str] = field(default_factory=list)
    method: str = BEST
    expression: str | None = None
    balanced: bool = False
    mirror: bool = False
    hide: str | Box | None = None
    opened: tuple[str, ...] = ()


def example_of(digest: str) -> str | None:
    """The example whose file has this digest."""
    return _DIGESTS.get(digest)


def read_wish(told: Mapping[str, Any] | None, models: list[str], expressions: list[str]) -> Wish:
    """What a browser sent, from its address or from a click; what is unknown or out of range is as if it were not
    there."""
    told = told if isinstance(told, Mapping) else {}

    def known(name: str, options, default):
        value = told.get(name)
        return value if isinstance(value, str) and value in options else default

    asked = told.get("models")
    asked = asked.split(",") if isinstance(asked, str) else asked if isinstance(asked, list) else models
    opened = told.get("opened")
    return Wish(
        example=known("example", EXAMPLES, None),
        photo=_number(told.get("photo"), 0),
        face=max(0, _number(told.get("face"), 1) - 1),
        shown=known("model", models, None),
        models=[name for name in models if name in asked] if "models" in told else list(models),
        method=known("method", (BEST, *METHODS), BEST),
        expression=known("expression", expressions, None),
        balanced=known("balanced", ("yes",), "") == "yes",
        mirror=known("mirror", ("yes",), "") == "yes",
        hide=_hide(told.get("hide")),
        opened=tuple(name for name in SECTIONS if isinstance(opened, list) and name in opened),
    )


def to_query(wish: Wish, models: list[str], opening: str | None = None) -> dict[str, str]:
    """The parameters of the address that differ from what the page shows without any; `models` are all there are."""
    query = {}
    if wish.example:
        if wish.example != opening:
            query["example"] = wish.example
        if wish.face:
            query["face"] = str(wish.face + 1)
    if wish.shown and wish.shown != next(iter(wish.models), None):
        query["model"] = wish.shown
    if wish.models != models:
        query["models"] = ",".join(wish.models)
    if wish.method != BEST:
        query["method"] = wish.method
    if wish.expression:
        query["expression"] = wish.expression
    if wish.balanced:
        query["balanced"] = "yes"
    if wish.mirror:
        query["mirror"] = "yes"
    return query


def _hide(value: Any) -> str | Box | None:
    if value in (ASKED, *PARTS):
        return value
    if isinstance(value, list) and len(value) == 4 and all(isinstance(side, int | float) for side in value):
        left, top, right, bottom = (min(max(float(side), 0.0), 1.0) if math.isfinite(side) else 0.0 for side in value)
        if right > left and bottom > top:
            return left, top, right, bottom
    return None


def _number(value: Any, default: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, min(value, 10**8))
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else default


_DIGESTS = {file_digest(path): name for name, path in EXAMPLES.items()}

__all__ = ["EXAMPLES", "Wish", "example_of", "read_wish", "to_query"]
