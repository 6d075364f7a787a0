"""What `python -m fer_models` does with videos, a camera or an address: a row for each answer, as it comes."""

import argparse
import os
import sys
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from fer_models.analyzer import Analyzer
from fer_models.command import TextOutput
from fer_models.errors import CheckpointError, ExportError
from fer_models.extras import MissingExtraError
from fer_models.records import RecordError
from fer_models.schema import face_result, origin
from fer_models.video.reading import VideoError, VideoReader, open_camera, open_video
from fer_models.video.records import Csv, End, JsonLines, RecordFile, file_state
from fer_models.video.stream import FaceStream
from fer_models.video.suffixes import find_videos
from fer_models.video.tracking import FaceTracker
from fer_models.words import counted

MAX_PIXELS = 7680 * 4320  # of one frame
MAX_SIDE = 1280  # pixels in which faces are looked for
MAX_FACES = 32  # followed at a time


class Printed(TextOutput):
    """`RecordFile` for a terminal or a pipe."""

    def __init__(self, layout: JsonLines | Csv, stream: TextIO):
        super().__init__(layout.header, stream)
        self.layout = layout

    def write(self, lines: str) -> None:
        self.stream.write(lines)
        self.stream.flush()


def _follow(
    reader: VideoReader, name: str, analyzer: Analyzer, output: RecordFile | Printed, fps: float, bar: tqdm
) -> End:
    """Write the answers about every frame that is due, and give what is known at the end."""
    stream = FaceStream(
        analyzer,
        method=None,
        half_life=0,
        answer_every=1 / fps,
        tracker=FaceTracker(analyzer.detector, max_faces=MAX_FACES),
    )
    frames = left_out = 0
    at = 0.0
    for at, frame in reader.frames():
        faces = [face for face in stream.feed(frame, at) if face.raw]
        if faces:
            told = [face_result(face.number, face.face, list(face.raw.values())) for face in faces]
            for result in told:  # in pixels of the video
                result["box"] = [round(side / reader.scale, 1) for side in result["box"] or ()]
            output.write(output.layout.moment(name, at, told))
        frames, left_out = frames + 1, max(left_out, stream.left_out)
        bar.update(at - bar.n)
    return End(name, round(at, 3), frames, reader.damaged, left_out, None, *file_state(Path(name)))


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
            with tqdm(unit=" s", disable=True) as bar, open_camera(options.camera) as container:
                reader = VideoReader(container, MAX_PIXELS, MAX_SIDE, max(options.fps, 30.0))
                output.write(layout.end(_follow(reader, options.camera, analyzer, output, options.fps, bar)))
            return 0
        for number, video in enumerate(videos, start=1):
            if str(video) in output.done:
                continue
            try:
                with open_video(video) as container:
                    seconds = container.duration / 1e6 if container.duration else None
                    told = f"{number} of {len(videos)}"
                    with tqdm(total=seconds, unit=" s", desc=told, disable=None) as bar:
                        reader = VideoReader(container, MAX_PIXELS, MAX_SIDE, max(options.fps, 30.0))
                        end = _follow(reader, str(video), analyzer, output, options.fps, bar)
                if not end.frames:
                    raise VideoError("No frame of the video can be decoded; save or download it again.")
            except VideoError as error:
                end = End(str(video), 0.0, 0, 0, 0, str(error), *file_state(video))
                faults.append(f"{video}: {error}")
            output.write(layout.end(end))
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
