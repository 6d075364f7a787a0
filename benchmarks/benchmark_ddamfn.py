"""DDAMFN beside a straightforward implementation of the same network with the same weights: answering and training.

python benchmarks/benchmark_ddamfn.py [--rounds 5] [--out results/benchmark-ddamfn.json]

The straightforward one is torch's own modules, put together as the paper draws them; it runs as it is and in
`channels_last` format. All take turns, and a difference in their logits is an error.
"""

import argparse
import copy
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.benchmark import interleaved
from fer_models import DDAMFNConfig, DDAMFNForImageClassification
from fer_models.files import write_faults_told
from fer_models.results import tell
from fer_models.results.benchmark_ddamfn import BenchmarkDDAMFN
from train.loop.cpu import keep_freed_memory
from train.measure.provenance import hardware, provenance

TOLERANCE = 1e-4  # of the logits


class ConvNorm(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, kernel, stride=1, padding=0, groups: int = 1, activated: bool = True):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)
        )
        if activated:
            self.append(nn.PReLU(outputs))


class MixedDepthwise(nn.Module):
    """The channels cut apart, one convolution for each size of kernel, and joined again."""

    def __init__(self, kernels: list[int], split: list[int], stride: int):
        super().__init__()
        self.split = list(split)
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
            for kernel, channels in zip(kernels, split, strict=True)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        parts = torch.split(features, self.split, dim=1)
        return torch.cat([conv(part) for conv, part in zip(self.convs, parts, strict=True)], dim=1)


class Gates(nn.Module):
    """`(B, C, H, 1)` and `(B, C, 1, W)` -> a gate in (0, 1) for each of their values."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = max(8, channels // 32)
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.norm = nn.BatchNorm2d(squeezed)
        self.activation = nn.Hardswish()
        self.rows = nn.Conv2d(squeezed, channels, 1)
        self.columns = nn.Conv2d(squeezed, channels, 1)

    def forward(self, rows: torch.Tensor, columns: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        both = torch.cat([rows, columns.transpose(2, 3)], dim=2)
        both = self.activation(self.norm(self.squeeze(both)))
        to_rows, to_columns = torch.split(both, [rows.shape[2], columns.shape[3]], dim=2)
        return torch.sigmoid(self.rows(to_rows)), torch.sigmoid(self.columns(to_columns.transpose(2, 3)))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, row: dict, stride: int):
        super().__init__()
        self.residual = stride == 1 and inputs == row["channels"]
        self.expand = ConvNorm(inputs, row["expansion"], 1)
        self.depthwise = MixedDepthwise(row["kernels"], row["split"], stride)
        self.row_means, self.column_means = nn.AdaptiveAvgPool2d((None, 1)), nn.AdaptiveAvgPool2d((1, None))
        self.gates = Gates(row["expansion"])
        self.project = ConvNorm(row["expansion"], row["channels"], 1, activated=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = self.depthwise(self.expand(features))
        rows, columns = self.gates(self.row_means(inner), self.column_means(inner))
        inner = self.project(inner * rows * columns)
        return features + inner if self.residual else inner


class Backbone(nn.Module):
    def __init__(self, config: DDAMFNConfig):
        super().__init__()
        width = config.stem_channels
        self.stem = nn.Sequential(
            ConvNorm(3, width, 3, stride=2, padding=1), ConvNorm(width, width, 3, padding=1, groups=width)
        )
        self.blocks = nn.Sequential()
        for row in config.bottlenecks:
            for repeat in range(row["repeats"]):
                self.blocks.append(Bottleneck(width, row, row["stride"] if repeat == 0 else 1))
                width = row["channels"]
        self.last = ConvNorm(width, config.feature_channels, 1)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.last(self.blocks(self.stem(pixel_values)))


class Head(nn.Module):
    def __init__(self, channels: int, grid: int):
        super().__init__()
        self.rows = ConvNorm(channels, channels, (1, grid), groups=channels, activated=False)
        self.columns = ConvNorm(channels, channels, (grid, 1), groups=channels, activated=False)
        self.gates = Gates(channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        rows, columns = self.gates(self.rows(features), self.columns(features))
        return rows * columns


class Straightforward(nn.Module):
    """`(B, 3, 112, 112)`, `(B,)` class ids -> `(B, C)` logits and the loss."""

    def __init__(self, config: DDAMFNConfig):
        super().__init__()
        self.config = config
        channels, grid = config.feature_channels, config.attention_grid
        self.backbone = Backbone(config)
        self.heads = nn.ModuleList(Head(channels, grid) for _ in range(config.num_heads))
        self.pool = ConvNorm(channels, channels, grid, groups=channels, activated=False)
        self.classifier = nn.Linear(channels, config.num_labels)

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.backbone(pixel_values)
        maps = [head(features) for head in self.heads]
        joined = maps[0]
        for head in maps[1:]:
            joined = torch.max(joined, head)
        logits = self.classifier(torch.flatten(self.pool(features * joined), 1))
        pairs = list(combinations(maps, 2))
        distance = sum(F.mse_loss(one, two) for one, two in pairs) + self.config.attention_loss_eps
        agreement = len(pairs) / distance
        return logits, F.cross_entropy(logits, labels) + self.config.attention_loss_weight * agreement


def straightforward(model: DDAMFNForImageClassification) -> Straightforward:
    """The same network with the same weights, in the same mode."""
    network = Straightforward(model.config)
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    network.load_state_dict({key: value.reshape(shapes[key]) for key, value in model.state_dict().items()})
    return network.to(model.device, model.dtype).train(model.training)


def settled_model(device: torch.device) -> DDAMFNForImageClassification:
    """DDAMFN at its published size, random weights, with batch statistics as after training."""
    torch.manual_seed(0)
    model = DDAMFNForImageClassification(DDAMFNConfig(num_labels=7)).to(device).train()
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None  # the mean of what follows
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(8, 3, 112, 112, device=device))
    for norm in norms:
        norm.momentum = 0.1
    return model.eval()


def _networks(device: torch.device) -> dict[str, nn.Module]:
    model = settled_model(device)
    plain = straightforward(model)
    channels_last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    return {"ours": model, "straightforward": plain, "straightforward, channels_last": channels_last}


def _batch(network: nn.Module, size: int, device: torch.device) -> dict[str, torch.Tensor]:
    pictures = torch.randn(size, 3, 112, 112, generator=torch.Generator().manual_seed(1)).to(device)
    if network.backbone.stem[0][0].weight.is_contiguous(memory_format=torch.channels_last):
        pictures = pictures.contiguous(memory_format=torch.channels_last)
    return {"pixel_values": pictures, "labels": torch.arange(size, device=device) % 7}


def _logits_and_loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    output = network(**batch)
    return output if isinstance(output, tuple) else (output.logits, output.loss)


def _measure(
    networks: dict[str, nn.Module], size: int, device: torch.device, rounds: int, training: bool
) -> dict[str, float]:
    """Milliseconds per picture of each network.

    Raises:
        SystemExit: their logits differ.
    """

    def task(network: nn.Module) -> Callable[[], torch.Tensor]:
        network.train(training)
        batch = _batch(network, size, device)

        def run() -> torch.Tensor:
            with torch.inference_mode(not training):
                logits, loss = _logits_and_loss(network, batch)
            if training:
                loss.backward()
                network.zero_grad()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            return logits.detach()

        return run

    tasks = {name: task(network) for name, network in networks.items()}
    if not training:
        logits = [run() for run in tasks.values()]
        difference = max(float((logits[0] - other).abs().max()) for other in logits[1:])
        if not difference <= TOLERANCE:
            sys.exit(f"error: the logits of a batch of {size} differ by {difference:.2g}")
    return {name: value / size for name, value in interleaved(tasks, rounds).items()}


def _beside(times: dict[str, float]) -> dict[str, float]:
    """With how many times as fast as either of the others ours is."""
    ratios = {f"{name} / ours": value / times["ours"] for name, value in times.items() if name != "ours"}
    return times | ratios


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of a training step; answering takes more")
    parser.add_argument("--batch-size", type=int, default=32, help="of the training step")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    keep_freed_memory()
    device = torch.device(options.device)
    networks = _networks(device)
    one, many = (
        _measure(networks, size, device, times * options.rounds, training=False) for size, times in ((1, 8), (32, 1))
    )
    step = _measure(networks, options.batch_size, device, options.rounds, training=True)
    result = BenchmarkDDAMFN(
        size=112,
        training_batch=options.batch_size,
        one_face=_beside(one),
        many_faces=_beside(many),
        training=_beside(step),
        training_speed={name: 1000 / value for name, value in step.items()},
        hardware=hardware(device),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
