"""Result files <-> results: JSON whose `kind` says which dataclass it is."""

import json
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fer_models.files import write_text
from fer_models.results.result import KINDS, Provenance, Result

Shape = typing.TypeVar("Shape")
_adapter: Callable[[type], TypeAdapter] = cache(TypeAdapter)


class ResultError(ValueError):
    """A result file that cannot be read; the message is a sentence that names it."""


def parse(shape: type[Shape], content: object, name: str) -> Shape:
    """What a file or a config holds, as a dataclass of results.

    Raises:
        ResultError: it is none; the message begins with `name`.
    """
    try:
        return _adapter(shape).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ResultError(f"{name} is damaged: {where}: {first['msg'][0].lower()}{first['msg'][1:]}") from error


def _content(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ResultError(f"{path} is no result file: it holds no JSON object")
    return content


def read(path: Path) -> Result:
    """The result in a file.

    Raises:
        ResultError: it is not there, damaged, or of a kind that is unknown.
    """
    content = _content(path)
    kind = KINDS.get(str(content.pop("kind", None)))
    if kind is None:
        found = _content(path).get("kind")
        raise ResultError(f"{path} holds a result of the unknown kind {found!r}; known: {', '.join(sorted(KINDS))}")
    if kind.rest:
        known = {_key(kind, field.name) for field in fields(kind)}
        content[kind.rest] = {key: content.pop(key) for key in list(content) if key not in known}
    return parse(kind, content, str(path))


def read_folder(folder: Path, left_out: Callable[[ResultError], object] | None = None) -> Iterator[tuple[Path, Result]]:
    """The results of a folder with their files, by name.

    Args:
        left_out: is told about a file that cannot be read, which is then left out.

    Raises:
        ResultError: a file that cannot be read, without `left_out`.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            result = read(path)
        except ResultError as error:
            if left_out is None:
                raise
            left_out(error)
            continue
        yield path, result


def _key(kind: type[Result], name: str) -> str:
    """What a field is called in the file."""
    return _aliases(kind).get(name, name)


def _aliases(kind: type[Result]) -> dict[str, str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    notes = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name: note.alias for name, found in notes.items() for note in found if getattr(note, "alias", None)}


def as_dict(result: Result) -> dict:
    """A result as its file holds it: first the kind, last where it comes from."""
    content = _adapter(type(result)).dump_python(result, by_alias=True, mode="json")
    rest = content.pop(result.rest) if result.rest else {}
    origin = {key: content.pop(key) for key in Provenance.__annotations__}
    return {"kind": result.kind, **content, **rest, **origin}


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return None if value != value else float(f"{value:.6g}")  # JSON knows no NaN
    return value


def as_json(result: Result) -> str:
    """What `write` writes: six significant digits; lists of numbers on one line, so that the file stays short and diffs
    stay readable."""
    text = json.dumps(_rounded(as_dict(result)), indent=2)
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda numbers: " ".join(numbers[0].split()), text)


def write(path: Path, result: Result) -> None:
    """Write a result file; its folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, as_json(result) + "\n")


def tell(result: Result, path: Path | None) -> None:
    """Print a result, and write it where there is a path: how a benchmark ends."""
    print(as_json(result))
    if path:
        write(path, result)


__all__ = ["ResultError", "as_dict", "as_json", "parse", "read", "read_folder", "tell", "write"]
