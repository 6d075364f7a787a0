"""Faces keep their numbers, and searches are rare."""

import numpy as np
import pytest
from PIL import Image

from fer_models.detector import FaceDetector
from fer_models.faces import Face
from fer_models.video.tracking import FaceTracker, overlap

FRAME = Image.new("RGB", (640, 480), "gray")


class CountingDetector(FaceDetector):
    """The real detector, which counts its searches."""

    def __init__(self):
        self.searches = 0
        super().__init__()
        self.searches = 0

    def detect(self, photo):
        self.searches += 1
        return super().detect(photo)


class ScriptedDetector:
    """Finds and follows the boxes that it is told to."""

    def __init__(self):
        self.visible: list[tuple] = []
        self.followed: list[tuple | None] | None = None  # by default a face stays where it was
        self.searches = 0

    def detect(self, photo):
        self.searches += 1
        return [face_at(box) for box in self.visible]

    def follow(self, photo, faces):
        if self.followed is None:
            return list(faces)
        return [box and face_at(box) for box in self.followed]


def face_at(box) -> Face:
    return Face(tuple(map(float, box)), np.zeros((5, 2)), 1.0)


def at(x: float, y: float = 100, side: float = 100) -> tuple:
    return (x, y, x + side, y + side)


@pytest.fixture(scope="module")
def counting():
    return CountingDetector()


@pytest.fixture
def scripted():
    return ScriptedDetector()


def moved(photo: Image.Image, x: int) -> Image.Image:
    frame = Image.new("RGB", (photo.width + 200, photo.height), "gray")
    frame.paste(photo, (x, 0))
    return frame


def test_a_face_that_stays_keeps_its_number_and_is_searched_for_once_a_second(counting, portrait):
    counting.searches = 0
    tracker = FaceTracker(counting, detect_every=1.0)
    numbers = [list(tracker.update(portrait, i / 10)) for i in range(25)]
    assert numbers == [[1]] * 25
    assert counting.searches == 3  # at 0, 1 and 2 seconds


def test_a_face_that_walks_is_followed_without_a_search(counting, portrait):
    counting.searches = 0
    tracker = FaceTracker(counting, detect_every=60)
    lefts = [tracker.update(moved(portrait, x), x / 100)[1].box[0] for x in range(0, 200, 10)]
    assert counting.searches == 1
    steps = np.diff(lefts)
    assert steps.sum() == pytest.approx(190, abs=6) and (steps > 2).all()


def test_a_cut_to_another_picture_is_noticed_at_once(counting, portrait, no_face):
    tracker = FaceTracker(counting, detect_every=60)
    assert list(tracker.update(portrait, 0.0)) == [1]
    assert tracker.update(no_face.resize(portrait.size), 0.1) == {}
    assert tracker.searched


def test_a_face_that_comes_back_to_its_place_gets_its_number_back(scripted):
    tracker = FaceTracker(scripted, detect_every=0.5, keep_lost=2.0)
    scripted.visible = [at(100)]
    assert list(tracker.update(FRAME, 0.0)) == [1]
    scripted.visible, scripted.followed = [], [None]
    assert tracker.update(FRAME, 0.1) == {}
    scripted.visible, scripted.followed = [at(110)], []
    assert list(tracker.update(FRAME, 1.9)) == [1]


@pytest.mark.parametrize("place, when", [(400, 1.0), (110, 2.5)], ids=["elsewhere", "too late"])
def test_a_face_elsewhere_or_too_late_gets_a_new_number(scripted, place, when):
    tracker = FaceTracker(scripted, keep_lost=2.0)
    scripted.visible = [at(100)]
    tracker.update(FRAME, 0.0)
    scripted.visible, scripted.followed = [], [None]
    tracker.update(FRAME, 0.1)
    scripted.visible, scripted.followed = [at(place)], []
    assert list(tracker.update(FRAME, when)) == [2]


def scene(**people: tuple) -> Image.Image:
    """A frame with people who look different, by name, in their boxes."""
    frame = FRAME.copy()
    for name, box in people.items():
        noise = np.random.default_rng(sum(map(ord, name))).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        wide = round(0.3 * (box[2] - box[0]))
        size = (box[2] - box[0] + 2 * wide, box[3] - box[1] + 2 * wide)
        frame.paste(Image.fromarray(noise).resize(size, Image.Resampling.NEAREST), (box[0] - wide, box[1] - wide))
    return frame


def test_after_a_cut_people_have_the_numbers_that_they_look_like(scripted):
    tracker = FaceTracker(scripted)
    left, right = at(100), at(400)
    scripted.visible = [left, right]
    assert list(tracker.update(scene(ann=left, bob=right), 0.0)) == [1, 2]
    faces = tracker.update(scene(ann=right, bob=left), 0.1)  # the follower keeps both boxes: there is a face in each
    assert tracker.searched and {n: f.box[0] for n, f in faces.items()} == {1: 400, 2: 100}


@pytest.mark.parametrize("name, when, number", [("ann", 9.0, 1), ("bob", 9.0, 2), ("ann", 10.5, 2)])
def test_who_comes_back_elsewhere_gets_the_number_back_if_it_looks_like_it(scripted, name, when, number):
    tracker = FaceTracker(scripted, keep_lost=2.0, keep_look=10.0)
    scripted.visible = [at(100)]
    tracker.update(scene(ann=at(100)), 0.0)
    scripted.visible, scripted.followed = [], [None]
    tracker.update(FRAME, 0.1)
    scripted.visible, scripted.followed = [at(400)], []
    assert list(tracker.update(scene(**{name: at(400)}), when)) == [number]


def test_of_two_who_look_the_same_nobody_is_guessed(scripted):
    tracker = FaceTracker(scripted)
    scripted.visible = [at(50), at(250)]
    tracker.update(scene(ann=at(50), nan=at(250)), 0.0)  # the same letters, so the same look
    scripted.visible, scripted.followed = [], [None, None]
    tracker.update(FRAME, 0.1)
    scripted.visible, scripted.followed = [at(450)], []
    assert list(tracker.update(scene(ann=at(450)), 0.3)) == [3]


def test_who_passes_in_front_for_a_moment_does_not_change_what_somebody_looks_like(scripted):
    tracker = FaceTracker(scripted, detect_every=0)
    scripted.visible = [at(100)]
    tracker.update(scene(ann=at(100)), 0.0)
    tracker.update(scene(bob=at(100)), 0.5)
    scripted.visible, scripted.followed = [], [None]
    tracker.update(FRAME, 0.6)
    scripted.visible, scripted.followed = [at(400)], []
    assert list(tracker.update(scene(ann=at(400)), 1.0)) == [1]


def test_a_look_that_stays_is_the_new_one(scripted):
    tracker = FaceTracker(scripted, detect_every=1.0, keep_lost=2.0)
    scripted.visible = [at(100)]
    tracker.update(scene(ann=at(100)), 0.0)
    searched = []
    for step in range(1, 41):
        tracker.update(scene(bob=at(100)), step / 10)
        searched.append(tracker.searched)
    assert sum(searched) <= 6  # once as it changes, and once a second
    scripted.visible = [at(400)]
    scripted.followed = [None]
    assert list(tracker.update(scene(bob=at(400)), 4.1)) == [1]


def test_where_boxes_meet_on_one_face_it_keeps_the_number_of_whom_it_looks_like(scripted):
    tracker = FaceTracker(scripted, detect_every=60)
    left, right = at(100), at(400)
    scripted.visible = [left, right]
    tracker.update(scene(ann=left, bob=right), 0.0)
    scripted.visible = [at(252)]
    scripted.followed = [at(250), at(252)]  # bob walks in front of ann, whose box stays on him
    assert list(tracker.update(scene(bob=at(252)), 0.1)) == [2]


def test_newcomers_are_numbered_from_left_to_right(scripted):
    scripted.visible = [at(300, side=90), at(100, side=80), at(500, side=70)]
    assert [face.box[0] for face in FaceTracker(scripted).update(FRAME, 0).values()] == [100, 300, 500]


def test_crossing_faces_are_told_apart_by_overlap_whatever_the_order_they_are_found_in(scripted):
    tracker = FaceTracker(scripted, detect_every=0)
    scripted.visible = [at(100), at(300)]
    assert {n: f.box[0] for n, f in tracker.update(FRAME, 0).items()} == {1: 100, 2: 300}
    scripted.visible = [at(310), at(90)]
    assert {n: f.box[0] for n, f in tracker.update(FRAME, 1).items()} == {1: 90, 2: 310}


def test_someone_who_comes_is_found_at_the_next_search(scripted):
    tracker = FaceTracker(scripted, detect_every=1.0)
    scripted.visible = [at(100)]
    tracker.update(FRAME, 0)
    scripted.visible = [at(300, side=200), at(100)]
    assert list(tracker.update(FRAME, 0.9)) == [1]
    assert list(tracker.update(FRAME, 1.0)) == [1, 2]


def test_one_missed_search_does_not_lose_a_face_that_is_still_followed_but_two_do(scripted):
    tracker = FaceTracker(scripted, detect_every=1.0)
    scripted.visible = [at(100)]
    tracker.update(FRAME, 0)
    scripted.visible = []
    assert list(tracker.update(FRAME, 1)) == [1]
    assert list(tracker.update(FRAME, 2)) == []


def test_two_boxes_that_meet_on_one_face_become_the_first(scripted):
    tracker = FaceTracker(scripted, detect_every=60)
    scripted.visible = [at(100), at(300)]
    tracker.update(FRAME, 0)
    scripted.followed = [at(200), at(205)]
    assert list(tracker.update(FRAME, 0.1)) == [1]


def test_no_more_faces_than_asked_for_are_followed_and_those_who_are_there_stay(scripted):
    tracker = FaceTracker(scripted, detect_every=0, max_faces=2)
    scripted.visible = [at(0), at(150)]
    tracker.update(FRAME, 0)
    scripted.visible = [at(300, side=250), at(0), at(150)]
    assert list(tracker.update(FRAME, 1)) == [1, 2]


def test_an_empty_picture_is_searched_ten_times_a_second_at_most(scripted):
    tracker = FaceTracker(scripted)
    for i in range(60):
        tracker.update(FRAME, i / 60)
    assert 9 <= scripted.searches <= 10


def test_the_tracker_forgets_who_has_been_gone_for_long(scripted):
    tracker = FaceTracker(scripted, detect_every=0, keep_lost=2.0)
    for i in range(200):
        scripted.visible, scripted.followed = [at(500 * (i % 2))], [None] * len(tracker._seen())
        tracker.update(FRAME, 5.0 * i)
    assert len(tracker._tracks) <= 2


def test_frames_out_of_order_are_refused(scripted):
    tracker = FaceTracker(scripted)
    tracker.update(FRAME, 1.0)
    with pytest.raises(ValueError, match="order"):
        tracker.update(FRAME, 0.5)


def test_overlap_is_intersection_over_union():
    assert overlap(at(0), at(0)) == 1
    assert overlap(at(0), at(50)) == pytest.approx(50 / 150)
    assert overlap(at(0), at(100)) == 0
