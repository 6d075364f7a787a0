"""What `python -m fer_models` does with its arguments: answers and maps, as records on standard output or in a file."""

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TextIO

from PIL import Image
from tqdm import tqdm

from fer_models.analyzer import Analyzer, CheckpointError
from fer_models.errors import ExportError
from fer_models.extras import MissingExtraError
from fer_models.files import write_bytes, write_fault, write_text
from fer_models.listing import search_pictures
from fer_models.pictures import PictureAnswers, answer_pictures
from fer_models.records import Csv, JsonLines, RecordError, RecordFile
from fer_models.schema import mirror_setting, origin
from fer_models.trust import require_random_weights
from fer_models.video.suffixes import find_videos
from fer_models.visualize import draw_map
from fer_models.words import counted

MAP_SIDE = 448  # pixels


class TextOutput:
    """A terminal or a pipe, where there is nothing to go on with."""

    done: frozenset[str] = frozenset()

    def __init__(self, header: str, stream: TextIO):
        self.stream = stream
        if isinstance(stream, io.TextIOWrapper):  # whatever the platform writes, and names that are no text as they are
            stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
        stream.write(header)


class StandardOutput(TextOutput):
    """`RecordFile` for a terminal or a pipe."""

    def __init__(self, layout: JsonLines | Csv, stream: TextIO):
        super().__init__(layout.header, stream)
        self.layout = layout

    def write(self, answers: PictureAnswers) -> None:
        self.stream.write(self.layout.encode(answers))
        self.stream.flush()


def write_maps(answers: PictureAnswers, folder: Path) -> None:
    """Each face's maps over the face, one JPEG file per map and model: `1-pattlite-ferplus-grad-cam-for-fear.jpg`; and
    `maps.json`, which says what each means."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for number, predictions in enumerate(answers.predictions, start=1):
        for answer in predictions.values():
            crop = answer.crop.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BICUBIC)
            for shown in answer.maps:
                picture = draw_map(crop, shown.values, shown.kind, shown.profiles)
                name = re.sub(r"[^a-z0-9+]+", "-", f"{answer.model} {shown.name}".lower())
                file = f"{number}-{name}.jpg"
                encoded = io.BytesIO()
                picture.save(encoded, "JPEG", quality=90)
                write_bytes(folder / file, encoded.getvalue())
                listed.append(
                    {"file": file, "model": answer.model, "face": number, "map": shown.name, "meaning": shown.meaning}
                )
    write_text(folder / "maps.json", json.dumps(listed, indent=2, ensure_ascii=False))


def common_folder(sources: list[Path]) -> Path:
    """The deepest folder that holds all of `sources`: below it every picture's place is its own."""
    folders = [source if source.is_dir() else source.parent for source in map(Path.absolute, sources)]
    return Path(os.path.commonpath(folders))


def _written(answers: Iterator[PictureAnswers], output: RecordFile | StandardOutput, maps: Path | None, root: Path):
    """The pictures again, each after it was written."""
    for picture in answers:
        if maps is not None and picture.faces and isinstance(picture.path, Path):
            write_maps(picture, maps / picture.path.absolute().relative_to(root))
        output.write(picture)
        yield picture


def _refuse(why: str) -> NoReturn:
    print(f"error: {why}", file=sys.stderr)
    raise SystemExit(2)


def kind_of(options: argparse.Namespace) -> str:
    """Who answers for `__main__`'s arguments: "videos" for a camera, videos, or folders that hold videos and no
    pictures; "archive" for both together, addresses and other runners; else "pictures".

    Raises:
        SystemExit: an option is for pictures alone; it is told in a sentence.
    """
    if options.runner != "here" or any(isinstance(source, str) for source in options.pictures):
        return "archive"
    videos = [] if options.camera else find_videos(options.pictures)
    if not videos and not options.camera:
        return "pictures"
    named = [path for path in videos if path in options.pictures]
    pictures = [path for path in search_pictures(options.pictures).pictures if path not in videos]
    of_pictures = [option for option in ("cropped", "maps", "trust", "balanced", "mirror") if getattr(options, option)]
    if of_pictures and pictures and not named:
        return "pictures"  # the videos in the folder are counted as not tried
    if of_pictures:
        _refuse(f"--{of_pictures[0]} is for pictures; leave it out for videos and cameras")
    return "archive" if pictures else "videos"


def answer(options: argparse.Namespace) -> int:
    """Answer for the pictures of `__main__`'s arguments; the exit code. Progress and faults go to standard error."""
    search = search_pictures(options.pictures, leave_out=options.maps)
    pictures = search.pictures
    if not pictures:
        left_out = f" ({search.left_out})" if search.left_out else ""
        print(f"error: no pictures there{left_out}; name files, or folders that hold some", file=sys.stderr)
        return 2
    method = options.method if options.maps or options.trust else None
    try:
        analyzer = Analyzer(options.model, options.device, options.engine)
        if options.trust:
            for checkpoint in analyzer.checkpoints.values():
                require_random_weights(checkpoint)
        source = origin(
            analyzer.checkpoints.values(),
            cropped=options.cropped,
            maps=options.method if options.maps else None,
            trust=options.method if options.trust else None,
            balanced=options.balanced,
            **mirror_setting(options.mirror),
        )
        layout = Csv(source, analyzer.expressions, options.trust) if options.csv else JsonLines(source)
        asked = {str(path) for path in pictures}
        output = RecordFile(options.out, layout, asked) if options.out else StandardOutput(layout, sys.stdout)
        waiting = [path for path in pictures if str(path) not in output.done]
        answers = answer_pictures(
            analyzer,
            waiting,
            options.cropped,
            method=method,
            batch=options.batch,
            trust=options.trust,
            balanced=options.balanced,
            mirror=options.mirror,
        )
        written = _written(answers, output, options.maps, common_folder(options.pictures))
        faces, without, faults = 0, 0, []
        with tqdm(total=len(pictures), initial=len(pictures) - len(waiting), unit=" pictures", disable=None) as bar:
            for picture in written:
                faces += len(picture.faces)
                without += not picture.faces and not picture.error
                if picture.error:
                    faults.append(f"{picture.path}: {picture.error}")
                bar.update()
    except (CheckpointError, ExportError, MissingExtraError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # of the maps; what is in --out stays there
        told = write_fault(error, options.maps or "standard output")
        if not told:
            raise
        print(f"error: {told}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        again = "; the same command goes on from here" if options.out else ""
        print(f"interrupted{again}", file=sys.stderr)
        return 130
    before = f"{len(output.done):,} answered before, " if output.done else ""
    print(
        f"{counted(len(pictures), 'picture')}: {before}{counted(faces, 'face')}, {without:,} without a face, "
        f"{len(faults):,} could not be read",
        file=sys.stderr,
    )
    if search.left_out:
        print(search.left_out, file=sys.stderr)
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


__all__ = ["StandardOutput", "TextOutput", "answer", "common_folder", "kind_of", "write_maps"]
