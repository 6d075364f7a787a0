"""Singular values of many small square matrices, fast on a CPU, and a gradient of theirs that is finite everywhere."""

import torch
from torch.nn import functional as F


def singular_vectors(
    maps: torch.Tensor, precision: torch.dtype = torch.float64
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Left vectors, values and right vectors, `(..., n, n)`, `(..., n)` and `(..., n, n)`, largest value first, from
    the eigenvectors of `X X^T`, which a CPU finds about as fast as a decomposition. Squaring costs half the digits, and
    in float32 the small values would be noise whose gradient is not small (see `benchmarks/benchmark_hfc.py`). Values
    that are noise in `precision` get zeros as right vectors, and so no gradient."""
    wide = maps.to(precision)
    squares, left = torch.linalg.eigh(wide @ wide.mT)
    left, values = left.flip(-1), squares.clamp(min=0).sqrt().flip(-1)
    noise = 2 * torch.finfo(precision).eps ** 0.5 * values[..., :1]
    right = torch.where(values > noise, 1 / values, 0)[..., None] * (left.mT @ wide)
    return left.to(maps.dtype), values.to(maps.dtype), right.to(maps.dtype)


class _SingularValues(torch.autograd.Function):
    """Without a gradient they are the square roots of the eigenvalues of the Gram matrix, which are found faster than
    by a decomposition (see `benchmarks/benchmark_hfc.py`). Squaring costs precision at the small end: below some 5e-4
    of the largest value there is only noise in float32. The large ones, which make the products, are as precise. With a
    gradient it is done in float64, as every value's gradient counts."""

    @staticmethod
    def forward(ctx, maps: torch.Tensor) -> torch.Tensor:
        # LAPACK refuses what is not finite, for the whole batch; only that picture's values are to be NaN
        finite = maps.isfinite().all(dim=-1).all(dim=-1)[..., None]
        maps = torch.where(finite[..., None], maps, 0)
        if ctx.needs_input_grad[0]:
            left, values, right = singular_vectors(maps)
            ctx.save_for_backward(left, right)
        else:
            values = torch.linalg.eigvalsh(maps @ maps.mT).clamp(min=0).sqrt().flip(-1)
        return torch.where(finite, values, torch.nan)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        # dS_i = u_i^T dX v_i: no differences of values in it, so that it is finite for zero and for repeated ones
        left, right = ctx.saved_tensors
        return left * gradient[..., None, :] @ right


def jacobi_eigenvalues(matrices: torch.Tensor, sweeps: int = 10) -> torch.Tensor:
    """Eigenvalues, largest first, of symmetric matrices `(N, n, n)` without negative ones, by rotations of n/2 pairs of
    rows and columns at a time (Brent and Luk 1985). ONNX has a loop but no eigenvalues; anywhere else torch's are
    faster. Ten sweeps leave an error near float64's own for n up to 112."""
    from torch._higher_order_ops.while_loop import while_loop  # not public, and needed for the export alone

    size = matrices.shape[-1]
    padded = max(4, size + size % 2)
    half = padded // 2
    matrices = F.pad(matrices, (0, padded - size, 0, padded - size))  # adds eigenvalues 0, the last ones

    def more(step: torch.Tensor, current: torch.Tensor) -> torch.Tensor:
        return step < sweeps * (padded - 1)

    def turn(rows: torch.Tensor) -> torch.Tensor:  # a round-robin tournament: row i and row i + half meet
        parts = [
            rows[:, :1],
            rows[:, half : half + 1],
            rows[:, 1 : half - 1],
            rows[:, half + 1 :],
            rows[:, half - 1 : half],
        ]
        return torch.cat(parts, dim=1)

    def rotate(step: torch.Tensor, current: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        diagonal = current.diagonal(dim1=1, dim2=2)
        beside = current[:, :half, half:].diagonal(dim1=1, dim2=2)
        done = beside == 0
        slope = (diagonal[:, half:] - diagonal[:, :half]) / (2 * torch.where(done, 1, beside))
        tangent = torch.where(slope < 0, -1, 1) / (slope.abs() + (slope * slope + 1).sqrt())
        tangent = torch.where(done, 0, tangent)[..., None]
        cosine = 1 / (tangent * tangent + 1).sqrt()
        sine = tangent * cosine

        def mixed(rows: torch.Tensor) -> torch.Tensor:
            first, second = rows[:, :half], rows[:, half:]
            return turn(torch.cat([cosine * first - sine * second, sine * first + cosine * second], dim=1))

        return step + 1, mixed(mixed(current).mT).mT.contiguous()

    _, rotated = while_loop(more, rotate, (torch.zeros((), dtype=torch.int64), matrices))
    return rotated.diagonal(dim1=1, dim2=2).sort(dim=1, descending=True).values[:, :size]


def singular_values(maps: torch.Tensor) -> torch.Tensor:
    """Singular values, largest first, of square matrices. `(..., n, n)` -> `(..., n)`, float32 or float64 whatever
    autocast says. Their gradient is finite everywhere. Those of a matrix with NaN or infinity are NaN."""
    if torch.onnx.is_in_onnx_export():
        wide = maps.double().flatten(0, -3)
        return jacobi_eigenvalues(wide @ wide.mT).clamp(min=0).sqrt().to(maps.dtype).view(maps.shape[:-1])
    with torch.autocast(maps.device.type, enabled=False):
        return _SingularValues.apply(maps if maps.dtype == torch.float64 else maps.float())


__all__ = ["jacobi_eigenvalues", "singular_values", "singular_vectors"]
