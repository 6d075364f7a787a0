"""Make a checkpoint say how sure it is, and when it is not sure: temperature and reject threshold from validation.

    python train/calibrate.py checkpoints/pattlite-ferplus --layout ferplus_parquet --data fer2013plus.parquet \
        --split PublicTest --error 0.05

Writes `softmax_temperature`, `reject_threshold` and `calibration` (what they were fitted on) into the checkpoint's
config.json, and a result file with a picture. Temperature scaling: Guo et al. 2017, arXiv 1706.04599, section 4.2.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from train.measure import metrics
from train.measure.command_line import add_arguments, command, open_data, result_file, write_json
from train.measure.plots import plot_reliability
from train.measure.provenance import provenance
from train.measure.scoring import CheckpointError, describe, labels_for, load_checkpoint, score, scoring_order


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean over the pictures of -log probability of the label, in nats; logits `(N, C)`, labels `(N,)`."""
    return float(-log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, 0.05 to 20, with the least negative log likelihood (Guo et al., section 4.2).

    The likelihood has one optimum in 1 / T, so a bounded search over log T finds it.
    """
    logits = np.asarray(logits, dtype=np.float64)
    bounds = np.log([0.05, 20])
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, np.exp(log_t)), bounds=bounds, method="bounded"
    )
    return float(np.exp(best.x))


def reject_threshold(confidence: np.ndarray, correct: np.ndarray, error: float) -> float | None:
    """The lowest threshold at which at most `error` of the answered pictures are wrong.

    Args:
        confidence: `(N,)` calibrated highest probabilities; those at or above the threshold are answered.
        correct: `(N,)` whether the prediction was right.
        error: 0 to 1, for instance 0.05.

    Returns:
        0.0 when everything can be answered; `None` when even the surest pictures are wrong more often. Otherwise
        half-way between two confidences, so that rounding does not decide.
    """
    thresholds, _, accuracy = metrics.coverage_curve(confidence, correct)
    allowed = np.flatnonzero(1 - accuracy <= error + 1e-12)
    if not len(allowed):
        return None
    last = allowed[-1]
    if last == len(thresholds) - 1:
        return 0.0
    return float((thresholds[last] + thresholds[last + 1]) / 2)


def answered_and_error(confidence: np.ndarray, correct: np.ndarray, threshold: float | None) -> dict:
    """Share of pictures at or above `threshold`, and the share of those that is wrong; `None` answers everything."""
    answered = confidence >= (threshold or 0)
    return {
        "answered": float(answered.mean()),
        "error": float(1 - correct[answered].mean()) if answered.any() else None,
    }


def cross_fitted(logits: np.ndarray, labels: np.ndarray, error: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What calibration does to pictures it was not fitted on: fit on one random half, apply to the other, both ways.

    Returns:
        confidence `(N,)` of each picture under the other half's temperature, and `(N,)` whether it is at or above the
        other half's threshold.
    """
    half = np.random.default_rng(seed).permutation(len(labels)) % 2
    correct = logits.argmax(axis=1) == labels
    confidence, answered = np.empty(len(labels)), np.empty(len(labels), dtype=bool)
    for side in (0, 1):
        fit, apply = half != side, half == side
        temperature = fit_temperature(logits[fit], labels[fit])
        threshold = reject_threshold(metrics.probabilities(logits[fit], temperature).max(axis=1), correct[fit], error)
        confidence[apply] = metrics.probabilities(logits[apply], temperature).max(axis=1)
        answered[apply] = confidence[apply] >= (threshold or 0)
    return confidence, answered


def calibration(logits: np.ndarray, labels: np.ndarray, error: float, seed: int) -> dict:
    """Temperature and threshold from all pictures, and honest figures for them from the two halves.

    Everything named `cross_fitted` was measured on pictures that its temperature and threshold had not seen; all N
    pictures together, so that it compares with the figure before.
    """
    correct = logits.argmax(axis=1) == labels
    temperature = fit_temperature(logits, labels)
    before, after = (metrics.probabilities(logits, t).max(axis=1) for t in (1.0, temperature))
    threshold = reject_threshold(after, correct, error)
    held_out, answered = cross_fitted(logits, labels, error, seed)
    return {
        "softmax_temperature": temperature,
        "reject_threshold": threshold,
        "stated_error": error,
        "fitted": answered_and_error(after, correct, threshold),
        "cross_fitted": {
            "answered": float(answered.mean()),
            "error": float(1 - correct[answered].mean()) if answered.any() else None,
        },
        "ece_before": metrics.expected_calibration_error(before, correct),
        "ece_after_same_pictures": metrics.expected_calibration_error(after, correct),
        "ece_after_cross_fitted": metrics.expected_calibration_error(held_out, correct),
        "nll_before": negative_log_likelihood(logits, labels, 1.0),
        "nll_after_same_pictures": negative_log_likelihood(logits, labels, temperature),
    }


def store(folder: Path, fitted: dict, source: dict) -> None:
    """Write temperature, threshold and where they come from into `folder/config.json`; the rest stays as it is."""
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["softmax_temperature"] = round(fitted["softmax_temperature"], 6)
    threshold = fitted["reject_threshold"]
    config["reject_threshold"] = None if threshold is None else round(threshold, 6)
    config["calibration"] = source
    file.write_text(json.dumps(config, indent=2) + "\n")


def _error(text: str) -> float:
    error = float(text)
    if not 0 <= error < 1:
        raise argparse.ArgumentTypeError("a share of the answered pictures, 0 to 1, for instance 0.05")
    return error


@command
def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="checkpoint folder; its config.json is changed")
    add_arguments(parser)
    parser.add_argument("--error", type=_error, default=0.05, help="share of the answered that may be wrong")
    options = parser.parse_args(arguments)

    folder = Path(options.checkpoint)
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"no config.json in {folder}; calibration is stored in a checkpoint folder")
    everything, description = open_data(options)
    checkpoint = load_checkpoint(options.checkpoint)
    data, left_out, _ = labels_for(everything, checkpoint)
    scores = score(checkpoint, data, scoring_order(data.labels, options.shuffle_seed, limit=options.limit), 64)
    labels = data.labels[scores.rows]
    fitted = calibration(scores.logits, labels, options.error, options.shuffle_seed)
    origin = provenance()
    source = {
        "data": description["name"],
        "split": description["split"],
        "n": len(labels),
        "stated_error": options.error,
        "commit": origin["commit"],
        "date": origin["date"],
    }
    store(folder, fitted, source)

    path = result_file(options, f"{checkpoint.name}-calibration", description)
    result = {
        "kind": "calibration",
        "checkpoint": describe(checkpoint),
        "data": description,
        "seed": options.shuffle_seed,
        "n_scored": len(labels),
        "left_out": left_out,
        "unreadable": [str(data.ids[row]) for row in scores.unreadable],
        **fitted,
        **origin,
    }
    write_json(path, result)
    correct = scores.logits.argmax(axis=1) == labels
    held_out, _ = cross_fitted(scores.logits, labels, options.error, options.shuffle_seed)
    curves = {
        f"before: ECE {fitted['ece_before']:.3f}": metrics.probabilities(scores.logits).max(axis=1),
        f"after, cross-fitted: ECE {fitted['ece_after_cross_fitted']:.3f}": held_out,
    }
    plot_reliability(
        {name: metrics.calibration_curve(confidence, correct) for name, confidence in curves.items()},
        f"{checkpoint.name} on {description['name']} {description['split']}",
        path.with_name(f"{path.stem}-reliability.png"),
    )
    print(
        f"temperature {fitted['softmax_temperature']:.3f}; ECE {fitted['ece_before']:.4f} before, "
        f"{fitted['ece_after_cross_fitted']:.4f} after (cross-fitted on two halves of {len(labels)} pictures)"
    )
    if fitted["reject_threshold"] is None:
        print(f"no threshold keeps the errors at {options.error:.1%}: the model will always answer")
    else:
        honest = fitted["cross_fitted"]
        print(
            f'"not sure" below {fitted["reject_threshold"]:.3f}: {fitted["fitted"]["answered"]:.1%} answered, '
            f"{fitted['fitted']['error']:.1%} of those wrong (cross-fitted: {honest['answered']:.1%}, "
            f"{'none answered' if honest['error'] is None else format(honest['error'], '.1%')})"
        )
    print(path)
    return path


if __name__ == "__main__":
    main()
