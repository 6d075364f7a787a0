"""Configuration of PAtt-Lite (Ngwe et al. 2023, arXiv 2306.09626)."""

from .configuration_fer import FERConfig


class PAttLiteConfig(FERConfig):
    r"""
    Everything about a PAtt-Lite checkpoint that is data. The defaults build the published architecture with the
    classifier repaired (`attention="patch"`, see `PAttLiteForImageClassification`): 1,093,000 parameters for 7 classes.

    Args:
        output_block: the MobileNetV1 block (6 to 11) whose activated depthwise output feeds the patch extraction.
            Table 5 counts Keras layers from the end instead: 47, 41, 35, 29, 23, 17 are blocks 6, 7, 8, 9, 10, 11.
        patch_extraction: `False` replaces the patch extraction block by the rest of MobileNetV1 (Table 4).
        patch_kernels: kernel size of each convolution of the patch extraction block before its 1x1 convolution.
        patch_strides: their strides; `None` means non-overlapping patches, stride = kernel.
        patch_padding: zeros added on each side of the feature map (14 x 14 becomes 16 x 16).
        patch_separable: `True` for depthwise-separable convolutions (the final design), `False` for the plain
            convolution of Table 5. P8 of Table 5 is kernels [8], padding 1; NP7 is kernels [7], padding 0; both plain.
        patch_channels: channels of the patch vectors.
        attention: `"patch"` (tokens are the patches of one image), `"batch"` (as published: tokens are the images of
            the batch; predictions then depend on the other images) or `None`.
        classifier_dim: width of the fully connected layer before the attention.
        classifier_dropout: dropout probability before the last layer, in training only.
        pad_type, batch_norm_eps: of the MobileNetV1 backbone; the values of its Keras weights by default.
    """

    model_type = "pattlite"

    output_block: int = 9
    patch_extraction: bool = True
    patch_kernels: list[int] | tuple[int, ...] = (4, 2)
    patch_strides: list[int] | tuple[int, ...] | None = None
    patch_padding: int = 1
    patch_separable: bool = True
    patch_channels: int = 256
    attention: str | None = "patch"
    classifier_dim: int = 32
    classifier_dropout: float = 0.0
    pad_type: str = "same"
    batch_norm_eps: float = 1e-3

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if self.attention not in ("patch", "batch", None):
            raise ValueError(f'attention must be "patch", "batch" or None, not {self.attention!r}')
        if not 6 <= self.output_block <= 11:
            raise ValueError(
                f"output_block must be 6 to 11 (the 14 x 14 stage of MobileNetV1), not {self.output_block}"
            )
        if self.patch_strides is not None and len(self.patch_strides) != len(self.patch_kernels):
            raise ValueError("patch_strides must be None or as long as patch_kernels")
        self.patch_kernels = list(self.patch_kernels)
        self.patch_strides = None if self.patch_strides is None else list(self.patch_strides)


__all__ = ["PAttLiteConfig"]
