"""The library inside a program with threads and processes of its own."""

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from fer_models.analyzer import Analyzer
from fer_models.paths import CHECKPOINTS, ROOT

FORKED = """
import os, signal, sys
import torch
from fer_models.analyzer import Analyzer
from fer_models.paths import CHECKPOINTS, EXAMPLES
torch.set_num_threads(2)  # more than one, or nothing is left behind
analyzer = Analyzer([CHECKPOINTS / "pattlite-ferplus", CHECKPOINTS / "hfc-resnet18-ferplus"])

def answers():
    (face,) = analyzer.analyze(EXAMPLES / "portrait.jpg").predictions
    return [share for answer in face.values() for share in answer.probabilities.values()]

before = answers()
child = os.fork()
if child == 0:
    signal.alarm(200)  # it may hang
    os._exit(0 if max(abs(a - b) for a, b in zip(answers(), before)) < 1e-5 and torch.get_num_threads() == 1 else 1)
assert torch.get_num_threads() == 2
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_process_that_is_forked_after_an_answer_gives_the_same_answer():
    command = [sys.executable, "-c", FORKED]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=300)
    assert ran.returncode == 0


@pytest.mark.slow
def test_an_analyzer_answers_and_explains_in_several_threads_as_in_one(portrait, several_faces):
    analyzer = Analyzer([CHECKPOINTS / "pattlite-ferplus"])
    photos = [portrait, several_faces]

    def answered(index: int, method: str | None) -> list:
        faces = analyzer.analyze(photos[index], method=method).predictions
        return [
            [*answer.probabilities.values(), *(value for one in answer.maps for value in one.values.ravel())]
            for face in faces
            for answer in face.values()
        ]

    asked = [(index, method) for index in range(len(photos)) for method in ("gradcam", None)]
    alone = {one: answered(*one) for one in asked}
    found: dict[tuple, list] = {}

    def work(order: list) -> None:
        for one in order:
            found[threading.get_ident(), *one] = answered(*one)

    threads = [threading.Thread(target=work, args=(asked[start:] + asked[:start],)) for start in (0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(threads) * len(asked)
    for (_, *one), answers in found.items():
        expected = alone[tuple(one)]
        assert len(answers) == len(expected)
        for answer, told in zip(answers, expected, strict=True):
            assert answer == pytest.approx(told, abs=1e-6)
