"""Image processor of every checkpoint: a face crop becomes `pixel_values` the way the training pictures did."""

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import functional as tvF
from transformers.image_processing_backends import TorchvisionBackend
from transformers.image_processing_utils import BatchFeature
from transformers.image_utils import ImageInput, PILImageResampling, SizeDict
from transformers.processing_utils import ImagesKwargs

from .pixel_depth import to_uint8


class FERImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_grayscale (`bool`, *optional*):
        Replace the three channels by their luminance, for models that were trained on grey pictures.
    source_size (`int`, *optional*):
        Side in pixels of the pictures that the model was trained on. A larger face is first shrunk to it, so that it
        is as blurred as the training pictures were once enlarged.
    """

    do_grayscale: bool
    source_size: int


class FERImageProcessor(TorchvisionBackend):
    """RGB face crops (PIL, arrays or tensors, of any depth) -> `pixel_values` `(B, 3, S, S)`.

    In order: 8 bits (`pixel_depth.to_uint8`); RGB; grey if `do_grayscale`; shrink to `source_size` if larger; resize to
    `size`; scale to [0, 1]; normalise by `image_mean` and `image_std`.
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

    def process_image(self, image: ImageInput, *args, **kwargs) -> torch.Tensor:
        if isinstance(image, Image.Image) and (image.mode == "F" or image.mode.startswith("I")):
            image = Image.fromarray(to_uint8(np.asarray(image)))  # Pillow would clip it to white or black
        elif isinstance(image, np.ndarray):
            image = to_uint8(image)
        elif isinstance(image, torch.Tensor) and image.dtype != torch.uint8:
            image = torch.from_numpy(to_uint8(image.numpy(force=True)))
        return super().process_image(image, *args, **kwargs)

    def _preprocess(
        self, images: list[torch.Tensor], do_grayscale: bool, source_size: int | None, **kwargs
    ) -> BatchFeature:
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


__all__ = ["FERImageProcessor"]
