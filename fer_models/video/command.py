"""What `python -m fer_models` does with videos, a camera or an address: a row for each answer, as it comes."""

import argparse
import os
import sys
from typing import TextIO

from tqdm import tqdm

from fer_models.analyzer import Analyzer
from fer_models.command import TextOutput
from fer_models.errors import CheckpointError, ExportError
from fer_models.extras import MissingExtraError
from fer_models.records import RecordError
from fer_models.schema import origin
from fer_models.video.following import camera_lines, video_lines
from fer_models.video.reading import VideoError
from fer_models.video.records import Csv, JsonLines, RecordFile, file_state
from fer_models.video.suffixes import find_videos
from fer_models.words import counted


class Printed(TextOutput):
    """`RecordFile` for a terminal or a pipe."""

    def __init__(self, layout: JsonLines | Csv, stream: TextIO):
        super().__init__(layout.header, stream)
        self.layout = layout

    def write(self, lines: str) -> None:
        self.stream.write(lines)
        self.stream.flush()


def answer(options: argparse.Namespace) -> int:
    """Answer for the videos, or the camera, of `__main__`'s arguments; the exit code, as for pictures. To stop a camera
    is no fault."""
    videos = [] if options.camera else find_videos(options.pictures)
    faults = []
    try:
        analyzer = Analyzer(options.model, options.device, options.engine)
        source = origin(analyzer.checkpoints.values(), fps=f"{options.fps:g}")
        layout = Csv(source, analyzer.expressions) if options.csv else JsonLines(source)
        output = RecordFile(options.out, layout) if options.out else Printed(layout, sys.stdout)
        if options.camera:
            for lines in camera_lines(options.camera, analyzer, layout, options.fps):
                output.write(lines)
            return 0
        for number, video in enumerate(videos, start=1):
            if str(video) in output.done:
                continue
            with tqdm(unit=" s", desc=f"{number} of {len(videos)}", disable=None) as bar:
                for part in video_lines(video, str(video), analyzer, layout, options.fps, file_state(video)):
                    output.write(part.lines)
                    if part.error:
                        faults.append(f"{video}: {part.error}")
                    bar.total = part.whole
                    bar.update(part.seconds - bar.n)
    except (CheckpointError, ExportError, MissingExtraError, RecordError, VideoError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        if options.camera:
            return 0
        again = "; the same command goes on from here, with the video that was begun" if options.out else ""
        print(f"interrupted{again}", file=sys.stderr)
        return 130
    before = f"{len(output.done):,} answered before, " if output.done else ""
    print(f"{counted(len(videos), 'video')}: {before}{len(faults):,} could not be read", file=sys.stderr)
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


__all__ = ["Printed", "answer"]
