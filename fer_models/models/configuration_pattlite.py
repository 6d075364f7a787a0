"""Configuration of PAtt-Lite (Ngwe et al. 2023, arXiv 2306.09626)."""

from transformers import PreTrainedConfig


class PAttLiteConfig(PreTrainedConfig):
    r"""
    Everything about a PAtt-Lite checkpoint that is data. The defaults build the published architecture with the
    classifier repaired (`attention="patch"`, see `PAttLiteForImageClassification`): 1,093,000 parameters for 7 classes.

    Args:
        image_size: side of the square RGB input in pixels.
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
        face_margin: how much wider than FER2013's framing the training pictures are; 0 is the same, 0.1 is 10 % wider
            (see `crop_square` in the library's faces.py).
        softmax_temperature: the logits are divided by this before the softmax that people see; 1.0 is uncalibrated.
        reject_threshold: a highest probability below this is answered "not sure"; `None` always answers.
        class_priors: how common each expression is in the training votes, in the order of the labels: shares that sum
            to 1, which are divided out where all expressions are to count as equally likely; `None` where that is not
            offered.
        balanced_temperature, balanced_threshold: of the softmax and of "not sure" in that setting.
        cam_layer: dotted name of the module whose output Grad-CAM looks at.
    """

    model_type = "pattlite"

    def __init__(
        self,
        image_size: int = 224,
        output_block: int = 9,
        patch_extraction: bool = True,
        patch_kernels: list[int] | tuple[int, ...] = (4, 2),
        patch_strides: list[int] | tuple[int, ...] | None = None,
        patch_padding: int = 1,
        patch_separable: bool = True,
        patch_channels: int = 256,
        attention: str | None = "patch",
        classifier_dim: int = 32,
        classifier_dropout: float = 0.0,
        pad_type: str = "same",
        batch_norm_eps: float = 1e-3,
        face_margin: float = 0.0,
        softmax_temperature: float = 1.0,
        reject_threshold: float | None = None,
        class_priors: list[float] | None = None,
        balanced_temperature: float = 1.0,
        balanced_threshold: float | None = None,
        cam_layer: str = "backbone",
        **kwargs,
    ):
        if attention not in ("patch", "batch", None):
            raise ValueError(f'attention must be "patch", "batch" or None, not {attention!r}')
        if not 6 <= output_block <= 11:
            raise ValueError(f"output_block must be 6 to 11 (the 14 x 14 stage of MobileNetV1), not {output_block}")
        if patch_strides is not None and len(patch_strides) != len(patch_kernels):
            raise ValueError("patch_strides must be None or as long as patch_kernels")
        self.image_size = image_size
        self.output_block = output_block
        self.patch_extraction = patch_extraction
        self.patch_kernels = list(patch_kernels)
        self.patch_strides = None if patch_strides is None else list(patch_strides)
        self.patch_padding = patch_padding
        self.patch_separable = patch_separable
        self.patch_channels = patch_channels
        self.attention = attention
        self.classifier_dim = classifier_dim
        self.classifier_dropout = classifier_dropout
        self.pad_type = pad_type
        self.batch_norm_eps = batch_norm_eps
        self.face_margin = face_margin
        self.softmax_temperature = softmax_temperature
        self.reject_threshold = reject_threshold
        self.class_priors = class_priors
        self.balanced_temperature = balanced_temperature
        self.balanced_threshold = balanced_threshold
        self.cam_layer = cam_layer
        super().__init__(**kwargs)


__all__ = ["PAttLiteConfig"]
