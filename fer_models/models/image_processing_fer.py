"""Image processor of every checkpoint: a face crop becomes `pixel_values` the way the training pictures did."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision.transforms.v2 import functional as tvF
from transformers.image_processing_backends import TorchvisionBackend
from transformers.image_processing_utils import BatchFeature
from transformers.image_utils import ImageInput, PILImageResampling, SizeDict
from transformers.processing_utils import ImagesKwargs

from .pixel_depth import LEAST_GREY, is_even, to_uint8


class FERImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_grayscale (`bool`, *optional*):
        Replace the three channels by their luminance, for models that were trained on grey pictures.
    source_size (`int`, *optional*):
        Side in pixels of the pictures that the model was trained on. A larger face is first shrunk to it, so that it
        is as blurred as the training pictures were once enlarged.
    refuse_empty (`bool`, *optional*, defaults to `True`):
        Raise a `ValueError` for a picture without contrast, or with hardly a grey between black and white.
    """

    do_grayscale: bool
    source_size: int
    refuse_empty: bool


class FERImageProcessor(TorchvisionBackend):
    """RGB face crops (PIL, arrays or tensors, of any depth) -> `pixel_values` `(B, 3, S, S)`.

    In order: 8 bits (`pixel_depth.to_uint8`); RGB; grey if `do_grayscale`; shrink to `source_size` if larger; resize to
    `size`; scale to [0, 1]; normalise by `image_mean` and `image_std`.

    A picture that shows nothing is refused (`refuse_empty`): a network would call it neutral, and be sure of it.
    `pipeline` hands over 16-bit files after it has clipped them to black and white; those are refused, too.
    """

    valid_kwargs = FERImageProcessorKwargs
    model_input_names = ["pixel_values"]

    resample = PILImageResampling.BILINEAR
    size = {"height": 224, "width": 224}
    image_mean = [0.5, 0.5, 0.5]
    image_std = [0.5, 0.5, 0.5]
    do_convert_rgb = True
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_grayscale = False
    source_size = None
    refuse_empty = True

    def process_image(self, image: ImageInput, *args, **kwargs) -> torch.Tensor:
        if isinstance(image, Image.Image) and (image.mode == "F" or image.mode.startswith("I")):
            image = Image.fromarray(to_uint8(np.asarray(image)))  # Pillow would clip it to white or black
        elif isinstance(image, np.ndarray):
            image = to_uint8(image)
        elif isinstance(image, torch.Tensor) and image.dtype != torch.uint8:
            image = torch.from_numpy(to_uint8(image.numpy(force=True)))
        return super().process_image(image, *args, **kwargs)

    def _preprocess(
        self,
        images: list[torch.Tensor],
        do_grayscale: bool,
        source_size: int | None,
        refuse_empty: bool = True,
        **kwargs,
    ) -> BatchFeature:
        for number, image in enumerate(images, start=1) if refuse_empty else ():
            _require_contrast(image, number)
        if do_grayscale:
            images = [tvF.rgb_to_grayscale(image, num_output_channels=3) for image in images]
        if source_size is not None:
            source = SizeDict(height=source_size, width=source_size)
            images = [
                self.resize(image, source, resample=PILImageResampling.BILINEAR)
                if max(image.shape[-2:]) > source_size
                else image
                for image in images
            ]
        return super()._preprocess(images, **kwargs)


def _require_contrast(image: torch.Tensor, number: int) -> None:
    grey = tvF.rgb_to_grayscale(image).float()
    if is_even(F.adaptive_avg_pool2d(grey, 32).cpu().numpy()):
        what = "is nearly the same everywhere, so it shows no face"
    elif ((image > 0) & (image < 255)).float().mean() < LEAST_GREY:
        what = "has hardly a grey between black and white"
    else:
        return
    raise ValueError(
        f"Picture {number} {what}; if it comes from a 16-bit file, transformers has clipped it: read it with "
        "fer_models.photo.read_photo. refuse_empty=False takes it as it is."
    )


__all__ = ["FERImageProcessor"]
