"""The mirror image of each face: the command, and what the library gives for it."""

import numpy as np
import pytest
import torch
from PIL import Image

from fer_models.checkpoint import Checkpoint
from fer_models.results import read
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train.mirrored import main

pytestmark = pytest.mark.slow  # builds a whole network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("mirror") / "tiny")


def test_the_answer_is_that_of_the_mean_logits_of_the_face_and_its_mirror_image(folder):
    checkpoint = Checkpoint(folder)
    noise = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)
    crops = [Image.fromarray(one) for one in noise]
    with torch.no_grad():
        logits = [
            checkpoint.model(checkpoint.pixel_values([Image.fromarray(one) for one in ways])).logits
            for ways in (noise, noise[:, :, ::-1].copy())
        ]
    expected = checkpoint.probabilities((logits[0] + logits[1]) / 2)
    found = checkpoint.predict(crops, mirror=True)
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)  # else the mirror image shows nothing
    for own, answer in zip(expected, found, strict=True):
        assert [*answer.probabilities.values()] == pytest.approx(own.tolist(), abs=1e-5)
        assert answer.explained == answer.expression
    backwards = checkpoint.predict([Image.fromarray(one) for one in noise[:, :, ::-1].copy()], mirror=True)
    assert [one.expression for one in backwards] == [one.expression for one in found]


def test_the_command_compares_both_ways_on_the_same_pictures(folder, tmp_path, data_cache):
    data = tiny_ferplus(tmp_path / "data.parquet", count=12)
    asked = ("--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--out", str(tmp_path))
    result = read(main([str(folder), *asked]))
    difference = result.mirror.accuracy.value - result.plain.accuracy.value
    assert result.difference.value == pytest.approx(difference, abs=1e-5)
    assert result.only_mirror - result.only_plain == pytest.approx(12 * difference, abs=1e-4)
