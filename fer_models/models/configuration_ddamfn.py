"""Configuration of DDAMFN (Zhang et al. 2023, doi 10.3390/electronics12173595)."""

from .configuration_fer import FERConfig

# Table 1 of the paper: one row per run of equal bottlenecks.
PUBLISHED_BOTTLENECKS: list[dict] = [
    {"channels": 64, "expansion": 128, "stride": 2, "repeats": 1, "kernels": [3, 5, 7], "split": [64, 32, 32]},
    {"channels": 64, "expansion": 128, "stride": 1, "repeats": 9, "kernels": [3, 5], "split": [96, 32]},
    {"channels": 128, "expansion": 256, "stride": 2, "repeats": 1, "kernels": [3, 5, 7], "split": [128, 64, 64]},
    {"channels": 128, "expansion": 256, "stride": 1, "repeats": 16, "kernels": [3, 5], "split": [192, 64]},
    {"channels": 256, "expansion": 1024, "stride": 2, "repeats": 1, "kernels": [3, 5, 7, 9], "split": [256] * 4},
    {"channels": 256, "expansion": 512, "stride": 1, "repeats": 6, "kernels": [3, 5, 7], "split": [172, 170, 170]},
]


class DDAMFNConfig(FERConfig):
    r"""
    Everything about a DDAMFN checkpoint that is data. The defaults build the published network: 4,105,999 parameters
    for 7 classes and 2 heads.

    Args:
        num_heads: dual-direction attention heads.
        attention_loss_weight: what the attention loss is multiplied by before it is added to the cross entropy.
        attention_loss_eps: added to the heads' distance, so that the loss stays finite when the heads agree.
        stem_channels: channels of the two convolutions before the bottlenecks.
        bottlenecks: rows of `channels` (output), `expansion` (inner channels), `stride` (of the first of the row),
            `repeats`, `kernels` and `split` (how many of the inner channels get which kernel). A bottleneck adds its
            input where neither the channels nor the size change.
        feature_channels: channels of the features that the heads look at.
        attention_grid: side of those features; other sizes are resized to it (see `DDAMFNForImageClassification`).
    """

    model_type = "ddamfn"

    image_size: int = 112
    num_heads: int = 2
    attention_loss_weight: float = 0.1
    attention_loss_eps: float = 1e-6
    stem_channels: int = 64
    bottlenecks: list[dict] | None = None
    feature_channels: int = 512
    attention_grid: int = 7

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        rows = PUBLISHED_BOTTLENECKS if self.bottlenecks is None else self.bottlenecks
        if self.num_heads < 1:
            raise ValueError(f"num_heads must be 1 or more, not {self.num_heads}")
        if self.attention_loss_eps <= 0:
            raise ValueError(
                f"attention_loss_eps must be above 0, not {self.attention_loss_eps}: heads may agree exactly"
            )
        for row in rows:
            if set(row) != set(PUBLISHED_BOTTLENECKS[0]):
                raise ValueError(f"bottlenecks: a row needs {', '.join(PUBLISHED_BOTTLENECKS[0])}, found {row}")
            if any(kernel % 2 == 0 for kernel in row["kernels"]):
                raise ValueError(f"bottlenecks: `kernels` must be odd, found {row['kernels']}")
            if len(row["kernels"]) != len(row["split"]) or sum(row["split"]) != row["expansion"]:
                raise ValueError(f"bottlenecks: `split` needs one part per kernel and must sum to `expansion`: {row}")
        self.bottlenecks = [dict(row) for row in rows]


__all__ = ["DDAMFNConfig"]
