"""Three operations of DDAMFN whose gradients torch computes slowly on a CPU: the same values, in fewer and faster
passes.

A training step spends more time on moving feature maps through memory than on arithmetic, most of it in the gradients.
Maps in `channels_last` format keep that format. On other devices, under autocast, and where a graph is traced, all
three are torch's own operations.
"""

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def _worth_it(features: torch.Tensor) -> bool:
    return (
        features.is_cpu
        and features.requires_grad
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


class _PReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, slopes):
        ctx.save_for_backward(features, slopes)
        return F.prelu(features, slopes)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        features, slopes = ctx.saved_tensors
        result = features.clamp(max=0).mul_(grad)
        to_slopes = result.sum(dim=(0, 2, 3))
        # one new map only, as memory is what costs: `grad` where positive, else 0; far faster than `where`
        torch.ops.aten.threshold_backward.grad_input(grad, features, 0, grad_input=result)
        return result.lerp_(grad, slopes[:, None, None]), to_slopes


def prelu(features: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """PReLU with a slope per channel. `(B, C, H, W)`, `(C,)` -> `(B, C, H, W)`."""
    return (_PReLU.apply if _worth_it(features) else F.prelu)(features, slopes)


def _gate(features, rows, columns):
    gated, columns = features * rows.sigmoid(), columns.sigmoid()
    return gated * columns if gated.requires_grad else gated.mul_(columns)


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, rows, columns):
        rows, columns = rows.sigmoid(), columns.sigmoid()
        gated = (features * rows).mul_(columns)
        ctx.save_for_backward(gated, rows, columns)
        return gated

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        # d gated / d logit = gated * (1 - gate) for either gate, so one product serves both and the features that came
        # in need not be kept
        gated, rows, columns = ctx.saved_tensors
        share = grad * gated
        return (
            (grad * rows).mul_(columns),
            share.sum(dim=2, keepdim=True).mul_(1 - rows),
            share.sum(dim=1, keepdim=True).mul_(1 - columns),
        )


def gate(features: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Features times the sigmoid of a logit per row and of one per column. Channels come last here: `(B, H, W, C)`,
    `(B, H, 1, C)`, `(B, 1, W, C)` -> `(B, H, W, C)`."""
    return (_Gate.apply if _worth_it(features) else _gate)(features, rows, columns)


class _DepthwiseConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, weight, stride, padding):
        ctx.save_for_backward(features, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(features, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        features, weight = ctx.saved_tensors
        stride, (above, left), kernel = ctx.stride, ctx.padding, weight.shape[-2:]
        grad = grad.contiguous(memory_format=torch.channels_last)

        def gradients(features, weight, padding, wanted):
            return torch.ops.aten.convolution_backward(
                grad, features, weight, None, stride, padding, [1, 1], False, [0, 0], len(weight), [*wanted, False]
            )

        wanted = ctx.needs_input_grad[:2]
        if kernel[1] <= 3:
            return *gradients(features, weight, ctx.padding, wanted)[:2], None, None
        to_features = to_weight = None
        if wanted[0]:
            to_features = gradients(features, weight, ctx.padding, (True, False))[0]
        if wanted[1]:
            # the library has fast code for kernels of at most three columns: the kernel in strips of three
            padded = F.pad(features.permute(0, 2, 3, 1), (0, 0, left, left, above, above)).permute(0, 3, 1, 2)
            strips = []
            for strip in weight.split(3, dim=3):
                start = 3 * len(strips)
                end = start + (grad.shape[3] - 1) * stride[1] + strip.shape[3]
                seen = padded[..., start:end].contiguous(memory_format=torch.channels_last)
                strips.append(gradients(seen, strip, [0, 0], (False, True))[1])
            to_weight = torch.cat(strips, dim=3)
        return to_features, to_weight, None, None


def depthwise_conv(
    features: torch.Tensor, weight: torch.Tensor, stride: tuple[int, int], padding: tuple[int, int]
) -> torch.Tensor:
    """Depthwise convolution without bias. `(B, C, H, W)`, `(C, 1, K, L)` -> `(B, C, H', W')`."""
    if not _worth_it(features):
        return F.conv2d(features, weight, None, stride, padding, groups=len(weight))
    # some of the channels of a wider map: copied once here, or three times and slower inside the convolutions
    features = features.contiguous(memory_format=torch.channels_last)
    return _DepthwiseConv.apply(features, weight, stride, padding)


__all__ = ["depthwise_conv", "gate", "prelu"]
