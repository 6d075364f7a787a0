"""Augmentation: nothing happens unless asked for, and each change is what its name says."""

import numpy as np
import pytest
import torch
from PIL import Image

from fer_models import FERImageProcessor
from train.loop.augmentation import Augmentation, Collator, augment

NOTHING = Augmentation(flip=0, contrast=0)


def ramp(count: int = 2, side: int = 48) -> torch.Tensor:
    """Pictures whose grey grows from left to right: `(count, 1, side, side)`, 0 to 188."""
    return (torch.arange(side) * 4.0).expand(count, 1, side, side).clone()


def rows(count: int = 3) -> list[dict]:
    generator = np.random.default_rng(0)
    pictures = [Image.fromarray(generator.integers(0, 256, (48, 48), dtype=np.uint8)) for _ in range(count)]
    votes = np.eye(8, dtype=np.float32)
    return [{"image": p, "label": i, "votes": 0.5 * (votes[i] + votes[i + 1])} for i, p in enumerate(pictures)]


def test_without_changes_training_sees_what_the_processor_makes():
    processor = FERImageProcessor(do_grayscale=True, source_size=48)
    trained = Collator(processor, 224, NOTHING)(rows())["pixel_values"]
    used = processor([row["image"] for row in rows()], return_tensors="pt")["pixel_values"]
    assert (trained - used).abs().max() < 0.008  # the processor rounds to whole grey levels when it resizes


def test_a_flip_mirrors_left_and_right_only():
    flipped = augment(ramp(), 48, Augmentation(flip=1, contrast=0))
    torch.testing.assert_close(flipped, ramp().flip(-1), atol=1e-3, rtol=0)
    upright = ramp().mT.contiguous()
    torch.testing.assert_close(augment(upright, 48, Augmentation(flip=1, contrast=0)), upright, atol=1e-3, rtol=0)


def test_half_of_the_pictures_are_flipped_by_default():
    torch.manual_seed(0)
    flipped = augment(ramp(1000, 8), 8, Augmentation(contrast=0))[:, 0, 0, 0] > 10
    assert 450 < flipped.sum() < 550


def test_a_shift_moves_by_at_most_its_share_of_the_side():
    torch.manual_seed(0)
    shifted = augment(ramp(500), 48, Augmentation(flip=0, contrast=0, shift=0.1))
    moved = (shifted - ramp(500))[:, 0, 24, 24] / 4  # in pixels: the ramp grows by 4 a pixel
    assert 4.5 < moved.abs().max() <= 4.8 + 1e-3
    assert moved.min() < -4.5 and moved.max() > 4.5


def test_contrast_keeps_the_mean():
    torch.manual_seed(0)
    before = ramp(200) + 30  # far enough from black and white to be cut by neither
    changed = augment(before.clone(), 48, Augmentation(flip=0, contrast=0.2))
    torch.testing.assert_close(changed.mean(dim=(1, 2, 3)), before.mean(dim=(1, 2, 3)), atol=0.01, rtol=0)
    factor = changed.std(dim=(1, 2, 3)) / before.std(dim=(1, 2, 3))
    assert 0.79 < factor.min() < 0.82 and 1.18 < factor.max() < 1.21


def test_erasing_covers_two_to_twenty_percent_with_one_grey():
    torch.manual_seed(0)
    noise = torch.rand(200, 1, 48, 48) * 255
    changed = augment(noise.clone(), 48, Augmentation(flip=0, contrast=0, erase=1))
    shares = ((changed - noise).abs() > 1e-2).float().mean(dim=(1, 2, 3))
    assert shares.min() > 0.01 and 0.15 < shares.max() < 0.21
    covered = changed[0][(changed[0] - noise[0]).abs() > 1e-2]
    assert covered.std() < 1e-3


@pytest.mark.parametrize("soft, expected", [(False, torch.tensor([0, 1, 2])), (True, (3, 8))])
def test_labels_are_ids_or_vote_shares(soft, expected):
    labels = Collator(FERImageProcessor(), 32, NOTHING, soft)(rows())["labels"]
    if soft:
        assert labels.shape == expected and labels[1].tolist() == [0, 0.5, 0.5, 0, 0, 0, 0, 0]
    else:
        assert torch.equal(labels, expected)


def test_a_seed_repeats_the_changes():
    how = Augmentation(rotation=10, scale=0.1, shift=0.1, brightness=0.1, erase=0.5)
    batches = []
    for _ in range(2):
        torch.manual_seed(7)
        batches.append(augment(ramp(8), 64, how))
    assert torch.equal(*batches)
