"""What logits and labels say about a model: pure functions on arrays, with bootstrap intervals and a paired test.

Where every resample gives the same value, as for a perfect score, the bootstrap knows of no error; there the intervals
follow from Wilson's for a share (1927).
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.stats import binomtest

from fer_models.probabilities import probabilities as softmax_at

RESAMPLES = 2000


def probabilities(logits: np.ndarray, temperature: float = 1.0, priors: Sequence[float] | None = None) -> np.ndarray:
    """Logits `(N, C)` -> probabilities `(N, C)` of a calibration's temperature, float64, rows sum to 1. With `priors`
    all classes count as equally likely."""
    return softmax_at(torch.from_numpy(np.asarray(logits, dtype=np.float64)), temperature, priors).numpy()


def balancing_weights(labels: np.ndarray) -> np.ndarray:
    """`(N,)` weights with which every class that has a picture counts the same; their mean is 1."""
    counts = np.bincount(labels)
    return len(labels) / (counts[labels] * np.count_nonzero(counts))


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """`(C, C)` counts: the row is the label, the column is the prediction."""
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of pictures on the diagonal, 0 to 1. Here and below `confusion` is `(..., C, C)`, the result `(...)`."""
    return np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))


def per_class_recall(confusion: np.ndarray) -> np.ndarray:
    """`(..., C)`: share of each class's pictures that are recognised, 0 to 1; NaN for a class with no picture."""
    correct = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1)
    return np.divide(correct, total, out=np.full(total.shape, np.nan), where=total > 0)


def mean_class_accuracy(confusion: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that have a picture, 0 to 1."""
    return np.nanmean(per_class_recall(confusion), axis=-1)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that have a picture, 0 to 1.

    F1 = 2 TP / (labelled so + predicted so). A class with no picture does not count, but predicting it costs recall.
    """
    correct = np.diagonal(confusion, axis1=-2, axis2=-1)
    labelled, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    f1 = np.divide(2 * correct, labelled + predicted, out=np.full(labelled.shape, np.nan), where=labelled > 0)
    return np.nanmean(f1, axis=-1)


def _calibration_bins(confidence: np.ndarray, bins: int) -> np.ndarray:
    # Bin m holds (m - 1) / M < confidence <= m / M (Guo et al., section 2).
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def calibration_curve(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The reliability diagram of Guo et al. 2017 (arXiv 1706.04599, section 2): equal-width bins of confidence.

    Args:
        confidence: `(N,)` highest probabilities, 0 to 1.
        correct: `(N,)` whether the prediction was right.
        weights: `(N,)` how much each picture counts.

    Returns:
        counts `(M,)`, mean confidence `(M,)` and accuracy `(M,)` of each bin; NaN where a bin is empty.
    """
    index = _calibration_bins(confidence, bins)
    weights = np.ones(len(confidence)) if weights is None else weights
    counts = np.bincount(index, weights, bins)

    def mean(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(index, values * weights, bins)
        return np.divide(sums, counts, out=np.full(bins, np.nan), where=counts > 0)

    return counts, mean(confidence), mean(correct)


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15, weights: np.ndarray | None = None
) -> float:
    """Mean gap between confidence and accuracy over the bins, weighted by their pictures: 0 (calibrated) to 1.

    Guo et al. 2017, equation 3.
    """
    counts, mean_confidence, mean_correct = calibration_curve(confidence, correct, bins, weights)
    filled = counts > 0
    return float((counts * np.abs(mean_correct - mean_confidence))[filled].sum() / counts.sum())


def coverage_curve(
    confidence: np.ndarray, correct: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What "not sure" buys: accuracy of the answered pictures against the share that is answered.

    Args:
        confidence: `(N,)` highest probabilities.
        correct: `(N,)` whether the prediction was right.
        weights: `(N,)` how much each picture counts.

    Returns:
        thresholds `(K,)`, the distinct confidences from high to low; coverage `(K,)`, the share of pictures at or above
        each; accuracy `(K,)` of those.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal confidences are answered together
    counted = np.ones(len(ranked)) if weights is None else weights[order]
    answered, right = np.cumsum(counted)[last], np.cumsum(correct[order] * counted)[last]
    return ranked[last], answered / counted.sum(), right / answered


def resampled_sums(rows: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Bootstrap: sums over N pictures drawn with replacement, `(resamples, K)`, of per-picture numbers `(N, K)`.

    Every metric here is a function of such sums, so resampling is one matrix product. The draws depend on `seed`
    and N only: two calls of the same N see the same pictures.
    """
    count = len(rows)
    rng = np.random.default_rng(seed)
    sums = []
    for start in range(0, resamples, 100):  # 100 x N draws at a time bound the memory
        draws = min(100, resamples - start)
        drawn = rng.integers(count, size=(draws, count)) + np.arange(draws)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
        sums.append(weights @ np.asarray(rows, dtype=np.float64))
    return np.concatenate(sums)


def percentile_interval(samples: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of bootstrap samples `(R,)`."""
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return float(low), float(high)


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, `right` of `count`: wider than a point also where all or none are right."""
    interval = binomtest(int(right), int(count)).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def share_interval(correct: np.ndarray, seed: int) -> tuple[float, float]:
    """95 % interval of the share of `(N,)` that is true: bootstrap, and Wilson's where all are alike."""
    right, count = int(np.sum(correct)), len(correct)
    if right in (0, count):
        return wilson_interval(right, count)
    return percentile_interval(resampled_sums(np.asarray(correct)[:, None], seed=seed)[:, 0] / count)


def mean_share_interval(value: float, right: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """95 % interval around a mean of shares, `(K,)` `right` of `counts`, from Wilson's of each: the method of variance
    estimates recovery (Zou and Donner 2008, Statistics in Medicine 27, equation 3). Classes without a picture are no
    part of the mean."""
    pairs = [(r, n) for r, n in zip(right, counts, strict=True) if n]
    below = [r / n - wilson_interval(r, n)[0] for r, n in pairs]
    above = [wilson_interval(r, n)[1] - r / n for r, n in pairs]
    down, up = (float(np.linalg.norm(gaps)) / len(pairs) for gaps in (below, above))
    return max(value - down, 0.0), min(value + up, 1.0)


def confusion_interval(
    statistic: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, predictions: np.ndarray, classes: int, seed: int
) -> tuple[float, float]:
    """95 % bootstrap interval of a `statistic` of the confusion matrix, one of the functions above. Where it has no
    width, Wilson's for the accuracy, and as wide as the mean recall's for the others."""
    if statistic is accuracy:
        return share_interval(labels == predictions, seed)
    cells = np.eye(classes**2, dtype=np.float32)[labels * classes + predictions]
    low, high = percentile_interval(statistic(resampled_sums(cells, seed=seed).reshape(-1, classes, classes)))
    if high - low > 1e-9:
        return low, high
    confusion = confusion_matrix(labels, predictions, classes)
    return mean_share_interval(float(statistic(confusion)), np.diagonal(confusion), confusion.sum(axis=1))


def calibration_interval(confidence: np.ndarray, correct: np.ndarray, seed: int, bins: int = 15) -> tuple[float, float]:
    """95 % bootstrap interval of the expected calibration error.

    The error of a resample is biased upwards, so the interval can lie above the value; it says how far the value moves.
    Where all or no answers are right, it reaches as far as the accuracy may lie from the mean confidence.
    """
    gaps = np.eye(bins)[_calibration_bins(confidence, bins)] * (correct - confidence)[:, None]  # (N, M)
    low, high = percentile_interval(np.abs(resampled_sums(gaps, seed=seed)).sum(axis=1) / len(confidence))
    right, count = int(np.sum(correct)), len(confidence)
    if right not in (0, count):
        return low, high
    possible = [abs(share - float(np.mean(confidence))) for share in wilson_interval(right, count)]
    return min(low, *possible), max(high, *possible)


def paired_test(correct: np.ndarray, other_correct: np.ndarray, seed: int = 0) -> dict:
    """Do two models differ on the same pictures? The exact McNemar test and an interval of the difference.

    Args:
        correct, other_correct: `(N,)` whether each model was right, picture by picture.

    Returns:
        `only_first`, `only_second`: pictures that just one of them got right; `p_value`: two-sided, of the binomial
        test that these are equally likely; `difference`: of the accuracies, first minus second, -1 to 1, with its 95 %
        bootstrap `interval`, which follows from Wilson's of both shares where the two never or always differ alike.
    """
    correct, other_correct = np.asarray(correct, dtype=bool), np.asarray(other_correct, dtype=bool)
    first, second = int((correct & ~other_correct).sum()), int((~correct & other_correct).sum())
    difference = correct.astype(float) - other_correct
    value, count = float(difference.mean()), len(difference)
    if np.ptp(difference) == 0:
        (first_low, first_high), (second_low, second_high) = (wilson_interval(n, count) for n in (first, second))
        # Newcombe 1998, Statistics in Medicine 17, method 10: the limits of a difference from those of its two shares
        down = np.hypot(first / count - first_low, second_high - second / count)
        up = np.hypot(first_high - first / count, second / count - second_low)
        interval = (float(max(value - down, -1.0)), float(min(value + up, 1.0)))
    else:
        interval = percentile_interval(resampled_sums(difference[:, None], seed=seed)[:, 0] / count)
    return {
        "only_first": first,
        "only_second": second,
        "p_value": float(binomtest(first, first + second).pvalue) if first + second else 1.0,
        "difference": {"value": value, "interval": interval},
    }
