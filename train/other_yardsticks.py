"""Our yardsticks of maps beside those of quantus and captum, on the same Grad-CAM maps of the same faces.

    pip install quantus
    python train/other_yardsticks.py checkpoints/* --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet

Deletion with the mean colour beside quantus' PixelFlipping (Bach et al. 2015), the change with noise beside captum's
`sensitivity_max` (Yeh et al. 2019). Each is asked twice: told exactly what ours does, which shows whether they compute
the same, and as it is by itself, which shows what its own choices are worth.
"""

import argparse
import itertools
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain
from fer_models.integrated_numpy import enlarged
from fer_models.results import write
from fer_models.results.other_yardsticks import Compared, OtherYardsticks
from fer_models.trust import faithfulness
from train.data.readers import DataError
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.yardsticks import NOISY, max_sensitivity, noisy

FACES, STEPS = 10, 14
DELETION, SENSITIVITY = "area under deletion, mean colour", "change with noise"
SAME_PIXELS = "quantus, no two pixels alike, the face's mean as a number"
OWN_MEAN = 'quantus, no two pixels alike, its "mean"'
OWN_TIES = 'quantus, the map as it is, its "mean"'
SAME_NOISE, OWN_NOISE = "captum, our noise", "captum, its own noise of the same size"


class Calibrated(nn.Module):
    """`(B, 3, S, S)` -> `(B, C)` logits whose softmax people see."""

    def __init__(self, checkpoint: Checkpoint):
        super().__init__()
        self.network, self.temperature = checkpoint.model, checkpoint.model.config.softmax_temperature

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.network(pixel_values).logits / self.temperature


def without_ties(values: np.ndarray, seed: int) -> np.ndarray:
    """A map in the same order, in which no two pixels are alike, 0 to 1."""
    order = np.lexsort((np.random.default_rng(seed).random(values.size), values.ravel()))
    ranks = np.empty(values.size, dtype=np.float64)
    ranks[order] = np.linspace(0, 1, values.size)
    return ranks.reshape(values.shape)


def _area(curve: Sequence[float] | np.ndarray) -> float:
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def points_of(pixels: torch.Tensor) -> int:
    """Steps of the curves of a face `(3, S, S)`. quantus flips the three values of a pixel one by one, but asks for a
    step that divides the number of pixels: three times the first number from `STEPS` on that does, 14 for sides of 56
    and 112 and 16 for 160."""
    return 3 * next(steps for steps in itertools.count(STEPS) if pixels[0].numel() % steps == 0)


def deletion_of_ours(checkpoint: Checkpoint, pixels: torch.Tensor, values: np.ndarray, class_id: int) -> float:
    """Area under the curve of one face `(3, S, S)` as pixels take the face's mean colour."""
    points = points_of(pixels)
    return faithfulness(checkpoint.model, pixels, {"map": values}, class_id, points, 0, 1, "mean")["map"].deletion_area


def deletion_of_quantus(
    checkpoint: Checkpoint, pixels: torch.Tensor, values: np.ndarray, class_id: int, baseline: float | str
) -> float:
    """The same by quantus. Its curve begins after the first step: the whole face's probability is put before it."""
    quantus = import_module("quantus")  # of no extra: whoever compares installs it
    model = Calibrated(checkpoint).eval()
    metric = quantus.PixelFlipping(
        features_in_step=pixels.numel() // points_of(pixels),
        perturb_baseline=baseline,
        normalise=False,
        disable_warnings=True,
    )
    (curve,) = metric(
        model=model,
        x_batch=pixels[None].numpy(),
        y_batch=np.array([class_id]),
        a_batch=values[None, None],
        device="cpu",
        softmax=True,
    )
    with torch.inference_mode():
        whole = float(model(pixels[None]).softmax(dim=1)[0, class_id])
    return _area([whole, *curve])


def sensitivity_of_captum(checkpoint: Checkpoint, pixels: torch.Tensor, class_id: int, own_noise: bool) -> float:
    """`max_sensitivity` of Grad-CAM by captum, with our noise or its own."""
    from captum.metrics import sensitivity_max

    def maps(pictures: tuple[torch.Tensor] | torch.Tensor) -> tuple[torch.Tensor]:
        """A tuple, since captum 0.9 takes a tensor apart along its first axis."""
        some = pictures[0] if isinstance(pictures, tuple) else pictures
        return (torch.from_numpy(explain(checkpoint.model, some, "gradcam", [class_id] * len(some)).cam),)

    copies, radius = noisy(pixels)
    how = {"perturb_radius": radius} if own_noise else {"perturb_func": lambda *_: copies}
    torch.manual_seed(1)  # another one than ours
    return float(sensitivity_max(maps, pixels[None], n_perturb_samples=NOISY, **how))


def compared(ours: Sequence[float], theirs: Sequence[float]) -> Compared:
    """The same number of several faces, measured twice."""
    one, other = np.array(ours), np.array(theirs)
    varies = min(np.ptp(one), np.ptp(other)) > 1e-9
    return Compared(
        ours=float(one.mean()),
        theirs=float(other.mean()),
        largest=float(np.abs(one - other).max()),
        correlation=float(np.corrcoef(one, other)[0, 1]) if varies else None,
    )


def measure(checkpoint: Checkpoint, faces: Sequence[torch.Tensor]) -> dict[str, dict[str, Compared]]:
    """Both yardsticks of the Grad-CAM maps of the faces' own answers, `(3, S, S)` each."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {DELETION: {}, SENSITIVITY: {}}
    for number, pixels in enumerate(faces):
        explanation = explain(checkpoint.model, pixels[None])
        class_id, mean = explanation.class_ids[0], float(pixels.mean())
        raw = enlarged(explanation.cam[0], pixels.shape[-2:])
        strict = without_ties(raw, number)
        for name, values, baseline in (
            (SAME_PIXELS, strict, mean),
            (OWN_MEAN, strict, "mean"),
            (OWN_TIES, raw, "mean"),
        ):
            ours = deletion_of_ours(checkpoint, pixels, values, class_id)
            theirs = deletion_of_quantus(checkpoint, pixels, values, class_id, baseline)
            found[DELETION].setdefault(name, []).append((ours, theirs))
        ours = max_sensitivity(
            lambda some, one=class_id: explain(checkpoint.model, some, "gradcam", [one] * len(some)).cam, pixels
        )
        for name, own_noise in ((SAME_NOISE, False), (OWN_NOISE, True)):
            theirs = sensitivity_of_captum(checkpoint, pixels, class_id, own_noise)
            found[SENSITIVITY].setdefault(name, []).append((ours, theirs))
    return {
        what: {name: compared(*zip(*pairs, strict=True)) for name, pairs in by_way.items()}
        for what, by_way in found.items()
    }


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    add_arguments(parser)
    parser.set_defaults(limit=FACES)
    options = parser.parse_args(arguments)
    try:
        packages = {name: version(name) for name in ("quantus", "captum")}
    except PackageNotFoundError as error:
        raise DataError(f"what our yardsticks are compared with is not installed: pip install {error.name}") from error
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        faces = [checkpoint.pixel_values([data[int(row)]["image"]])[0] for row in rows]
        path = result_file(options.out, f"{checkpoint.name}-other-yardsticks", sample["data"])
        result = OtherYardsticks(compared=measure(checkpoint, faces), packages=packages, **sample, **provenance())
        write(path, result)
        for what, by_way in result.compared.items():
            for name, one in by_way.items():
                print(f"{what}: ours {one.ours:.4f}, {name} {one.theirs:.4f}, at most {one.largest:.2g} apart")
        print(path)
    return path


if __name__ == "__main__":
    main()
