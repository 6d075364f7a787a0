"""The results that pages are made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fer_models.results import Result, read_folder
from train.pages.markdown import PageError

Kind = TypeVar("Kind", bound=Result)


@dataclass(frozen=True)
class Found:
    """files: the results of a folder by the name of their file, without `.json`."""

    files: dict[str, Result]

    @classmethod
    def in_folder(cls, folder: Path) -> "Found":
        """
        Raises:
            ResultError: a file that cannot be read.
        """
        return cls({path.stem: result for path, result in read_folder(folder)})

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [result for result in self.files.values() if isinstance(result, kind)]

    def one(self, kind: type[Kind], name: str) -> Kind:
        """
        Raises:
            PageError: there is no such file, or it is of another kind.
        """
        result = self.files.get(name)
        if not isinstance(result, kind):
            raise PageError(f"no result of the kind {kind.kind!r} in {name}.json")
        return result
