"""Frames of a video -> the same faces under the same numbers, searched for only now and then."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from fer_models.detector import FaceDetector
from fer_models.faces import Face, reading_order

SAME_FACE = 0.3  # least overlap of two boxes, in two frames, that are taken for one person
ONE_FACE = 0.6  # two followed boxes that overlap more, in one frame, are on one face
SEARCH_PAUSE = 0.1  # seconds between two searches where there is no face
MISSES = 2  # searches in a row that may pass over a face before it is given up


@dataclass
class _Track:
    face: Face
    misses: int = 0  # searches in a row that did not find it
    lost_since: float | None = None  # when it was last seen, while it is not


class FaceTracker:
    """Follows the faces of a video.

    A face is followed from frame to frame by `FaceDetector.follow`, which also says when it is no longer there: its
    score falls below the detector's `min_score`. All faces are searched for when that happens, every `detect_every`
    seconds (someone may have come), and while nobody is there. What a search finds is matched to the known faces by the
    overlap of their boxes (intersection over union).

    Args:
        detect_every: seconds between two searches while every face stays.
        keep_lost: for so many seconds a face that was lost gets its number back if it is found at its old place.
        max_faces: the largest so many are followed; who is followed already goes before a larger newcomer.

    Attributes:
        searched: whether the last frame was searched. left_out: faces that the last search found beyond `max_faces`.
    """

    def __init__(self, detector: FaceDetector, detect_every: float = 1.0, keep_lost: float = 2.0, max_faces: int = 4):
        self.detector = detector
        self.detect_every = detect_every
        self.keep_lost = keep_lost
        self.max_faces = max_faces
        self.searched = False
        self.left_out = 0
        self._tracks: dict[int, _Track] = {}
        self._last_number = 0
        self._last_search = float("-inf")
        self._now = float("-inf")

    def update(self, frame: Image.Image, at: float) -> dict[int, Face]:
        """The faces of the next frame by number, lowest first; `searched` then says whether there was a search.

        Args:
            frame: RGB.
            at: its time in seconds.

        Raises:
            ValueError: the frame is older than the one before.
        """
        if at < self._now:
            raise ValueError(f"frames must come in the order of their times: {at} s after {self._now} s")
        self._now = at
        for number, track in list(self._tracks.items()):
            if track.lost_since is not None and at - track.lost_since > self.keep_lost:
                del self._tracks[number]
        lost = self._follow(frame)
        since = at - self._last_search
        pause = self.detect_every if self._seen() else min(SEARCH_PAUSE, self.detect_every)
        self.searched = lost or since >= pause
        if self.searched:
            self._last_search = at
            self._match(self.detector.detect(frame))
        return {number: self._tracks[number].face for number in self._seen()}

    def _seen(self) -> list[int]:
        return [number for number, track in self._tracks.items() if track.lost_since is None]

    def _follow(self, frame: Image.Image) -> bool:
        """Move every face to its place in the frame; whether one was lost."""
        seen = self._seen()
        lost = False
        for number, face in zip(
            seen, self.detector.follow(frame, [self._tracks[number].face for number in seen]), strict=True
        ):
            if face is None:
                self._tracks[number].lost_since = self._now
                lost = True
            elif any(overlap(face.box, self._tracks[older].face.box) > ONE_FACE for older in self._older(number)):
                del self._tracks[number]  # two boxes have met on one face: the first keeps it
            else:
                self._tracks[number].face = face
        return lost

    def _older(self, number: int) -> list[int]:
        return [other for other in self._seen() if other < number]

    def _match(self, found: Sequence[Face]) -> None:
        """Give each found face the number of the known one that it overlaps most, or the next number, in reading
        order."""
        pairs = sorted(
            (
                (overlap(face.box, track.face.box), number, index)
                for index, face in enumerate(found)
                for number, track in self._tracks.items()
            ),
            reverse=True,
        )
        matched: dict[int, int] = {}  # index of a found face -> its number
        for share, number, index in pairs:
            if share >= SAME_FACE and index not in matched and number not in matched.values():
                matched[index] = number
        for number in self._seen():
            if number not in matched.values():
                self._tracks[number].misses += 1
                if self._tracks[number].misses >= MISSES:
                    self._tracks[number].lost_since = self._now
        for index, number in matched.items():
            self._tracks[number] = _Track(found[index])
        room = max(self.max_faces - len(self._seen()), 0)
        self.left_out = max(len(found) - len(matched) - room, 0)
        newcomers = [face for index, face in enumerate(found) if index not in matched][:room]  # the largest
        for face in reading_order(newcomers):
            self._last_number += 1
            self._tracks[self._last_number] = _Track(face)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom): 0 apart, 1 the same."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


__all__ = ["FaceTracker", "overlap"]
