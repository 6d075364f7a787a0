"""How much of the answers of an HFC or DDAMFN checkpoint comes from its attention maps: with each map as it is, with
the mean map of all faces in its place, which no longer depends on the face, and with that map's mean, which is one
number a module.

    python train/fixed_maps.py checkpoints/hfc-resnet18-ferplus checkpoints/ddamfn-ferplus \
        --config hub_configs/hfc-resnet18-ferplus.yaml --data fer2013plus.parquet
"""

import argparse
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from fer_models.models.modeling_ddamfn import DualDirectionHead
from fer_models.models.modeling_hfc import HFCAttention
from fer_models.results import percent, write
from fer_models.results.fixed_maps import Answers, FixedMaps, Module, Range
from train.data.readers import FaceDataset
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, CheckpointError, score


def _map_of(module: torch.nn.Module, output: torch.Tensor | tuple) -> torch.Tensor:
    """`(B, n, n)` of an HFC module; of a head of DDAMFN its two profiles, `(B, C, 2, n)`."""
    return output[1] if isinstance(module, HFCAttention) else output


class _Moments:
    """Mean and standard deviation over the faces of each place of a map, and the share of entries near 0 and near 1."""

    def __init__(self):
        self.count, self.sum, self.squares, self.saturated = 0, 0.0, 0.0, 0.0

    def __call__(self, module: torch.nn.Module, inputs: tuple, output: tuple) -> None:
        maps = _map_of(module, output).double()
        self.count += len(maps)
        self.sum = self.sum + maps.sum(dim=0)
        self.squares = self.squares + (maps**2).sum(dim=0)
        self.saturated += ((maps < 0.02) | (maps > 0.98)).double().flatten(1).mean(dim=1).sum().item()

    @property
    def mean(self) -> torch.Tensor:
        """As one map, in (0, 1)."""
        return self.sum / self.count

    def describe(self) -> Module:
        spread = (self.squares / self.count - self.mean**2).clamp(min=0).sqrt()
        return Module(
            shape=tuple(self.mean.shape),
            mean_map=Range(self.mean.min().item(), self.mean.max().item()),
            sd_over_faces=spread.mean().item(),
            saturated=self.saturated / self.count,
        )


def _replaced(fixed: torch.Tensor) -> Callable:
    """A forward hook: the features are multiplied by `fixed`, one map or a scalar, instead of by the module's own."""

    def hook(module: torch.nn.Module, inputs: tuple, output: torch.Tensor | tuple) -> torch.Tensor | tuple:
        if isinstance(module, HFCAttention):
            return inputs[0] * fixed.to(inputs[0].dtype), output[1], output[2]
        assert isinstance(output, torch.Tensor)  # of DDAMFN's heads
        return fixed.to(output.dtype).expand_as(output)

    return hook


@contextmanager
def _hooked(modules: Sequence[torch.nn.Module], hooks: Sequence[Callable]) -> Generator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in zip(modules, hooks, strict=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def fixed_maps(
    checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, batch_size: int = 64
) -> tuple[dict[str, Answers], tuple[Module, ...]]:
    """Accuracy with the maps as they are, with mean maps and with one number a module; the share of the answers that
    stay the same; and what the maps look like.

    Args:
        data: with the model's class ids. rows: `(S,)` row numbers.

    Raises:
        CheckpointError: the model has neither HFC's modules nor DDAMFN's heads.
    """
    modules = [one for one in checkpoint.model.modules() if isinstance(one, (HFCAttention, DualDirectionHead))]
    if not modules:
        raise CheckpointError(f"{checkpoint.folder} has no attention of HFC or DDAMFN, whose maps could be replaced")

    def answers(progress: str) -> tuple[np.ndarray, np.ndarray]:
        scores = score(checkpoint, data, rows, batch_size, progress=f"{checkpoint.name}, {progress}")
        return scores.logits.argmax(axis=1), data.labels[scores.rows]

    moments = [_Moments() for _ in modules]
    with _hooked(modules, moments):
        own, labels = answers("own maps")
    ways = {
        "mean map": [_replaced(moment.mean) for moment in moments],
        "one number": [_replaced(moment.mean.mean()) for moment in moments],
    }
    result = {"own map": Answers(float((own == labels).mean()), 1.0)}
    for name, hooks in ways.items():
        with _hooked(modules, hooks):
            changed, _ = answers(name)
        result[name] = Answers(float((changed == labels).mean()), float((changed == own).mean()))
    return result, tuple(moment.describe() for moment in moments)


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids, of HFC or DDAMFN")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        answers, modules = fixed_maps(checkpoint, data, rows)
        path = result_file(options.out, f"{checkpoint.name}-fixed-maps", sample["data"])
        write(path, FixedMaps(answers=answers, modules=modules, **sample, **provenance()))
        for name, one in answers.items():
            print(f"{name:12}{100 * one.accuracy:7.2f} %, {percent(one.same_answers)} of the answers the same")
        print(path)
    return path


if __name__ == "__main__":
    main()
