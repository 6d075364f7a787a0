"""The image processor: colours, the size of the training pictures, and how the Auto class finds it."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor

from fer_models import FERImageProcessor, PAttLiteConfig


def solid(colour, mode="RGB", side=64) -> Image.Image:
    return Image.new(mode, (side, side), colour)


def test_channels_stay_in_rgb_order_and_reach_minus_one_to_one():
    values = FERImageProcessor()(solid((255, 0, 51)), return_tensors="pt")["pixel_values"]
    assert values.shape == (1, 3, 224, 224)
    torch.testing.assert_close(values[0, :, 0, 0], torch.tensor([1.0, -1.0, -0.6]))


def test_grey_is_the_luminance_in_all_three_channels():
    values = FERImageProcessor(do_grayscale=True)(solid((255, 0, 0)), return_tensors="pt")["pixel_values"]
    expected = 76 / 255 * 2 - 1  # ITU-R 601: 0.299 of red
    torch.testing.assert_close(values[0, :, 5, 5], torch.full((3,), expected), atol=1e-2, rtol=0)


@pytest.mark.parametrize("mode, colour", [("L", 51), ("RGBA", (51, 51, 51, 255)), ("RGB", (51, 51, 51))])
def test_every_mode_of_the_same_grey_gives_the_same_values(mode, colour):
    values = FERImageProcessor()(solid(colour, mode), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(values, torch.full((1, 3, 224, 224), -0.6))


def test_a_large_face_is_as_blurred_as_the_training_pictures():
    stripes = np.zeros((192, 192, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than a 48-pixel picture can hold
    processor = FERImageProcessor(source_size=48)
    values = processor(Image.fromarray(stripes), return_tensors="pt")["pixel_values"]
    assert values[:, :, 20:-20, 20:-20].std() < 0.02
    assert FERImageProcessor()(Image.fromarray(stripes), return_tensors="pt")["pixel_values"].std() > 0.3


def test_a_picture_of_the_training_size_is_only_enlarged():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8))
    with_source = FERImageProcessor(source_size=48)(picture, return_tensors="pt")["pixel_values"]
    assert torch.equal(with_source, FERImageProcessor()(picture, return_tensors="pt")["pixel_values"])


def test_the_auto_class_restores_every_setting(tmp_path):
    processor = FERImageProcessor(do_grayscale=True, source_size=48, size={"height": 112, "width": 112})
    processor.save_pretrained(tmp_path)
    PAttLiteConfig().save_pretrained(tmp_path)
    loaded = AutoImageProcessor.from_pretrained(tmp_path)
    assert type(loaded) is FERImageProcessor
    assert (loaded.do_grayscale, loaded.source_size, loaded.size["height"]) == (True, 48, 112)


def test_a_picture_of_any_depth_gives_the_values_of_its_8_bit_copy():
    grey = np.random.default_rng(0).integers(0, 256, (64, 64))
    grey[0, :2] = 0, 255
    colour = np.stack([grey, grey[::-1], grey.T], axis=2)
    processor = FERImageProcessor()

    def values(picture) -> torch.Tensor:
        return processor(picture, return_tensors="pt")["pixel_values"]

    expected = values(Image.fromarray(grey.astype(np.uint8)))
    for deep in ((257 * grey).astype(np.uint16), grey.astype(np.int32), (grey / 255).astype(np.float32)):
        assert torch.equal(values(Image.fromarray(deep)), expected)
    expected = values(Image.fromarray(colour.astype(np.uint8)))
    for deep in ((257 * colour).astype(np.uint16), colour / 255, torch.from_numpy(colour / 255).permute(2, 0, 1)):
        assert torch.equal(values(deep), expected)
