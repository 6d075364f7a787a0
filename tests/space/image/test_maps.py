"""A map on the page: its greys are its values, its colours are matplotlib's, and it says in words where it is high."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from fer_models.analyzer import FaceMap
from fer_models.visualize import overlay
from space.image.maps import COLORMAPS, colormap_filters, figures, layers, strongest_place

EYE = np.eye(14, dtype=np.float32) * 0.5


def heat(values: np.ndarray, name: str = "CAM", meaning: str = "Where.") -> FaceMap:
    return FaceMap(name, np.asarray(values, dtype=np.float32), meaning, "heat")


def greys(markup: str) -> np.ndarray:
    """The pixels of the map's layer."""
    encoded = re.search(r'class="heat[^>]*src="data:image/png;base64,([^"]+)"', markup)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


@pytest.mark.parametrize("name", COLORMAPS)
def test_the_browsers_filter_gives_matplotlibs_colours(name):
    body = re.search(f'id="colormap-{name}".*?</filter>', colormap_filters())[0]
    assert 'color-interpolation-filters="sRGB"' in body  # the default would mix in linear light
    tables = [np.array(t.split(), dtype=float) for t in re.findall(r'tableValues="([^"]+)"', body)]
    grey = np.arange(256) / 255
    shown = np.stack([np.interp(grey, np.linspace(0, 1, len(table)), table) for table in tables], axis=1)
    assert np.abs(shown - colormaps[name](grey)[:, :3]).max() < 0.5 / 255


def test_filtered_greys_are_the_librarys_picture():
    crop = Image.new("RGB", (112, 112))
    expected = np.asarray(overlay(crop, EYE, opacity=1, colormap="viridis")).astype(int)
    shown = np.round(colormaps["viridis"](greys(layers(heat(EYE), "")))[..., :3] * 255)
    assert np.abs(shown - expected).max() <= 1


def test_a_heat_map_is_shown_against_its_own_highest_value_and_shares_as_they_are():
    assert greys(layers(heat(EYE), "")).max() == 255
    shares = FaceMap("patches", np.array([[0.4, 0.2], [0.4, 0]], dtype=np.float32), "Shares.", "shares")
    markup = layers(shares, "crop.jpg")
    assert (greys(markup) == [[102, 51], [102, 0]]).all()
    assert re.findall(r"<span>(\d+ %)</span>", markup) == ["40 %", "20 %", "40 %", "0 %"]
    assert 'src="crop.jpg"' in markup


def test_a_map_whose_axes_are_no_places_is_not_laid_on_the_face():
    ranks = FaceMap("attention", np.full((56, 56), 0.5, dtype=np.float32), "Ranked.", "ranks")
    markup = layers(ranks, "crop.jpg")
    assert "crop.jpg" not in markup and "no places of the face" in markup
    assert greys(markup).shape == (56, 56)


def test_a_map_of_zeros_shows_the_face_alone():
    markup = layers(heat(np.zeros((7, 7))), "crop.jpg")
    assert 'class="heat' not in markup and "crop.jpg" in markup and "zero everywhere" in markup


def test_a_map_that_is_the_same_everywhere_says_so_instead_of_naming_a_place():
    values = np.full((7, 7), 0.5077)
    values[6, 0] += 1e-5
    markup = figures([heat(values)], "crop.jpg")
    assert "CAM, the same everywhere" in markup and "it marks no place of this face" in markup
    values[6, 0] = 0.6
    assert "bottom left" in strongest_place(heat(values)) and "marks no place" not in figures([heat(values)], "")
    assert "0.51 to 0.60: much the same everywhere" in figures([heat(values)], "")
    values[6, 0] = 0.9
    assert "the same everywhere" not in figures([heat(values)], "")


def test_profiles_are_bars_as_long_as_their_values():
    profiles = (np.array([1.0, 0.5]), np.array([0.0, 0.25]))
    markup = layers(FaceMap("head", EYE, "Product.", "heat", profiles), "")
    lengths = re.findall(r'x="0" y="[\d.]+" width="([\d.]+)"', markup)
    assert [float(length) * 6 / 100 for length in lengths] == pytest.approx([1, 0.5], abs=1e-3)
    heights = re.findall(r'y="0" width="[\d.]+" height="([\d.]+)"', markup)
    assert [float(height) * 6 / 100 for height in heights] == pytest.approx([0, 0.25], abs=1e-3)


@pytest.mark.parametrize(
    "place, words",
    [((0, 0), "top left"), ((3, 3), "middle centre"), ((6, 2), "bottom centre"), ((4, 6), "middle right")],
)
def test_the_highest_place_is_told_in_words(place, words):
    values = np.zeros((7, 7))
    values[place] = 1
    assert strongest_place(heat(values)) == f"highest at the {words}"


def test_maps_that_mean_the_same_share_a_title_and_a_sentence():
    one, two = heat(EYE, "attention head 1", "A head."), heat(EYE, "attention head 2", "A head.")
    markup = figures([heat(EYE), one, two], "")
    assert markup.count("<figure") == 2 and markup.count("A head.") == 1
    assert "<b>CAM</b> Where." in markup and "<b>attention head</b> A head." in markup
    assert re.findall(r"<small>(.+?)</small>", markup) == ["1", "2"]
    assert re.findall(r'data-map="(.+?)"', markup) == ["CAM", "attention head 1", "attention head 2"]


def test_what_was_found_about_a_map_stands_under_it():
    markup = figures([heat(EYE), heat(EYE, "joined", "All.")], "", found={"joined": "tells no more", "other": "tells"})
    assert re.findall(r"<small>(.+?)</small>", markup) == ["tells no more"]
    assert markup.index("tells no more") > markup.index('data-map="joined"')


def test_a_name_cannot_be_markup():
    assert "<script>" not in figures([heat(EYE, "<script>", "<script>")], "")
