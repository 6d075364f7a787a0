"""A batch of face pictures -> model input, with random changes in training; one resampling for all of them."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from fer_models.models.image_processing_fer import FERImageProcessor


@dataclass
class Augmentation:
    """How much a training picture is changed. The defaults are PAtt-Lite's: flip and contrast.

    flip: probability of a mirror image.
    rotation: largest angle in degrees, either way.
    scale: largest change of size, as a fraction of 1.
    shift: largest shift, as a fraction of the side.
    contrast: largest change of contrast, as a fraction of 1.
    brightness: largest change of brightness, as a fraction of the full range.
    erase: probability of one grey rectangle of 2 to 20 % of the area.
    """

    flip: float = 0.5
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    contrast: float = 0.2
    brightness: float = 0.0
    erase: float = 0.0


def _uniform(count: int, bound: float) -> torch.Tensor:
    return (torch.rand(count) * 2 - 1) * bound


def augment(pictures: torch.Tensor, size: int, how: Augmentation) -> torch.Tensor:
    """Pictures `(B, C, s, s)`, 0 to 255 -> `(B, C, size, size)` float, 0 to 255.

    Flip, rotation, scale and shift are one affine map, and it resizes too, so each picture is interpolated once.
    """
    count = len(pictures)
    angle = torch.deg2rad(_uniform(count, how.rotation))
    zoom = 1 / (1 + _uniform(count, how.scale))
    mirror = 1 - 2 * (torch.rand(count) < how.flip).float()
    affine = torch.stack(
        [
            torch.stack([mirror * zoom * angle.cos(), -zoom * angle.sin(), 2 * _uniform(count, how.shift)], dim=1),
            torch.stack([mirror * zoom * angle.sin(), zoom * angle.cos(), 2 * _uniform(count, how.shift)], dim=1),
        ],
        dim=1,
    )  # (B, 2, 3)
    grid = F.affine_grid(affine, (count, pictures.shape[1], size, size), align_corners=False)
    pictures = F.grid_sample(pictures.float(), grid, padding_mode="border", align_corners=False)
    if how.contrast or how.brightness:
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
        contrast = 1 + _uniform(count, how.contrast).view(-1, 1, 1, 1)
        brightness = 255 * _uniform(count, how.brightness).view(-1, 1, 1, 1)
        pictures = ((pictures - mean) * contrast + mean + brightness).clamp(0, 255)
    for index in torch.nonzero(torch.rand(count) < how.erase).flatten().tolist():
        area, aspect = 0.02 + 0.18 * torch.rand(()), torch.exp(_uniform(1, 0.7))[0]
        height = min(int(size * (area * aspect).sqrt()), size)
        width = min(int(size * (area / aspect).sqrt()), size)
        top, left = int(torch.randint(size - height + 1, ())), int(torch.randint(size - width + 1, ()))
        pictures[index, :, top : top + height, left : left + width] = 255 * torch.rand(())
    return pictures


@dataclass
class Collator:
    """Rows of a `FaceDataset` -> `{"pixel_values": (B, 3, S, S), "labels": (B, C)}`.

    Without an augmentation the pictures go through the image processor exactly as they do in use.
    """

    processor: FERImageProcessor
    image_size: int
    augmentation: Augmentation | None = None
    soft_labels: bool = False

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        images = [row["image"] for row in rows]
        side = {"height": self.image_size, "width": self.image_size}
        if self.augmentation is None:
            pixel_values = self.processor(images, size=side, refuse_empty=False, return_tensors="pt")["pixel_values"]
        else:
            pixel_values = self._augmented(images, self.augmentation)
        if self.soft_labels:
            labels = torch.stack([torch.from_numpy(row["votes"]) for row in rows])
        else:
            labels = torch.tensor([row["label"] for row in rows])
        return {"pixel_values": pixel_values, "labels": labels}

    def _augmented(self, images: list, how: Augmentation) -> torch.Tensor:
        processor = self.processor
        source = processor.source_size or self.image_size
        pictures = processor(
            images,
            size={"height": source, "width": source},
            do_rescale=False,
            do_normalize=False,
            refuse_empty=False,
            return_tensors="pt",
        )["pixel_values"]
        if processor.do_grayscale:  # three equal channels: work on one
            pictures = pictures[:, :1]
        pictures = augment(pictures, self.image_size, how).expand(-1, 3, -1, -1)
        return processor.rescale_and_normalize(
            pictures, True, processor.rescale_factor, True, tuple(processor.image_mean), tuple(processor.image_std)
        )
