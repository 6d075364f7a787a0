"""What `python -m fer_models` does with pictures and videos together, with addresses, and with `--runner ray`."""

import argparse
import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from typing import TextIO

from tqdm import tqdm

from fer_models.archive.answerer import Answered, Answerer, Asked
from fer_models.archive.faults import ArchiveError
from fer_models.archive.file import ArchiveFile
from fer_models.archive.layouts import Layout, layout_of
from fer_models.archive.listing import Item, Listing, list_archive
from fer_models.command import TextOutput
from fer_models.errors import CheckpointError, ExportError
from fer_models.extras import MissingExtraError, needed_for
from fer_models.records import RecordError
from fer_models.schema import Origin
from fer_models.words import counted

MOST_TOLD = 1000  # faults that are listed at the end; the rows have all of them
OF_PICTURES = ("cropped", "trust", "balanced", "mirror")  # options that say nothing about a video


Answers = Callable[[Sequence[Item]], Iterable[Answered]]


class Printed(TextOutput):
    """`ArchiveFile` for a terminal or a pipe."""

    def __init__(self, layout: Layout, stream: TextIO):
        super().__init__(layout.header, stream)

    def is_done(self, item: Item, nanoseconds: bool) -> bool:
        """Nothing is."""
        return False

    def begin(self, asked: object) -> None:
        """There is nothing to go on with."""

    def write(self, lines: str) -> None:
        """Add whole lines."""
        self.stream.write(lines)
        self.stream.flush()


def _list(options: argparse.Namespace) -> Listing:
    """The archive; its videos are passed over where an option is for pictures alone.

    Raises:
        ArchiveError: it is empty, or an option does not go with it.
    """
    of_pictures = [option for option in OF_PICTURES if getattr(options, option)]
    if options.maps:
        raise ArchiveError("--maps is for pictures in folders here, without --runner; leave it out")
    listing = list_archive(options.pictures, videos=not of_pictures)
    if not listing.items:
        left_out = f" ({listing.left_out})" if listing.left_out else ""
        raise ArchiveError(f"no pictures or videos there{left_out}; name files, or folders that hold some")
    if of_pictures and listing.kind != "pictures":
        raise ArchiveError(f"--{of_pictures[0]} is for pictures; leave it out for videos")
    return listing


@contextmanager
def _answering(options: argparse.Namespace, asked: Asked) -> Generator[tuple[Origin, list[str], Answers]]:
    """Where the answers come from, every expression that some model knows, and what answers."""
    if options.runner == "ray":
        with needed_for("the runner ray"):
            from fer_models.archive.ray_runner import RayRunner
        # Ray tells of each worker that dies on standard output, where the rows are.
        with (
            redirect_stdout(sys.stderr),
            RayRunner(asked, options.pictures, options.address, options.workers) as runner,
        ):
            known = Answerer(replace(asked, device="auto"))  # which the workers may have, and this computer not
            origin, expressions = known.origin, known.expressions
            del known
            yield origin, expressions, lambda items: runner.answer(items, origin, expressions)
        return
    answerer = Answerer(asked)
    yield answerer.origin, answerer.expressions, answerer.answer


def _asked(options: argparse.Namespace, kind: str) -> Asked:
    return Asked(
        kind=kind,
        as_csv=options.csv,
        models=tuple(options.model) if options.model else None,
        device=options.device,
        engine=options.engine,
        cropped=options.cropped,
        method=options.method if options.trust else None,
        balanced=options.balanced,
        mirror=options.mirror,
        fps=options.fps,
        batch=options.batch,
    )


def answer(options: argparse.Namespace) -> int:
    """Answer for all that `__main__`'s arguments name; the exit code, as for pictures."""
    try:
        stdout = sys.stdout
        listing = _list(options)
        asked = _asked(options, listing.kind)
        with _answering(options, asked) as (origin, expressions, answers):
            layout = layout_of(asked.kind, asked.as_csv, origin, expressions, bool(asked.method))
            output = ArchiveFile(options.out, layout) if options.out else Printed(layout, stdout)
            return _written(listing, output, answers, nanoseconds=asked.kind == "videos")
    except (ArchiveError, CheckpointError, ExportError, MissingExtraError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        again = "; the same command goes on from here" if options.out else ""
        print(f"interrupted{again}", file=sys.stderr)
        return 130


def _written(listing: Listing, output: ArchiveFile | Printed, answers: Answers, nanoseconds: bool) -> int:
    """Write what is not written yet, and say what came of it; the exit code."""
    waiting = [item for item in listing.items if not output.is_done(item, nanoseconds)]
    output.begin(item.name for item in waiting)
    done = len(listing.items) - len(waiting)
    faces = failed = 0
    faults: list[str] = []
    with tqdm(total=len(listing.items), initial=done, unit=" files", disable=None) as bar:
        for one in answers(waiting) if waiting else ():
            output.write(one.lines)
            faces += one.faces
            if one.error:
                failed += 1
                faults += [f"{one.item.name}: {one.error}"] if failed <= MOST_TOLD else []
            bar.update(int(one.ended))
    _tell(listing, done, faces, failed, faults)
    return int(bool(failed))


def _tell(listing: Listing, done: int, faces: int, failed: int, faults: list[str]) -> None:
    videos = sum(item.is_video for item in listing.items)
    pictures = len(listing.items) - videos
    there = [counted(number, what) for number, what in ((pictures, "picture"), (videos, "video")) if number]
    before = f"{done:,} answered before, " if done else ""
    answers = counted(faces, "answered face" if videos else "face")
    print(f"{' and '.join(there)}: {before}{answers}, {failed:,} could not be read", file=sys.stderr)
    if listing.left_out:
        print(listing.left_out, file=sys.stderr)
    for fault in faults:
        print(fault, file=sys.stderr)
    if failed > len(faults):
        print(f"and {failed - len(faults):,} more, which the rows name", file=sys.stderr)


__all__ = ["Printed", "answer"]
