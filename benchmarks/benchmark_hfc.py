"""What HFC attention costs: singular values by Gram matrix against a decomposition, in time and in precision; the
network with it and without.

python benchmarks/benchmark_hfc.py [--size 224] [--out results/benchmark-hfc.json]
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.benchmark import interleaved
from fer_models import HFCConfig, HFCForImageClassification
from fer_models.files import write_faults_told
from fer_models.models import modeling_hfc as hfc
from fer_models.models import singular_values as numerics
from fer_models.results import tell
from fer_models.results.benchmark_hfc import BenchmarkHFC, ModuleTimes
from train.loop.cpu import keep_freed_memory
from train.measure.provenance import hardware, provenance

# of the values alone, and of values whose gradient is wanted
VALUES = {"Gram matrix": hfc.singular_values, "decomposition": torch.linalg.svdvals}
VECTORS = {
    "Gram matrix": partial(numerics.singular_vectors, precision=torch.float32),
    "Gram matrix in float64": numerics.singular_vectors,
    "decomposition": partial(torch.linalg.svd, full_matrices=False),
}


def _waited(device: torch.device, task: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        task()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return run


def module_times(size: int, batch: int, device: torch.device, rounds: int) -> dict[str, float]:
    """Milliseconds per picture of one module on 64 channels of `size` x `size`, forward, and forward with backward,
    with either way to singular values."""
    module = hfc.HFCAttention(64, HFCConfig()).to(device)
    features = torch.rand(batch, 64, size, size, device=device)
    ours, chosen = hfc.singular_values, numerics.singular_vectors

    def forward(values: Callable) -> Callable[[], object]:
        def task() -> None:
            hfc.singular_values = values
            with torch.inference_mode():
                module(features)

        return _waited(device, task)

    def train(vectors: Callable) -> Callable[[], object]:
        def task() -> None:
            hfc.singular_values, numerics.singular_vectors = ours, vectors
            module(features)[0].sum().backward()

        return _waited(device, task)

    tasks = {f"forward, {name}": forward(values) for name, values in VALUES.items()}
    tasks |= {f"forward and backward, {name}": train(vectors) for name, vectors in VECTORS.items()}
    try:
        return {name: value / batch for name, value in interleaved(tasks, rounds).items()}
    finally:
        hfc.singular_values, numerics.singular_vectors = ours, chosen


def sample_maps(size: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Maps that are easy and hard to decompose, `(8, size, size)`."""
    generator = torch.Generator(device).manual_seed(0)
    uniform = torch.rand(8, size, size, device=device, generator=generator)
    normal = torch.randn(8, size, size, device=device, generator=generator)
    return {"uniform": uniform, "detail of a hundredth": 1 + normal / 100, "rank 5": normal[..., :5] @ normal[:, :5]}


def _products_gradient(maps: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Gradient, in float64, of the products of all pairs of values, weighted at random."""
    size = maps.shape[-1]
    weights = torch.rand(size, size, device=maps.device, generator=torch.Generator(maps.device).manual_seed(1))
    products = values[..., :, None] * values[..., None, :] * weights.to(values.dtype)
    return torch.autograd.grad(products.sum(), maps)[0].double()


def value_errors(size: int, device: torch.device) -> dict[str, dict[str, float]]:
    """Largest error of float32 singular values, as a fraction of the largest value, against float64."""
    errors = {}
    for kind, maps in sample_maps(size, device).items():
        truth = torch.linalg.svdvals(maps.double())
        errors[kind] = {
            name: ((values(maps) - truth).abs().amax() / truth.amax()).item() for name, values in VALUES.items()
        }
    return errors


def gradient_errors(size: int, device: torch.device) -> dict[str, dict[str, float]]:
    """Error of the float32 gradient of the products of singular values, as a fraction of its norm, against float64.
    Without the maps of rank 5, whose zero values have no gradient that is right."""
    errors: dict = {}
    chosen = numerics.singular_vectors
    for kind, maps in sample_maps(size, device).items():
        if kind == "rank 5":
            continue
        wide = maps.double().requires_grad_()
        truth = _products_gradient(wide, torch.linalg.svdvals(wide))
        errors[kind] = {}
        for name, vectors in VECTORS.items():
            numerics.singular_vectors = vectors
            leaf = maps.clone().requires_grad_()
            error = (_products_gradient(leaf, hfc.singular_values(leaf)) - truth).norm() / truth.norm()
            errors[kind][name] = error.item()
    numerics.singular_vectors = chosen
    return errors


def network_times(backbone: str, size: int, device: torch.device, rounds: int) -> dict[str, float]:
    """Milliseconds per picture, inference, one picture at a time, without attention and with each kind."""
    tasks = {}
    for attention in (None, "hfc", "bam"):
        model = HFCForImageClassification(HFCConfig(backbone=backbone, attention=attention, num_labels=8))
        model = model.to(device).eval()
        picture = torch.rand(1, 3, size, size, device=device)

        def forward(model: nn.Module = model, picture: torch.Tensor = picture) -> None:
            with torch.inference_mode():
                model(picture)

        tasks[str(attention or "none")] = _waited(device, forward)
    return interleaved(tasks, rounds)


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=224, help="side of the networks' input in pixels")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    keep_freed_memory()
    device = torch.device(options.device)
    figures: dict[str, ModuleTimes | dict[str, float]] = {}
    for side in (options.size // 2, options.size // 4):
        figures[f"module on {side} x {side}"] = ModuleTimes(
            one_picture=module_times(side, 1, device, options.rounds),
            many_pictures=module_times(side, 32, device, options.rounds),
            value_error=value_errors(side, device),
            gradient_error=gradient_errors(side, device),
        )
    for backbone in ("resnet18", "mobilenetv2_100"):
        times = network_times(backbone, options.size, device, options.rounds)
        times["hfc / none"] = times["hfc"] / times["none"]
        figures[f"{backbone}, ms per picture"] = times
    result = BenchmarkHFC(
        threads=torch.get_num_threads(),
        size=options.size,
        figures=figures,
        hardware=hardware(device),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
