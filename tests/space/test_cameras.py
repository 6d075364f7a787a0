"""Places for cameras: how many, of whom, and when one is free again."""

from space.cameras import KEPT, Cameras


def test_who_comes_when_all_places_are_taken_waits_until_one_stops():
    now = 0.0
    cameras = Cameras(most=2, most_of_one=2, clock=lambda: now)
    assert cameras.admit("a", "1") and cameras.admit("b", "2")
    assert not cameras.admit("c", "3")
    now = KEPT - 1
    assert cameras.admit("a", "1")  # its next picture keeps the place
    now = KEPT + 1
    assert cameras.admit("c", "3") and len(cameras) == 2
    assert not cameras.admit("b", "2")


def test_one_visitor_does_not_take_all_places():
    cameras = Cameras(most=6, most_of_one=2)
    assert [cameras.admit("a", session) for session in "1231"] == [True, True, False, True]
    assert cameras.admit("b", "4")
