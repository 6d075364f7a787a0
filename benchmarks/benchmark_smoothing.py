"""What smoothing over time is worth: raw answers, an exponential average and the hidden Markov model.

    python benchmarks/benchmark_smoothing.py pattlite-ferplus --layout ferplus_parquet \
        --data fer2013plus.parquet --split PublicTest --limit 1200

On made sequences, whose expressions are known: pictures of one expression for 1 to 5 seconds, each frame another
person, then of another; a fifth of the frames are blurred or dark. The errors of neighbouring frames are thus
independent, which those of a real video are not: all ways of smoothing gain more here than there. The expressions are
drawn once as often as FER+ has them, once all alike.
"""

import argparse
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from fer_models.results import write
from fer_models.results.smoothing import Made, Smoothing, Way
from fer_models.video.smoothing import ExpressionChain, ferplus_shares
from train.data.corruptions import corrupt
from train.data.readers import FaceDataset
from train.measure import metrics
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, score

RATE = 10.0  # answers per second
SECONDS = 60.0
STRETCH = (1.0, 5.0)  # seconds of one expression
SPOILT = 0.2  # share of the frames
LEAST_PICTURES = 5  # of an expression that is drawn

Stretches = list[tuple[int, int, int]]


def answers_of(checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Class ids `(N,)`, and the probabilities `(N, C)` of the pictures as they are, blurred and dark."""
    changes = {"clean": None, "blur": partial(corrupt, "blur", 4, 0), "dark": partial(corrupt, "low light", 4, 0)}
    scores = {kind: score(checkpoint, data, rows, 64, how, kind) for kind, how in changes.items()}
    temperature = checkpoint.model.config.softmax_temperature
    answers = {kind: metrics.probabilities(one.logits, temperature) for kind, one in scores.items()}
    return data.labels[scores["clean"].rows], answers


def made_sequence(
    rng: np.random.Generator, labels: np.ndarray, answers: dict[str, np.ndarray], shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The expressions `(T,)` of a made sequence, and the answers `(T, C)` about its frames.

    Args:
        shares: `(C,)` how often each expression is drawn.
    """
    frames = round(SECONDS * RATE)
    truth: list[int] = []
    rows: list[int] = []
    while len(truth) < frames:
        chances = shares * (np.bincount(labels, minlength=len(shares)) >= LEAST_PICTURES)
        if truth:
            chances[truth[-1]] = 0
        expression = int(rng.choice(len(shares), p=chances / chances.sum()))
        count = round(rng.uniform(*STRETCH) * RATE)
        truth += [expression] * count
        rows += rng.choice(np.flatnonzero(labels == expression), count).tolist()
    spoilt = rng.random(frames)
    kinds = np.where(spoilt < SPOILT / 2, "blur", np.where(spoilt < SPOILT, "dark", "clean"))
    return np.array(truth[:frames]), np.array([answers[kind][row] for kind, row in zip(kinds, rows, strict=False)])


def stretches(expressions: np.ndarray) -> Stretches:
    """First frame, frame after the last, and expression of each stretch of one expression."""
    borders = [0, *(np.flatnonzero(np.diff(expressions)) + 1).tolist(), len(expressions)]
    return [(first, after, int(expressions[first])) for first, after in itertools.pairwise(borders)]


def found_again(truth: Stretches, shown: Stretches) -> int:
    """How many stretches of the truth are shown: of the same expression, with an intersection over union of at least
    one half, so that none fits two."""
    count = 0
    for first, after, expression in truth:
        overlaps = [
            (min(after, other_after) - max(first, other_first)) / (max(after, other_after) - min(first, other_first))
            for other_first, other_after, other in shown
            if other == expression
        ]
        count += max(overlaps, default=0) >= 0.5
    return count


def measured(sequences: list[tuple[np.ndarray, np.ndarray]], shown: Callable[[np.ndarray], np.ndarray]) -> Way:
    """One way of smoothing, over all sequences."""
    right = frames = found = there = told = 0
    delays = []
    for truth, answers in sequences:
        course = shown(answers)
        right, frames = right + int((course == truth).sum()), frames + len(truth)
        true_stretches, shown_stretches = stretches(truth), stretches(course)
        found += found_again(true_stretches, shown_stretches)
        there, told = there + len(true_stretches), told + len(shown_stretches)
        for first, after, expression in true_stretches[1:]:
            seen = np.flatnonzero(course[first:after] == expression)
            delays.append((int(seen[0]) if len(seen) else after - first) / RATE)
    return Way(right / frames, 2 * found / (there + told), float(np.mean(delays)))


def averaged(answers: np.ndarray, half_life: float) -> np.ndarray:
    """The exponential average of the Webcam tab, `(T, C)`."""
    weight = 1 - 0.5 ** (1 / RATE / half_life)
    return np.array(list(itertools.accumulate(answers, lambda before, answer: before + weight * (answer - before))))


def ways(shares: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Name -> answers `(T, C)` to what is shown, `(T,)`."""
    times = (np.arange(round(SECONDS * RATE)) / RATE).tolist()
    named: dict[str, Callable[[np.ndarray], np.ndarray]] = {"raw": lambda answers: answers.argmax(axis=1)}
    for half_life in (0.1, 0.25, 0.5):
        named[f"exponential average, {half_life:g} s"] = lambda answers, half_life=half_life: averaged(
            answers, half_life
        ).argmax(axis=1)
    for half_life in (0.5, 1.0, 2.0):
        live = ExpressionChain(shares, half_life)
        named[f"HMM, live, {half_life:g} s"] = lambda answers, live=live: live.filtered(times, answers).argmax(axis=1)
    chain = ExpressionChain(shares)
    named["HMM, whole clip"] = lambda answers: chain.smoothed(times, answers).argmax(axis=1)
    named["HMM, best path"] = lambda answers: chain.path(times, answers)
    return named


def compared(
    labels: np.ndarray, answers: dict[str, np.ndarray], shares: np.ndarray, sequences: int, seed: int
) -> dict[str, dict[str, Way]]:
    """How the expressions are drawn -> way of smoothing -> what it is worth."""
    table = {}
    for drawn, chances in {"as FER+ has them": shares, "all alike": np.ones(len(shares))}.items():
        rngs = [np.random.default_rng([seed, number]) for number in range(sequences)]
        made = [made_sequence(rng, labels, answers, chances.copy()) for rng in rngs]
        table[drawn] = {name: measured(made, shown) for name, shown in ways(shares).items()}
    return table


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    add_arguments(parser)
    parser.add_argument("--sequences", type=int, default=30)
    options = parser.parse_args(arguments)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        labels, answers = answers_of(checkpoint, data, rows)
        shares = ferplus_shares(checkpoint.expressions)
        result = Smoothing(
            checkpoint=sample["checkpoint"],
            data=sample["data"],
            seed=sample["seed"],
            made=Made(options.sequences, SECONDS, RATE, SPOILT),
            ways=compared(labels, answers, shares, options.sequences, options.shuffle_seed),
            **provenance(),
        )
        path = result_file(options.out, f"{checkpoint.name}-smoothing", result.data)
        write(path, result)
        for drawn, named in result.ways.items():
            print(f"{checkpoint.name}, expressions {drawn}: frame accuracy, segment F1, delay")
            for name, way in named.items():
                print(f"  {name:30} {100 * way.accuracy:5.1f} % {100 * way.segment_f1:5.1f} % {way.delay:5.2f} s")
        print(path)
    return path


if __name__ == "__main__":
    main()
