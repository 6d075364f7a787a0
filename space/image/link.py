"""What is chosen, as the query of a link, so that a page can be shared. A visitor's own photo is never part of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fer_models.explain import METHODS
from fer_models.paths import ROOT
from space.image.maps import COLORMAPS, DEFAULT_COLORMAP, DEFAULT_OPACITY
from space.image.recent import file_digest

EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.jpg"))}


@dataclass(frozen=True)
class Choices:
    """example: a key of `EXAMPLES`. face: from 0. expression: `None` for each model's own answer."""

    models: list[str]
    example: str | None = None
    face: int = 0
    method: str = "gradcam"
    expression: str | None = None
    opacity: float = DEFAULT_OPACITY
    colormap: str = DEFAULT_COLORMAP


def example_of(digest: str) -> str | None:
    """The example whose file has this digest."""
    return _DIGESTS.get(digest)


def to_query(choices: Choices, models: list[str]) -> dict[str, str]:
    """The parameters that differ from the defaults; `models` are all there are."""
    query = {}
    if choices.example:
        query["example"] = choices.example
        if choices.face:
            query["face"] = str(choices.face + 1)
    if choices.models != models:
        query["models"] = ",".join(choices.models)
    if choices.method != "gradcam":
        query["method"] = choices.method
    if choices.expression:
        query["expression"] = choices.expression
    return query


def from_query(query: Mapping[str, str], models: list[str], expressions: list[str]) -> Choices:
    """The choices of a link; what is unknown or out of range is as if it were not there."""

    def known(name: str, options, default):
        return query[name] if query.get(name) in options else default

    wanted = query["models"].split(",") if "models" in query else models
    return Choices(
        models=[name for name in models if name in wanted] or models,
        example=known("example", EXAMPLES, None),
        face=max(0, _number(query.get("face"), 1) - 1),
        method=known("method", METHODS, "gradcam"),
        expression=known("expression", expressions, None),
        opacity=min(max(_number(query.get("opacity"), round(100 * DEFAULT_OPACITY)), 0), 100) / 100,
        colormap=known("colormap", COLORMAPS, DEFAULT_COLORMAP),
    )


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 9 else default


_DIGESTS = {file_digest(path): name for name, path in EXAMPLES.items()}

__all__ = ["EXAMPLES", "Choices", "example_of", "from_query", "to_query"]
