"""A short clip -> the clip with its faces marked, what each face's expressions were over time, and a table of it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from fer_models.analyzer import Analyzer
from fer_models.extras import needed_for
from fer_models.faces import crop_square
from fer_models.records import SOURCE, source_cells
from fer_models.schema import Origin, origin
from fer_models.video.reading import DAMAGED, VideoError, VideoReader, open_video, video_stream
from fer_models.video.segments import Segment, chain_of, segments
from fer_models.video.stream import FaceStream, FollowedFace
from fer_models.video.timeline import Sample
from fer_models.video.tracking import FaceTracker
from fer_models.visualize import draw_faces, draw_on_face
from fer_models.words import how_sure, yes_or_no

with needed_for("reading a clip"):
    import av

MAX_SECONDS = 60.0
MAX_BYTES = 50_000_000
MAX_PIXELS = 3840 * 2160  # of one frame
MAX_FRAMES = 60 * 240
MAX_RATE = 30  # frames per second of the annotated clip; more are left out
MAX_FACES = 32  # that are followed at a time
MAX_SIDE = 960  # longest side of the annotated clip, in pixels

SIDES = ("left", "top", "right", "bottom")
ANSWER = ("expression", "sure", "how_sure", "conditions")
_TIME_BASE = Fraction(1, 90_000)
_TOLERANCE = 0.5  # seconds: cameras stop a little late


@dataclass(frozen=True)
class VideoFace:
    """
    number: as in the annotated clip and the table.
    samples: the smoothed probabilities, at the seconds of the clip.
    segments: by model, from when to when the face showed which expression, by all answers of the clip.
    """

    number: int
    samples: list[Sample]
    segments: dict[str, list[Segment]] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoResult:
    """
    clip: the annotated clip, H.264 in MP4, without sound.
    table: CSV, a row for each answer; `annotate_video` names the columns.
    segments: CSV, a row for each stretch of one expression of one face, as one model saw it.
    seconds: length of the clip.
    frames: how many the annotated clip has.
    damaged: how many pieces of the file could not be decoded and are missing.
    left_out: how many faces more than `MAX_FACES` there were at a time, at most; nothing is known of those.
    faces: by number.
    """

    clip: Path
    table: Path
    segments: Path
    seconds: float
    frames: int
    damaged: int
    left_out: int
    faces: list[VideoFace]


@dataclass(frozen=True)
class VideoProgress:
    """fraction: how much is done, 0 to 1. result: there when all is done."""

    fraction: float
    result: VideoResult | None = None


@dataclass(frozen=True)
class _Clip:
    start: float  # seconds of its first frame
    seconds: float


def annotate_video(
    source: str | Path,
    folder: Path,
    analyzer: Analyzer,
    models: Sequence[str] | None = None,
    half_life: float = 0.5,
    answers_per_second: float = 10.0,
    maps: bool = False,
) -> Iterator[VideoProgress]:
    """Follow every face through a clip and ask the models about it.

    Writes `annotated.mp4`, `expressions.csv` and `segments.csv` into `folder`. The first table has, for every answer,
    the seconds since the clip's start, the face's number, the model, its expression, whether it is sure and how sure in
    words, what is against the answer, the face's box in pixels of the upright, square-pixelled clip, how many faces
    were there that are not followed, the probability of every expression, and the columns of `records.SOURCE`; these
    are the answers themselves, while what is written in the clip and what the samples of the result hold is smoothed.
    The second has `Segment`s, and where they come from likewise.

    Args:
        source: path of the file.
        folder: where to write; it must exist.
        analyzer, models, half_life: as in `FaceStream`.
        answers_per_second: how often the models are asked; faces are followed in every frame.
        maps: draw the first model's Grad-CAM on the faces of the annotated clip, too.

    Yields:
        The progress after every frame, at last with the result. Closing the generator cancels; then, and after any
        error, no file is left.

    Raises:
        VideoError: no video, a damaged one, or one longer or larger than the limits at the top of this file.
        CheckpointError: a name that is not among the analyzer's models.

    Example:
        >>> for progress in annotate_video("clip.mp4", Path("."), Analyzer()):  # doctest: +SKIP
        ...     print(f"{progress.fraction:.0%}")
        >>> progress.result.faces[0].samples  # doctest: +SKIP
    """
    source = Path(source)
    names = list(analyzer.checkpoints if models is None else models)
    expressions = list(dict.fromkeys(e for name in names for e in analyzer.checkpoint(name).expressions))
    made_by = origin((analyzer.checkpoint(name) for name in names), fps=f"{answers_per_second:g}")
    clip = _measured(source)
    video, table, course = folder / "annotated.mp4", folder / "expressions.csv", folder / "segments.csv"
    stream = FaceStream(
        analyzer,
        names,
        method="gradcam" if maps else None,
        half_life=half_life,
        answer_every=1 / answers_per_second,
        tracker=FaceTracker(analyzer.detector, max_faces=MAX_FACES),
    )
    samples: dict[int, list[Sample]] = {}
    answers: dict[int, dict[str, list[tuple[float, list[float]]]]] = {}  # by face and model: when, and what
    frames = left_out = 0
    try:
        with (
            open_video(source) as reading,
            _Writer(video) as writing,
            table.open("w", newline="", encoding="utf-8") as file,
        ):
            rows = csv.writer(file)
            rows.writerow(["seconds", "face", "model", *ANSWER, *SIDES, "left_out", *expressions, *SOURCE])
            reader = VideoReader(reading, MAX_PIXELS, MAX_SIDE, MAX_RATE, clip.start)
            for at, frame in reader.frames():
                faces = stream.feed(frame, at)
                left_out = max(left_out, stream.left_out)
                for face in faces:
                    if face.raw:
                        rows.writerows(_rows(face, at, reader.scale, stream.left_out, expressions, made_by))
                        shown = {name: answer.probabilities for name, answer in face.shown.items()}
                        samples.setdefault(face.number, []).append(Sample(at, shown))
                        for name, answer in face.raw.items():
                            given = answers.setdefault(face.number, {}).setdefault(name, [])
                            given.append((at, list(answer.probabilities.values())))
                drawn = frame
                for face in faces if maps else ():
                    drawn = _with_map(drawn, face, analyzer)
                writing.write(_annotated(drawn, faces), at)
                frames += 1
                yield VideoProgress(min(at / clip.seconds, 1.0))
        if not frames:
            raise VideoError(DAMAGED)
        followed = [
            VideoFace(number, samples[number], _segments(analyzer, answers[number])) for number in sorted(samples)
        ]
        _write_segments(course, followed, made_by)
    except BaseException:  # also when the generator is closed
        for file in (video, table, course):
            file.unlink(missing_ok=True)
        raise
    yield VideoProgress(
        1.0, VideoResult(video, table, course, clip.seconds, frames, reader.damaged, left_out, followed)
    )


def _segments(analyzer: Analyzer, given: dict[str, list[tuple[float, list[float]]]]) -> dict[str, list[Segment]]:
    found = {}
    for name, answers in given.items():
        checkpoint = analyzer.checkpoint(name)
        times, probabilities = zip(*answers, strict=True)
        found[name] = segments(times, np.array(probabilities), checkpoint.expressions, chain_of(checkpoint))
    return found


def _write_segments(file: Path, faces: list[VideoFace], made_by: Origin) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["face", "model", "onset", "end", "expression", "peak", "certainty", *SOURCE])
        for face in faces:
            for model, found in face.segments.items():
                for one in found:
                    seconds = [f"{at:.3f}" for at in (one.onset, one.end)]
                    row = [face.number, model, *seconds, one.expression, f"{one.peak:.3f}", f"{one.certainty:.4f}"]
                    rows.writerow([*row, *source_cells(made_by, model).values()])


def _rows(
    face: FollowedFace, at: float, scale: float, left_out: int, expressions: list[str], made_by: Origin
) -> Iterator[list]:
    box = [round(side / scale, 1) for side in face.face.box]
    for name, answer in face.raw.items():
        shares = [f"{answer.probabilities[e]:.4f}" if e in answer.probabilities else "" for e in expressions]
        yield [
            f"{at:.3f}",
            face.number,
            name,
            answer.expression,
            yes_or_no(answer.sure),
            how_sure(answer),
            ", ".join(answer.conditions),
            *box,
            left_out,
            *shares,
            *source_cells(made_by, name).values(),
        ]


def _with_map(frame: Image.Image, face: FollowedFace, analyzer: Analyzer) -> Image.Image:
    """The frame with the first model's map on the square of the face that the model saw."""
    answer = next((one for one in face.shown.values() if one.maps), None)
    if answer is None:
        return frame
    margin = analyzer.checkpoint(answer.model).face_margin
    return draw_on_face(frame, answer.maps[0].values, crop_square(face.face, margin))


def _annotated(frame: Image.Image, faces: list[FollowedFace]) -> Image.Image:
    labels = []
    for face in faces:
        answers = [answer.expression + ("" if answer.sure else "?") for answer in face.shown.values()]
        labels.append(" / ".join(dict.fromkeys(answers)))
    return draw_faces(frame, [face.face.box for face in faces], labels, [face.number for face in faces])


def _measured(source: Path) -> _Clip:
    """Where the clip starts and how long it is, from its packets: headers may lie or say nothing."""
    try:
        size = source.stat().st_size
    except OSError as error:
        raise VideoError("The video could not be opened; choose it again.") from error
    if size == 0:
        raise VideoError("The file is empty; save or download the video again, or choose another one.")
    if size > MAX_BYTES:
        raise VideoError(f"The video has more than {MAX_BYTES // 10**6} MB; make it smaller or shorter and try again.")
    parts: list[tuple[float, float]] = []  # start and end of each: more than one where recordings are joined
    count, before = 0, float("inf")
    with open_video(source) as container:
        stream = video_stream(container, MAX_PIXELS)
        unit = stream.time_base or Fraction(1, 90_000)
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            start, end = (float(t * unit) for t in (packet.pts, packet.pts + (packet.duration or 0)))
            decoded = packet.pts if packet.dts is None else packet.dts
            if decoded < before:
                parts.append((start, end))
            parts[-1] = min(start, parts[-1][0]), max(end, parts[-1][1])
            before, count = decoded, count + 1
            if count > MAX_FRAMES:
                raise VideoError(f"The video has more than {MAX_FRAMES} frames; cut it and try again.")
    if count < 2:
        raise VideoError("The file holds a single picture; choose a video, or ask about it as a photo.")
    seconds = sum(end - start for start, end in parts)
    if seconds > MAX_SECONDS + _TOLERANCE:
        raise VideoError(
            f"The video is {seconds:.0f} seconds long; cut it to {MAX_SECONDS:.0f} seconds or less and try again."
        )
    return _Clip(parts[0][0], max(seconds, 1e-3))


class _Writer:
    """H.264 in MP4 that every browser plays, each frame at its own time."""

    def __init__(self, file: Path):
        self._file = file
        self._stream: av.video.stream.VideoStream | None = None

    def __enter__(self) -> "_Writer":
        self._container = av.open(str(self._file), "w", format="mp4", options={"movflags": "+faststart"})
        return self

    def write(self, picture: Image.Image, at: float) -> None:
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=MAX_RATE)
            self._stream.width, self._stream.height = picture.size
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = _TIME_BASE
            self._stream.options = {"preset": "veryfast", "crf": "23"}
        frame = av.VideoFrame.from_image(picture)
        frame.pts, frame.time_base = round(at / _TIME_BASE), _TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, kind, error, trace) -> None:
        try:
            if self._stream is not None and kind is None:
                self._container.mux(self._stream.encode())
        finally:
            self._container.close()


__all__ = ["VideoError", "VideoFace", "VideoProgress", "VideoResult", "annotate_video"]
