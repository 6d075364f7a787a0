"""Pictures of maps and boxes, checked by their pixels."""

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from fer_models.viridis import VIRIDIS
from fer_models.visualize import BOX_COLOR, INK, add_profiles, draw_faces, draw_map, draw_ranks, overlay, overlay_shares

GRAY = (90, 90, 90)


@pytest.fixture
def crop() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (56, 56, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def photo() -> Image.Image:
    return Image.new("RGB", (400, 300), GRAY)


def viridis(value: float) -> np.ndarray:
    return np.array(colormaps["viridis"](float(value))[:3]) * 255


def test_the_default_colormap_is_matplotlibs():
    expected = np.round(colormaps["viridis"](np.linspace(0, 1, 256))[:, :3] * 255)
    np.testing.assert_array_equal(VIRIDIS, expected)


def changed(picture: Image.Image) -> np.ndarray:
    return (np.asarray(picture) != GRAY).any(axis=-1)


# Maps


def test_opacity_0_is_the_picture_itself(crop):
    np.testing.assert_array_equal(overlay(crop, np.eye(14), opacity=0), crop)


def test_opacity_1_is_the_colour_of_each_value(crop):
    values = np.array([[0.0, 1.0], [2.0, 4.0]])
    picture = np.asarray(overlay(crop, values, opacity=1, smooth=False)).astype(float)
    for (row, column), share in {(0, 0): 0, (0, 1): 0.25, (1, 0): 0.5, (1, 1): 1}.items():
        block = picture[row * 28 : (row + 1) * 28, column * 28 : (column + 1) * 28]
        np.testing.assert_allclose(block, np.broadcast_to(viridis(share), block.shape), atol=1.5)


def test_opacity_in_between_is_the_weighted_mean(crop):
    picture = np.asarray(overlay(crop, np.ones((2, 2)), opacity=0.25)).astype(float)
    np.testing.assert_allclose(picture, 0.75 * np.asarray(crop) + 0.25 * viridis(1.0), atol=1.5)


def test_colour_is_linear_in_the_value(crop):
    ramp = np.linspace(0, 1, 56)[None].repeat(56, axis=0)
    picture = np.asarray(overlay(crop, ramp, opacity=1, colormap="gray"))
    np.testing.assert_allclose(picture[0, :, 0], ramp[0] * 255, atol=1.5)


def test_a_smooth_map_has_values_between_its_cells_and_blocks_have_none(crop):
    values = np.array([[0.0, 1.0]])
    smooth = np.asarray(overlay(crop, values, opacity=1, colormap="gray"))[0, :, 0].astype(int)
    blocks = np.asarray(overlay(crop, values, opacity=1, colormap="gray", smooth=False))[0, :, 0]
    assert (np.diff(smooth) >= 0).all()
    assert len(set(smooth.tolist())) > 20
    assert set(blocks.tolist()) == {0, 255}


def test_a_map_of_zeros_leaves_the_picture_as_it_is(crop):
    np.testing.assert_array_equal(overlay(crop, np.zeros((14, 14))), crop)


def test_a_given_scale_makes_maps_comparable(crop):
    picture = np.asarray(overlay(crop, np.full((2, 2), 0.5), opacity=1, colormap="gray", scale=1.0))
    np.testing.assert_allclose(picture, 128, atol=1.5)
    above = np.asarray(overlay(crop, np.full((2, 2), 3.0), opacity=1, colormap="gray", scale=1.0))
    np.testing.assert_array_equal(above, 255)


def test_the_picture_that_was_given_is_not_changed(crop):
    before = np.array(crop)
    overlay(crop, np.eye(2))
    overlay_shares(crop, np.full((2, 2), 0.25))
    np.testing.assert_array_equal(crop, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"opacity": 1.5}, "opacity"),
        ({"opacity": float("nan")}, "opacity"),
        ({"colormap": "rainbows"}, "no colormap 'rainbows'"),
        ({"scale": 0.0}, "scale"),
        ({"values": np.full((2, 2), -1.0)}, "non-negative"),
        ({"values": np.full((2, 2), np.nan)}, "finite"),
        ({"values": np.ones(4)}, r"\(h, w\)"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message, crop):
    with pytest.raises(ValueError, match=message):
        overlay(crop, **{"values": np.eye(2), **arguments})


def test_shares_are_coloured_by_their_own_value_and_written_in_their_quarter():
    crop = Image.new("RGB", (200, 200), GRAY)
    shares = np.array([[0.31, 0.19], [0.4, 0.1]])
    written = np.asarray(overlay_shares(crop, shares, opacity=1)).astype(int)
    plain = np.asarray(overlay(crop, shares, opacity=1, smooth=False, scale=1.0)).astype(int)
    np.testing.assert_allclose(plain[5, 5], viridis(0.31), atol=1.5)
    text = (written != plain).any(axis=-1)
    for rows in (slice(0, 100), slice(100, 200)):
        for columns in (slice(0, 100), slice(100, 200)):
            places = np.argwhere(text[rows, columns])
            assert len(places) > 50
            np.testing.assert_allclose(places.mean(axis=0), 50, atol=8)
            assert places.min() > 5
            assert places.max() < 95


# Boxes


def test_a_box_is_drawn_on_its_outermost_pixels(photo):
    pixels = np.asarray(draw_faces(photo, [(100, 120, 200, 240)]))
    assert tuple(pixels[180, 100]) == tuple(pixels[180, 199]) == tuple(pixels[239, 150]) == INK
    assert tuple(pixels[180, 101]) == tuple(pixels[180, 198]) == tuple(pixels[238, 150]) == BOX_COLOR
    assert tuple(pixels[180, 99]) == tuple(pixels[180, 200]) == tuple(pixels[240, 150]) == GRAY
    assert tuple(pixels[180, 150]) == GRAY


def test_the_label_stands_above_the_box_on_a_plain_ground(photo):
    pixels = np.asarray(draw_faces(photo, [(100, 120, 200, 240)], ["happiness"]))
    tag = pixels[:120][changed(pixels[:120])]
    assert len(tag) > 500
    assert (tag == BOX_COLOR).all(axis=-1).mean() > 0.6
    assert (tag == INK).all(axis=-1).any()


@pytest.mark.parametrize("box", [(-50, -40, 60, 80), (350, 250, 480, 360), (-9, -9, 999, 999), (500, 400, 600, 500)])
def test_what_lies_outside_of_the_photo_is_drawn_on_its_border(box, photo):
    picture = draw_faces(photo, [box], ["surprise 93 %"])
    assert picture.size == photo.size
    left, top, right, bottom = (min(max(side, 0), last) for side, last in zip(box, (399, 299, 400, 300), strict=True))
    inner = changed(picture)[top:bottom, left:right]
    assert inner[-1].all()
    assert inner[:, -1].all()


def test_the_label_of_a_face_in_a_corner_is_whole(photo):
    def tag_size(box):
        pixels = np.asarray(draw_faces(photo, [box], ["surprise"])).astype(int)
        ground = np.argwhere((pixels == BOX_COLOR).all(axis=-1) & ~frame(box))
        return np.ptp(ground, axis=0)

    def frame(box):
        mask = np.zeros((300, 400), dtype=bool)
        left, top, right, bottom = box
        mask[top:bottom, left:right] = True
        mask[top + 4 : bottom - 4, left + 4 : right - 4] = False
        return mask

    middle = tag_size((150, 150, 250, 250))
    assert middle[1] > 40
    np.testing.assert_allclose(tag_size((300, 150, 400, 300)), middle, atol=1)
    np.testing.assert_allclose(tag_size((350, 150, 400, 300)), middle, atol=1)


def test_every_face_has_its_own_number(photo):
    boxes = [(20, 60, 100, 140), (150, 60, 230, 140)]
    pixels = np.asarray(draw_faces(photo, boxes))
    one, two = pixels[30:60, 20:100], pixels[30:60, 150:230]
    assert (one == BOX_COLOR).all(axis=-1).any()
    assert (two == BOX_COLOR).all(axis=-1).any()
    assert (one != two).any()


def test_lines_and_labels_grow_with_the_photo():
    def bright(factor):
        photo = Image.new("RGB", (400 * factor, 300 * factor), GRAY)
        box = [side * factor for side in (100, 120, 200, 240)]
        pixels = np.asarray(draw_faces(photo, [box], ["fear"]))
        right_half_of_a_row = pixels[180 * factor, 150 * factor :]
        return (right_half_of_a_row == BOX_COLOR).all(axis=-1).sum(), np.argwhere(changed(pixels))[0, 0] / factor

    (thin, small_top), (thick, large_top) = bright(1), bright(4)
    assert thick >= 2.5 * thin
    assert large_top == pytest.approx(small_top, abs=6)


def test_the_photo_that_was_given_is_not_changed(photo):
    draw_faces(photo, [(100, 120, 200, 240)], ["fear"])
    assert not changed(photo).any()


def test_no_faces_give_a_copy_of_the_photo(photo):
    picture = draw_faces(photo, [], [])
    assert picture is not photo
    np.testing.assert_array_equal(picture, photo)


def test_the_boxes_can_have_other_numbers_than_their_places(photo):
    boxes = [(10, 40, 60, 90), (70, 40, 120, 90)]
    assert draw_faces(photo, boxes, numbers=[1, 2]) == draw_faces(photo, boxes)
    assert draw_faces(photo, boxes, numbers=[7, 2]) != draw_faces(photo, boxes)
    with pytest.raises(ValueError, match="2 boxes need as many numbers, not 1"):
        draw_faces(photo, boxes, numbers=[7])


def test_labels_that_do_not_match_the_boxes_are_refused(photo):
    with pytest.raises(ValueError, match="2 boxes need as many labels, not 1"):
        draw_faces(photo, [(0, 0, 9, 9), (9, 9, 20, 20)], ["fear"])


def test_a_box_with_swapped_sides_is_refused(photo):
    with pytest.raises(ValueError, match="right > left"):
        draw_faces(photo, [(200, 120, 100, 240)])


def test_a_map_of_ranks_is_a_picture_of_its_own_with_absolute_colours():
    values = np.array([[0.0, 1.0], [0.5, 0.0]])
    pixels = np.asarray(draw_ranks(values, side=20, colormap="gray"))
    assert pixels.shape == (20, 20, 3)
    assert pixels[5, 5, 0] == 0 and pixels[5, 15, 0] == 255 and pixels[15, 5, 0] == pytest.approx(128, abs=1)


def test_profiles_are_bars_along_the_left_and_the_top_edge_as_long_as_their_values():
    picture = Image.new("RGB", (120, 120), GRAY)
    pixels = np.asarray(add_profiles(picture, np.array([1.0, 0.0]), np.array([0.0, 0.5])))
    bright = (pixels > np.array(GRAY) + 20).all(axis=-1)
    assert bright[30, 2:18].all() and not bright[30, 22:].any()  # a sixth of 120 at value 1
    assert not bright[90, 2:].any()
    assert bright[2:9, 90].all() and not bright[12:, 90].any()


@pytest.mark.parametrize("kind, touches_the_face", [("heat", True), ("shares", True), ("ranks", False)])
def test_only_a_map_of_ranks_leaves_the_face_out(crop, kind, touches_the_face):
    values = np.full((2, 2), 0.25, dtype=np.float32)
    on_face = np.asarray(draw_map(crop, values, kind), dtype=int)
    on_black = np.asarray(draw_map(Image.new("RGB", crop.size), values, kind), dtype=int)
    assert bool((on_face != on_black).any()) == touches_the_face
