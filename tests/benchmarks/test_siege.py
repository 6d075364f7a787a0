"""The siege's parts that need no server: what it sends, and what it calls wrong."""

from dataclasses import replace

import pytest

from benchmarks.hostile import hostile_files
from benchmarks.siege import FAULTS, PATH, hub_faults, told, verdict
from fer_models.results.siege import Crowd, Sent, Siege, Turns
from space.jobs import OURS
from space.uploaded import NOT_UPLOADED, TOO_LARGE

GOOD = Siege(
    seed=0,
    cores=2,
    files={"noise": Sent(10, 0, 10, 0)},
    cut_uploads=1,
    odd_requests=1,
    exceptions=0,
    paths_shown=0,
    files_left={"SIGTERM": 0},
    hub_faults=3,
    hub_sentences=3,
    megabytes=(1000.0, 1040.0),
    quiet=0.5,
    beside=1.4,
    greedy=Turns(60, 0.5, 1.4),
    crowd=Crowd(80, 40, 40, 0),
    commit=None,
    dirty=None,
    date="2026-11-28",
    versions={},
)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"files": {"noise": Sent(10, 0, 9, 1)}}, "1 files were neither answered nor refused"),
        ({"exceptions": 2}, "2 exceptions reached the end of a handler"),
        ({"paths_shown": 1}, "1 sentences show a path"),
        ({"files_left": {"SIGTERM": 0, "SIGKILL": 2}}, "files were left"),
        ({"hub_sentences": 2}, "a fault of the Hub is not one sentence"),
        ({"megabytes": (1000.0, 1060.0)}, "memory went from 1000.0 to 1060.0 MB"),
        ({"beside": 1.6}, "an honest visitor waited 1.6 s instead of 0.5 s"),
        ({"greedy": Turns(60, 0.5, 1.6)}, "a visitor waited 1.6 s beside 60 jobs"),
        ({"crowd": Crowd(80, 40, 39, 1)}, "1 of 80 visitors were lost"),
    ],
)
def test_each_target_that_is_missed_is_one_sentence(changes, words):
    assert verdict(GOOD) == []
    (sentence,) = verdict(replace(GOOD, **changes))
    assert words in sentence


def test_the_same_seed_sends_the_same_files_of_every_kind():
    files = list(hostile_files(400, seed=3))
    assert files == list(hostile_files(400, seed=3)) != list(hostile_files(400, seed=4))
    assert len({file.kind for file in files}) == 11 and max(len(file.content) for file in files) < 200_000


@pytest.mark.parametrize(
    "output, how",
    [
        ({"data": [1]}, "answered"),
        ({"error": NOT_UPLOADED}, "refused"),
        ({"error": OURS.format("12345678")}, "failed"),
        ({"error": None}, "failed"),
        ({}, "failed"),
    ],
)
def test_what_an_answer_counts_as(output, how):
    assert told(output)[0] == how


def test_a_path_in_a_sentence_is_seen_and_an_address_or_a_choice_is_not():
    assert PATH.search("no file at /tmp/visitors/a.jpg") and PATH.search("'/home/x/y'")
    assert not any(map(PATH.search, (NOT_UPLOADED, TOO_LARGE, "and/or", "JPEG, PNG / GIF", "</p>", "1/2")))


def test_a_fault_of_the_hub_ends_a_load_in_one_sentence():
    some = [fault for fault in FAULTS if fault in ("reset", "html", 404, 429)]
    assert hub_faults("pattlite-ferplus", some) == len(some) == 4
