"""Trust in a map, on a network whose answer is known to rest on one square of the face."""

import copy
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from transformers.modeling_outputs import ImageClassifierOutput

from fer_models import checkpoint as checkpoints
from fer_models.analyzer import FaceMap, Prediction
from fer_models.average_maps import centre, make_baselines
from fer_models.trust import RANDOM_MAPS, likeness, measure_trust
from fer_models.trust.verdict import FAILS, PASSES
from space.image.check import map_check
from space.image.trust_html import trust_html

SIDE = 32
SQUARE = np.zeros((8, 8), dtype=np.float32)
SQUARE[4:6, 2:4] = 1  # where the network looks, in eighths of the picture


class SquareModel(nn.Module):
    """Class 0 is a bright square at one place; the rest of the picture counts for nothing."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(cam_layer="features", softmax_temperature=1.0)
        self.features = nn.Conv2d(3, 1, 1, bias=False)
        self.features.weight.data.fill_(1 / 3)
        self.register_buffer("looks_at", torch.from_numpy(SQUARE.repeat(4, 0).repeat(4, 1)))

    def forward(self, pixel_values, output_attentions=None):
        brightness = (self.features(pixel_values)[:, 0] * self.looks_at).sum(dim=(1, 2)) / self.looks_at.sum()
        return ImageClassifierOutput(logits=torch.stack([6 * brightness - 3, 3 - 6 * brightness], dim=1))

    def attention_maps(self, output):
        return {}


@dataclass
class Checkpoint:
    """What `measure_trust` asks of a checkpoint: the picture goes in as it is."""

    model: nn.Module = field(default_factory=lambda: SquareModel().eval())
    baselines: dict = field(default_factory=dict)
    expressions: tuple[str, ...] = ("square", "none")

    faithfulness = checkpoints.Checkpoint.faithfulness
    maps_of_random_weights = checkpoints.Checkpoint.maps_of_random_weights
    has_random_weights = True

    def __post_init__(self):
        self.quick = copy.deepcopy(self.model)

    def pixel_values(self, pictures):
        values = np.stack([np.asarray(picture) for picture in pictures]).astype(np.float32) / 255
        return torch.from_numpy(values).permute(0, 3, 1, 2)

    def predict(self, crops, method=None, expression=None, balanced=False, mirror=False):
        shares = self.model(self.pixel_values(crops)).logits.softmax(dim=1).tolist()
        names = [dict(zip(self.expressions, both, strict=True)) for both in shares]
        return [
            Prediction("square", probabilities, True, crop) for probabilities, crop in zip(names, crops, strict=True)
        ]


def measured(values: np.ndarray, kind: str = "heat", baselines=None):
    face = Image.fromarray((SQUARE.repeat(4, 0).repeat(4, 1) * 255).astype(np.uint8)).convert("RGB")
    prediction = Prediction(
        model="square",
        probabilities={"square": 0.99, "none": 0.01},
        sure=True,
        crop=face,
        explained="square",
        maps=[FaceMap("map", values.astype(np.float32), "Where.", kind)],
    )
    return measure_trust(Checkpoint(baselines=baselines or {}), prediction, "gradcam")


def test_a_map_that_marks_what_the_answer_rests_on_beats_every_random_map():
    (shown,) = measured(SQUARE).maps
    assert shown.gain > 0.1 and shown.beats == RANDOM_MAPS


def test_a_map_that_marks_everything_else_beats_none():
    (shown,) = measured(1 - SQUARE).maps
    assert shown.gain < -0.1 and shown.beats == 0


def test_the_many_passes_are_of_the_network_that_answers():
    checkpoint, seen = Checkpoint(), []
    face = Image.fromarray((SQUARE.repeat(4, 0).repeat(4, 1) * 255).astype(np.uint8)).convert("RGB")
    shown = FaceMap("map", SQUARE.astype(np.float32), "Where.", "heat")
    prediction = Prediction("square", {"square": 0.99, "none": 0.01}, True, face, explained="square", maps=[shown])
    checkpoint.quick.register_forward_hook(lambda _, inputs, output: seen.append(len(inputs[0])))
    measure_trust(checkpoint, prediction, "gradcam")
    assert sum(seen) > 10  # faces that were blurred and restored


def test_what_is_called_before_a_pass_can_end_the_measurement():
    face = measured(SQUARE)
    prediction = Prediction("square", {"square": 1.0}, True, face.crop, "square", [face.maps[0].shown])
    passes = []

    class Enough(Exception):
        pass

    def before_pass():
        passes.append(1)
        if len(passes) == 4:
            raise Enough

    checkpoint, seen = Checkpoint(), []
    checkpoint.quick.register_forward_hook(lambda _, inputs, output: seen.append(len(inputs[0])))
    with pytest.raises(Enough):
        measure_trust(checkpoint, prediction, "gradcam", before_pass=before_pass)
    assert len(seen) == 1  # after the degraded faces and the random network, before the second pass of curves


def test_a_map_is_compared_with_random_ones_of_its_own_resolution():
    """Were they all as fine as the finest map, the same coarse map would be judged differently beside a fine one."""
    coarse = SQUARE.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    alone = measured(coarse)
    assert list(alone.random) == [(4, 4)]

    class WithFineMap(SquareModel):
        def attention_maps(self, output):
            return {"fine": torch.rand(1, 16, 16)}

    checkpoint = Checkpoint(WithFineMap().eval())
    maps = [FaceMap("map", coarse, "Where.", "heat"), FaceMap("fine", np.eye(16, dtype=np.float32), "Where.", "heat")]
    prediction = Prediction("square", {"square": 1.0}, True, alone.crop, "square", maps)
    beside = measure_trust(checkpoint, prediction, "gradcam")
    assert list(beside.random) == [(4, 4), (16, 16)]
    assert beside.maps[0].gain == pytest.approx(alone.maps[0].gain, abs=1e-4)


@pytest.mark.parametrize("values", [np.zeros((8, 8)), 0.5 + 1e-4 * SQUARE], ids=["zeros", "nearly constant"])
def test_a_map_that_is_the_same_everywhere_claims_nothing_and_is_not_tried(values):
    """0.5 + 1e-4 on the very square would beat every random map, although nobody can see a difference in it."""
    trust = measured(values)
    assert trust.maps == [] and trust.flat == ("map",)
    page = trust_html(trust)
    assert "map: the same everywhere" in page and "random maps" not in page


def test_beside_a_flat_map_the_others_are_tried():
    face = measured(SQUARE)
    maps = [FaceMap("map", SQUARE, "Where.", "heat"), FaceMap("head", SQUARE * 0 + 0.5, "Passes.", "heat")]
    prediction = Prediction("square", {"square": 1.0}, True, face.crop, "square", maps)

    class WithHead(SquareModel):
        def attention_maps(self, output):
            return {"head": torch.rand(1, 8, 8)}

    checkpoint = Checkpoint(WithHead().eval())
    trust = measure_trust(checkpoint, prediction, "gradcam")
    assert [one.shown.name for one in trust.maps] == ["map"] and "head: the same everywhere" in trust_html(trust)


def test_the_curves_go_between_the_picture_and_the_blurred_one():
    trust = measured(SQUARE)
    (shown,) = trust.maps
    for curves in (shown.curves, trust.random[8, 8]):
        assert curves.deletion[0] == pytest.approx(curves.insertion[-1])
        assert curves.deletion[-1] == pytest.approx(curves.insertion[0])
        assert curves.deletion[0] > 0.9 > curves.deletion[-1]


def test_likeness_is_a_correlation():
    ramp = np.arange(16.0).reshape(4, 4)
    assert likeness(ramp, 3 * ramp + 1) == pytest.approx(1)
    assert likeness(ramp, -ramp) == pytest.approx(-1)
    assert likeness(ramp, np.zeros((4, 4))) is None


def test_a_map_whose_axes_are_no_places_is_left_out():
    face = measured(SQUARE)
    prediction = Prediction(
        "square",
        {"square": 1.0},
        True,
        face.crop,
        "square",
        [FaceMap("map", SQUARE, "Where.", "heat"), FaceMap("ranks", SQUARE, "Ranked.", "ranks")],
    )

    class WithRanks(SquareModel):
        def attention_maps(self, output):
            return {"ranks": torch.rand(1, 8, 8)}

    checkpoint = Checkpoint(WithRanks().eval())
    assert [one.shown.name for one in measure_trust(checkpoint, prediction, "gradcam").maps] == ["map"]


def test_the_page_tells_the_areas_and_draws_every_curve():
    trust = measured(SQUARE)
    page = trust_html(trust)
    (shown,) = trust.maps
    assert f"<td>{shown.curves.deletion_area:.2f}</td><td>{shown.curves.insertion_area:.2f}</td>" in page
    random = trust.random[8, 8]
    assert f"<td>{random.deletion_area:.2f}</td><td>{random.insertion_area:.2f}</td>" in page
    assert "random maps of 8 x 8, mean" in page
    assert page.count('class="plot"') == 2
    assert page.count('<path d="M') == 2 * 2 + 2  # two plots of two curves, and two swatches
    assert map_check(shown).word in page and map_check(shown).sentence in page


CHECKERS = np.indices((SIDE, SIDE)).sum(axis=0) % 2  # detail that a blur takes away, everywhere alike
QUARTER = (-0.5, -0.5)  # the middle of the upper left one, of a picture from -1 to 1


class QuarterModel(SquareModel):
    """Class 0 is the pattern of `CHECKERS` in the upper left quarter; the rest counts for nothing."""

    def __init__(self):
        super().__init__()
        signs = 2.0 * torch.from_numpy(CHECKERS) - 1
        signs[SIDE // 2 :], signs[:, SIDE // 2 :] = 0, 0
        self.register_buffer("looks_at", signs.float())

    def forward(self, pixel_values, output_attentions=None):
        contrast = (self.features(pixel_values)[:, 0] * self.looks_at).sum(dim=(1, 2)) * 8 / SIDE**2
        return ImageClassifierOutput(logits=torch.stack([6 * contrast - 3, 3 - 6 * contrast], dim=1))


def bump(middle: tuple[float, float]) -> np.ndarray:
    """A map that is brightest at a place, given from -1 to 1."""
    rows, columns = (np.linspace(-1, 1, 8) - at for at in middle)
    return np.exp(-2 * (rows[:, None] ** 2 + columns**2)).astype(np.float32)


def judged(values: np.ndarray):
    """The trust in a map beside those of faces whose maps are brightest at other places, and their mean."""
    checkpoint = Checkpoint(QuarterModel().eval())
    places = np.random.default_rng(1).uniform(-1, 1, size=(30, 2))
    known = {"gradcam": make_baselines(np.stack([bump(place) for place in places]), ["square"] * 30)}
    face = Image.fromarray((255 * CHECKERS).astype(np.uint8)).convert("RGB")
    maps = [FaceMap("map", values, "Where.", "heat")]
    prediction = Prediction("square", {"square": 0.95, "none": 0.05}, True, face, "square", maps)
    (shown,) = measure_trust(replace(checkpoint, baselines=known), prediction, "gradcam").maps
    return shown


def test_of_a_network_that_looks_at_one_quarter_the_right_map_passes_and_its_mirror_image_fails():
    right, mirrored = judged(bump(QUARTER)), judged(bump(QUARTER)[::-1, ::-1].copy())
    assert right.verdict.word == PASSES and right.gain_over_mean_map > 0.05
    assert mirrored.verdict.word == FAILS and mirrored.gain_over_mean_map < -0.05


def test_a_bump_in_the_middle_of_the_picture_does_not_pass_although_it_beats_the_mean_map():
    middle = judged(centre((8, 8)))
    assert middle.verdict.word != PASSES and middle.verdict.rank > 2 and middle.verdict.beats_mean


def test_the_gain_over_the_mean_map_is_half_the_difference_of_what_the_areas_differ_by():
    shown = judged(bump((0.1, -0.4)))
    span = [one.insertion_area - one.deletion_area for one in (shown.curves, shown.mean)]
    assert shown.gain_over_mean_map == pytest.approx((span[0] - span[1]) / 2)


def test_average_maps_of_another_resolution_give_no_verdict():
    known = {"gradcam": make_baselines(np.random.default_rng(0).random((30, 4, 4)), ["square"] * 30)}
    (shown,) = measured(SQUARE, baselines=known).maps
    assert shown.verdict is None and shown.gain_over_mean_map is None and shown.gain > 0.1
