"""The image processor: colours, the size of the training pictures, and how the Auto class finds it."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, pipeline

from fer_models import FERImageProcessor, PAttLiteConfig, PAttLiteForImageClassification
from fer_models.paths import EXAMPLES
from fer_models.photo import read_photo
from train.loop.augmentation import Augmentation, Collator


def solid(colour, mode="RGB", side=64) -> Image.Image:
    return Image.new(mode, (side, side), colour)


def test_channels_stay_in_rgb_order_and_reach_minus_one_to_one():
    values = FERImageProcessor(refuse_empty=False)(solid((255, 0, 51)), return_tensors="pt")["pixel_values"]
    assert values.shape == (1, 3, 224, 224)
    torch.testing.assert_close(values[0, :, 0, 0], torch.tensor([1.0, -1.0, -0.6]))


def test_grey_is_the_luminance_in_all_three_channels():
    values = FERImageProcessor(do_grayscale=True, refuse_empty=False)(solid((255, 0, 0)), return_tensors="pt")[
        "pixel_values"
    ]
    expected = 76 / 255 * 2 - 1  # ITU-R 601: 0.299 of red
    torch.testing.assert_close(values[0, :, 5, 5], torch.full((3,), expected), atol=1e-2, rtol=0)


@pytest.mark.parametrize("mode, colour", [("L", 51), ("RGBA", (51, 51, 51, 255)), ("RGB", (51, 51, 51))])
def test_every_mode_of_the_same_grey_gives_the_same_values(mode, colour):
    values = FERImageProcessor(refuse_empty=False)(solid(colour, mode), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(values, torch.full((1, 3, 224, 224), -0.6))


def test_a_large_face_is_as_blurred_as_the_training_pictures():
    stripes = np.zeros((192, 192, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than a 48-pixel picture can hold
    processor = FERImageProcessor(source_size=48, refuse_empty=False)
    values = processor(Image.fromarray(stripes), return_tensors="pt")["pixel_values"]
    assert values[:, :, 20:-20, 20:-20].std() < 0.02
    assert (
        FERImageProcessor(refuse_empty=False)(Image.fromarray(stripes), return_tensors="pt")["pixel_values"].std() > 0.3
    )


def test_a_picture_of_the_training_size_is_only_enlarged():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8))
    with_source = FERImageProcessor(source_size=48)(picture, return_tensors="pt")["pixel_values"]
    assert torch.equal(with_source, FERImageProcessor()(picture, return_tensors="pt")["pixel_values"])


def test_the_auto_class_restores_every_setting(tmp_path):
    processor = FERImageProcessor(
        do_grayscale=True, source_size=48, refuse_empty=False, size={"height": 112, "width": 112}
    )
    processor.save_pretrained(tmp_path)
    PAttLiteConfig().save_pretrained(tmp_path)
    loaded = AutoImageProcessor.from_pretrained(tmp_path)
    assert type(loaded) is FERImageProcessor
    assert (loaded.do_grayscale, loaded.source_size, loaded.size["height"]) == (True, 48, 112)
    assert loaded.refuse_empty is False and FERImageProcessor().refuse_empty is True


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


FACE = EXAMPLES / "portrait.jpg"
DEEP = 257 * np.asarray(Image.open(FACE).convert("L")).astype(np.uint16)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_picture_without_contrast_is_refused_with_its_number_unless_it_is_wanted(shade):
    pictures = [Image.open(FACE), solid((shade, shade, min(shade + 5, 255)))]
    with pytest.raises(ValueError, match="Picture 2 is nearly the same everywhere"):
        FERImageProcessor()(pictures, return_tensors="pt")
    taken = FERImageProcessor()(pictures, refuse_empty=False, return_tensors="pt")["pixel_values"]
    assert taken.shape == (2, 3, 224, 224)


@pytest.mark.parametrize("black", [0.0, 0.3], ids=["white", "black and white"])
def test_a_16_bit_file_that_transformers_clips_is_refused_by_the_pipeline_and_answered_once_it_is_read(tmp_path, black):
    deep = np.where(np.random.default_rng(0).random(DEEP.shape) < black, 0, np.maximum(DEEP, 257)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray((deep // 257).astype(np.uint8)).save(tmp_path / "same.png")
    model = PAttLiteForImageClassification(PAttLiteConfig(image_size=112)).eval()
    processor = FERImageProcessor(size={"height": 112, "width": 112})
    classify = pipeline("image-classification", model=model, image_processor=processor, device="cpu")
    with pytest.raises(ValueError, match=r"transformers has clipped it: read it with fer_models\.photo"):
        classify(str(tmp_path / "deep.png"))
    assert classify(read_photo(tmp_path / "deep.png")) == classify(str(tmp_path / "same.png"))


def test_training_and_evaluation_take_what_a_data_set_holds():
    rows = [{"image": solid((9, 9, 9), side=48), "label": 0, "votes": np.eye(8, dtype=np.float32)[0]}]
    for augmentation in (None, Augmentation()):
        batch = Collator(FERImageProcessor(), 64, augmentation)(rows)
        assert batch["pixel_values"].shape == (1, 3, 64, 64) and batch["labels"].tolist() == [0]
