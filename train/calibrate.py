"""Make a checkpoint say how sure it is, and when it is not sure: temperature and reject threshold from validation.

    python train/calibrate.py checkpoints/pattlite-ferplus --layout ferplus_parquet --data fer2013plus.parquet \
        --split PublicTest --error 0.05

Writes `softmax_temperature`, `reject_threshold` and `calibration` (what they were fitted on) into the checkpoint's
config.json, and a result file with a picture. Temperature scaling: Guo et al. 2017, arXiv 1706.04599, section 4.2.

With `--fold` the temperature goes into the weights of the last layer, so that a stranger's softmax of the logits is
calibrated, and `softmax_temperature` is 1; results of the weights before are then results of other weights.

With `--config` instead of `--layout` and `--split` also `class_priors`, the mean votes of the config's training
pictures, and temperature and threshold of the setting in which all expressions are equally likely (Menon et al. 2021,
arXiv 2007.07314); there every expression of the validation pictures weighs the same.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from fer_models.files import write_text
from fer_models.results import write
from fer_models.results.calibration import Answered, BalancedFit, Calibration, Fit
from fer_models.results.evaluation import CalibrationSource
from train.data.face_dataset import DataError
from train.hub.fold_temperature import fold_temperature
from train.measure import metrics
from train.measure.command_line import add_arguments, command, open_data, open_training_data, result_file
from train.measure.plots import plot_reliability
from train.measure.provenance import provenance
from train.measure.scoring import CheckpointError, describe, labels_for, load_checkpoint, score, scoring_order

LEAST_PICTURES = 200  # at a stated error of 5 % ten of them may be wrong; fewer hardly place a threshold
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Setting:
    """How common the expressions are taken to be: as in the pictures; or, with `priors`, equally likely, and then every
    class of the pictures that calibrate weighs the same.

    priors: `(C,)` shares of the classes in the training votes.
    """

    priors: tuple[float, ...] | None = None

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """`(N, C)` -> `(N, C)`, rows sum to 1."""
        return metrics.probabilities(logits, temperature, self.priors)

    def weights(self, labels: np.ndarray) -> np.ndarray:
        """`(N,)` how much each picture counts; their mean is 1."""
        return np.ones(len(labels)) if self.priors is None else metrics.balancing_weights(labels)


WEB = Setting()


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float, setting: Setting = WEB
) -> float:
    """Mean over the pictures of -log probability of the label, in nats; logits `(N, C)`, labels `(N,)`."""
    scaled = logits / temperature
    if setting.priors is not None:
        scaled = scaled - np.log(setting.priors)
    own = -log_softmax(scaled, axis=1)[np.arange(len(labels)), labels]
    return float(np.average(own, weights=setting.weights(labels)))


def fit_temperature(logits: np.ndarray, labels: np.ndarray, setting: Setting = WEB) -> float:
    """The temperature, between `TEMPERATURES`, with the least negative log likelihood (Guo et al., section 4.2).

    The likelihood has one optimum in 1 / T, so a bounded search over log T finds it.
    """
    logits = np.asarray(logits, dtype=np.float64)
    bounds = np.log(TEMPERATURES)
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, np.exp(log_t), setting), bounds=bounds, method="bounded"
    )
    return float(np.exp(best.x))


def warnings_of(fitted: Fit) -> list[str]:
    """What makes the fitted values doubtful, a sentence each: a temperature at a bound of the search, a threshold that
    lets everything pass."""
    found, temperature = [], fitted.softmax_temperature
    for bound in TEMPERATURES:
        if abs(np.log(temperature / bound)) < 0.01:
            found.append(
                f"the temperature ended at {bound:g}, a bound of the search, so the likelihood has no optimum: are all "
                "these pictures answered right, or nearly none? Take pictures that the model was not trained on"
            )
    if fitted.reject_threshold == 0:
        found.append(
            f"every answer is sure: even of all pictures together no more than {fitted.stated_error:.1%} are wrong"
        )
    return found


def reject_threshold(
    confidence: np.ndarray, correct: np.ndarray, error: float, weights: np.ndarray | None = None
) -> float | None:
    """The lowest threshold at which at most `error` of the answered pictures are wrong.

    Args:
        confidence: `(N,)` calibrated highest probabilities; those at or above the threshold are answered.
        correct: `(N,)` whether the prediction was right.
        error: 0 to 1, for instance 0.05.
        weights: `(N,)` how much each picture counts.

    Returns:
        0.0 when everything can be answered; `None` when even the surest pictures are wrong more often. Otherwise
        half-way between two confidences, so that rounding does not decide.
    """
    thresholds, _, accuracy = metrics.coverage_curve(confidence, correct, weights)
    allowed = np.flatnonzero(1 - accuracy <= error + 1e-12)
    if not len(allowed):
        return None
    last = allowed[-1]
    if last == len(thresholds) - 1:
        return 0.0
    return float((thresholds[last] + thresholds[last + 1]) / 2)


def answered_and_error(correct: np.ndarray, answered: np.ndarray, weights: np.ndarray) -> Answered:
    """Share of pictures that are answered, `(N,)`, and the share of those that is wrong, by their weights."""
    wrong = float(np.average(~correct[answered], weights=weights[answered])) if answered.any() else None
    return Answered(float(np.average(answered, weights=weights)), wrong)


def cross_fitted(
    logits: np.ndarray, labels: np.ndarray, error: float, seed: int, setting: Setting = WEB
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What calibration does to pictures it was not fitted on: fit on one random half, apply to the other, both ways.

    Returns:
        confidence `(N,)` of each picture under the other half's temperature; `(N,)` whether it is at or above the other
        half's threshold; `(N,)` whether the answer is right.
    """
    half = np.random.default_rng(seed).permutation(len(labels)) % 2
    confidence, answered, correct = np.empty(len(labels)), *np.empty((2, len(labels)), dtype=bool)
    for side in (0, 1):
        fit, apply = half != side, half == side
        temperature = fit_temperature(logits[fit], labels[fit], setting)
        shares = setting.probabilities(logits[fit], temperature)
        right = shares.argmax(axis=1) == labels[fit]
        threshold = reject_threshold(shares.max(axis=1), right, error, setting.weights(labels[fit]))
        shares = setting.probabilities(logits[apply], temperature)
        confidence[apply] = shares.max(axis=1)
        correct[apply] = shares.argmax(axis=1) == labels[apply]
        answered[apply] = confidence[apply] >= (threshold or 0)
    return confidence, answered, correct


def calibration(logits: np.ndarray, labels: np.ndarray, error: float, seed: int, setting: Setting = WEB) -> Fit:
    """Temperature and threshold from all pictures, and honest figures for them from the two halves.

    Everything named `cross_fitted` was measured on pictures that its temperature and threshold had not seen; all N
    pictures together, so that it compares with the figure before.
    """
    weights = setting.weights(labels)
    temperature = fit_temperature(logits, labels, setting)
    before, after = (setting.probabilities(logits, t) for t in (1.0, temperature))
    right_before, right = (shares.argmax(axis=1) == labels for shares in (before, after))
    before, after = before.max(axis=1), after.max(axis=1)
    threshold = reject_threshold(after, right, error, weights)
    held_out, answered, right_held_out = cross_fitted(logits, labels, error, seed, setting)
    return Fit(
        softmax_temperature=temperature,
        reject_threshold=threshold,
        stated_error=error,
        fitted=answered_and_error(right, after >= (threshold or 0), weights),
        cross_fitted=answered_and_error(right_held_out, answered, weights),
        ece_before=metrics.expected_calibration_error(before, right_before, weights=weights),
        ece_after_same_pictures=metrics.expected_calibration_error(after, right, weights=weights),
        ece_after_cross_fitted=metrics.expected_calibration_error(held_out, right_held_out, weights=weights),
        nll_before=negative_log_likelihood(logits, labels, 1.0, setting),
        nll_after_same_pictures=negative_log_likelihood(logits, labels, temperature, setting),
    )


def class_priors(votes: np.ndarray, names: Sequence[str]) -> tuple[float, ...]:
    """How common each class is in the training votes `(N, C)`: their mean.

    Raises:
        DataError: a class has no vote at all, so that nothing could be divided by its share.
    """
    shares = votes.mean(axis=0, dtype=np.float64)
    if not shares.all():
        absent = ", ".join(name for name, share in zip(names, shares, strict=True) if share == 0)
        raise DataError(f"the training pictures have no vote for {absent}; the classes cannot be made equally likely")
    return tuple((shares / shares.sum()).tolist())


def store(
    folder: Path, fitted: Fit, source: CalibrationSource, balanced: BalancedFit | None = None, folded: bool = False
) -> None:
    """Write temperature, threshold and where they come from into `folder/config.json`, and those of the balanced
    setting; the rest stays as it is. `folded`: the weights have the temperature."""

    def rounded(number: float | None) -> float | None:
        return None if number is None else round(number, 6)

    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    # what is left of a temperature in the weights is that they were rounded
    config["softmax_temperature"] = 1.0 if folded else rounded(fitted.softmax_temperature)
    config["reject_threshold"] = rounded(fitted.reject_threshold)
    if balanced:
        config["class_priors"] = [rounded(share) for share in balanced.class_priors.values()]
        config["balanced_temperature"] = rounded(balanced.softmax_temperature)
        config["balanced_threshold"] = rounded(balanced.reject_threshold)
    config["calibration"] = asdict(source)
    write_text(file, json.dumps(config, indent=2, sort_keys=True) + "\n")  # as transformers writes it


def _error(text: str) -> float:
    error = float(text)
    if not 0 <= error < 1:
        raise argparse.ArgumentTypeError("a share of the answered pictures, 0 to 1, for instance 0.05")
    return error


def tell(fitted: Fit, pictures: str) -> None:
    """What was fitted, in two lines."""
    print(
        f"{pictures}: temperature {fitted.softmax_temperature:.3f}; ECE {fitted.ece_before:.4f} before, "
        f"{fitted.ece_after_cross_fitted:.4f} after (cross-fitted on two halves)"
    )
    if fitted.reject_threshold is None or fitted.fitted.error is None:
        print(f"no threshold keeps the errors at {fitted.stated_error:.1%}: the model will always answer")
        return
    honest = fitted.cross_fitted
    wrong = "none answered" if honest.error is None else f"{honest.error:.1%}"
    print(
        f'"not sure" below {fitted.reject_threshold:.3f}: {fitted.fitted.answered:.1%} answered, '
        f"{fitted.fitted.error:.1%} of those wrong (cross-fitted: {honest.answered:.1%}, {wrong})"
    )


def _require_enough(count: int) -> None:
    if count < LEAST_PICTURES:
        raise DataError(
            f"calibration needs {LEAST_PICTURES} pictures or more, found {count}; take a larger split, or leave the "
            "checkpoint without temperature and threshold"
        )


@command
def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="checkpoint folder; its config.json is changed")
    add_arguments(parser)
    parser.add_argument("--error", type=_error, default=0.05, help="share of the answered that may be wrong")
    parser.add_argument("--fold", action="store_true", help="divide the last layer by the temperature")
    options = parser.parse_args(arguments)

    folder = Path(options.checkpoint)
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"no config.json in {folder}; calibration is stored in a checkpoint folder")
    everything, pictures = open_data(options)
    checkpoint = load_checkpoint(options.checkpoint)
    data, left_out, _ = labels_for(everything, checkpoint)
    rows = scoring_order(data.labels, options.shuffle_seed, limit=options.limit)
    _require_enough(len(rows))
    scores = score(checkpoint, data, rows, 64)
    _require_enough(len(scores.rows))
    if options.fold:
        fold_temperature(folder, fit_temperature(scores.logits, data.labels[scores.rows]))
        checkpoint = load_checkpoint(options.checkpoint)
        scores = score(checkpoint, data, rows, 64)
    labels = data.labels[scores.rows]
    fitted = calibration(scores.logits, labels, options.error, options.shuffle_seed)
    balanced = None
    if options.config:
        training, _, _ = labels_for(open_training_data(options), checkpoint)
        priors = class_priors(training.votes, checkpoint.expressions)
        named = dict(zip(checkpoint.expressions, priors, strict=True))
        own = calibration(scores.logits, labels, options.error, options.shuffle_seed, Setting(priors))
        balanced = BalancedFit(class_priors=named, **vars(own))
    warned = warnings_of(fitted)
    if balanced:
        warned += [f"all expressions equally likely: {warning}" for warning in warnings_of(balanced)]
    origin = provenance()
    source = CalibrationSource(
        data=pictures.name,
        split=pictures.split,
        n=len(labels),
        stated_error=options.error,
        commit=origin["commit"],
        date=origin["date"],
    )
    store(folder, fitted, source, balanced, options.fold)

    found: dict[str, Any] = {**vars(fitted), **origin}
    path = result_file(options.out, f"{checkpoint.name}-calibration", pictures)
    result = Calibration(
        checkpoint=describe(checkpoint),
        data=pictures,
        seed=options.shuffle_seed,
        n_scored=len(labels),
        left_out=left_out,
        unreadable=tuple(str(data.ids[row]) for row in scores.unreadable),
        warnings=tuple(warned),
        balanced=balanced,
        **found,
    )
    write(path, result)
    held_out, _, correct = cross_fitted(scores.logits, labels, options.error, options.shuffle_seed)
    curves = {
        f"before: ECE {result.ece_before:.3f}": metrics.probabilities(scores.logits).max(axis=1),
        f"after, cross-fitted: ECE {result.ece_after_cross_fitted:.3f}": held_out,
    }
    plot_reliability(
        {name: metrics.calibration_curve(confidence, correct) for name, confidence in curves.items()},
        f"{checkpoint.name} on {pictures.words}",
        path.with_name(f"{path.stem}-reliability.png"),
    )
    tell(fitted, f"{len(labels)} pictures")
    if balanced:
        tell(balanced, "the same pictures, all expressions equally likely")
    for warning in warned:
        print(f"warning: {warning}", file=sys.stderr)
    print(path)
    return path


if __name__ == "__main__":
    main()
