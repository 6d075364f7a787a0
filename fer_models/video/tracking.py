"""Frames of a video -> the same faces under the same numbers, searched for only now and then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_models.detector import FaceDetector
from fer_models.faces import Face, reading_order
from fer_models.video.appearance import appearance, likeness

SAME_FACE = 0.3  # least overlap of two boxes, in two frames, that are taken for one person
SAME_LOOK = 0.7  # least likeness of two appearances that are taken for one person, wherever the boxes are
CLEARER = 0.1  # by so much one person has to be more alike than the next
ONE_FACE = 0.6  # two followed boxes that overlap more, in one frame, are on one face
SEARCH_PAUSE = 0.1  # seconds between two searches where there is no face
MISSES = 2  # searches in a row that may pass over a face before it is given up


@dataclass
class _Track:
    face: Face
    look: np.ndarray | None = None
    looked: float = 0.0  # when it was last seen to look like that
    odd: bool = False  # whether it looks otherwise now
    misses: int = 0  # searches in a row that did not find it
    lost_since: float | None = None  # when it was last seen, while it is not


class FaceTracker:
    """Follows the faces of a video.

    A face is followed from frame to frame by `FaceDetector.follow`, which also says when it is no longer there: its
    score falls below the detector's `min_score`. All faces are searched for when that happens, every `detect_every`
    seconds (someone may have come), while nobody is there, and when a face suddenly looks otherwise, as after a cut.
    What a search finds is matched to the known faces by the overlap of their boxes (intersection over union), unless it
    looks like somebody else; what is left, by what it looks like.

    Args:
        detect_every: seconds between two searches while every face stays.
        keep_lost: for so many seconds a face that was lost gets its number back if it is found at its old place.
        keep_look: for so many seconds it does elsewhere, if it looks like that.
        max_faces: the largest so many are followed; who is followed already goes before a larger newcomer.

    Attributes:
        searched: whether the last frame was searched. left_out: faces that the last search found beyond `max_faces`.
    """

    def __init__(
        self,
        detector: FaceDetector,
        detect_every: float = 1.0,
        keep_lost: float = 2.0,
        max_faces: int = 4,
        keep_look: float = 10.0,
    ):
        self.detector = detector
        self.detect_every = detect_every
        self.keep_lost = keep_lost
        self.keep_look = keep_look
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
            kept = self.keep_lost if track.look is None else max(self.keep_lost, self.keep_look)
            if track.lost_since is not None and at - track.lost_since > kept:
                del self._tracks[number]
        lost = self._follow(frame)
        since = at - self._last_search
        pause = self.detect_every if self._seen() else min(SEARCH_PAUSE, self.detect_every)
        self.searched = lost or since >= pause
        if self.searched:
            self._last_search = at
            self._match(self.detector.detect(frame), frame)
        return {number: self._tracks[number].face for number in self._seen()}

    def _seen(self) -> list[int]:
        return [number for number, track in self._tracks.items() if track.lost_since is None]

    def _follow(self, frame: Image.Image) -> bool:
        """Move every face to its place in the frame; whether one was lost, or looks otherwise."""
        seen = self._seen()
        search = False
        for number, face in zip(
            seen, self.detector.follow(frame, [self._tracks[number].face for number in seen]), strict=True
        ):
            track = self._tracks[number]
            if track.lost_since is not None:  # another has just taken its place
                continue
            look = None if face is None else appearance(frame, face)
            alike = likeness(track.look, look)
            met = None if face is None else self._met(number, face)
            if face is None:
                track.lost_since = self._now
                search = True
            elif met is not None:  # two boxes have met on one face: whom it looks like keeps it, else the first
                other = likeness(self._tracks[met].look, look)
                ours = alike is not None and other is not None and alike > other + CLEARER
                self._tracks[met if ours else number].lost_since = self._now
                if ours:
                    track.face = face
            else:
                odd = alike is not None and alike < SAME_LOOK
                search = search or (odd and not track.odd)
                track.face, track.odd = face, odd
        return search

    def _met(self, number: int, face: Face) -> int | None:
        """The older of the followed faces whose box is on that one."""
        older = [other for other in self._seen() if other < number]
        return next((one for one in older if overlap(face.box, self._tracks[one].face.box) > ONE_FACE), None)

    def _match(self, found: Sequence[Face], frame: Image.Image) -> None:
        """Give each found face the number of the known one that it overlaps most, or that it looks like, or the next
        number, in reading order."""
        looks = [appearance(frame, face) for face in found]
        alike = {
            (number, index): share
            for index, look in enumerate(looks)
            for number, track in self._tracks.items()
            if (share := likeness(track.look, look)) is not None
        }
        matched: dict[int, int] = {}  # index of a found face -> its number

        def match(pairs: Sequence[tuple[float, bool, int, int]]) -> None:
            for _, _, number, index in sorted(pairs, reverse=True):
                if index not in matched and number not in matched.values():
                    matched[index] = number

        match(
            [
                (share, track.lost_since is None, number, index)
                for index, face in enumerate(found)
                for number, track in self._tracks.items()
                if (share := overlap(face.box, track.face.box)) >= SAME_FACE
                and (track.lost_since is None or self._now - track.lost_since <= self.keep_lost)
                and not self._looks_like_another(alike, number, index)
            ]
        )
        match(
            [
                (share, self._tracks[number].lost_since is None, number, index)
                for (number, index), share in alike.items()
                if share >= SAME_LOOK and not self._looks_like_another(alike, number, index, -CLEARER)
            ]
        )
        for number in self._seen():
            if number not in matched.values():
                self._tracks[number].misses += 1
                if self._tracks[number].misses >= MISSES:
                    self._tracks[number].lost_since = self._now
        for index, number in matched.items():
            self._tracks[number] = self._seen_again(self._tracks[number], found[index], looks[index])
        room = max(self.max_faces - len(self._seen()), 0)
        self.left_out = max(len(found) - len(matched) - room, 0)
        newcomers = [index for index in range(len(found)) if index not in matched][:room]  # the largest
        places = {id(found[index]): looks[index] for index in newcomers}
        for face in reading_order([found[index] for index in newcomers]):
            self._last_number += 1
            self._tracks[self._last_number] = _Track(face, places[id(face)], self._now)

    def _seen_again(self, track: _Track, face: Face, look: np.ndarray | None) -> _Track:
        """A face looks as it did while it looks otherwise for a moment only: somebody may pass in front of it."""
        alike = likeness(track.look, look)
        if alike is not None and alike < SAME_LOOK and self._now - track.looked <= self.keep_lost:
            return _Track(face, track.look, track.looked, odd=True)
        return _Track(face, look, self._now)

    def _looks_like_another(
        self, alike: dict[tuple[int, int], float], number: int, index: int, by: float = CLEARER
    ) -> bool:
        """Whether a found face looks like another known one, by so much more than like this one."""
        own = alike.get((number, index))
        others = [share for (other, one), share in alike.items() if one == index and other != number]
        return own is not None and any(share >= SAME_LOOK and share > own + by for share in others)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom): 0 apart, 1 the same."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


__all__ = ["FaceTracker", "overlap"]
