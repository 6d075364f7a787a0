"""Average maps: made, written, read, refused."""

import numpy as np
import pytest

from fer_models.average_maps import (
    FILE,
    OTHERS,
    BaselineError,
    centre,
    coarse,
    make_baselines,
    read_baselines,
    shaded,
    write_baselines,
)

MAPS = np.random.default_rng(0).random((40, 7, 7))
NAMES = ["happiness", "fear"] * 20


def test_the_mean_map_is_that_of_all_faces_and_of_each_answer():
    one = make_baselines(MAPS, NAMES)
    assert one.faces == 40 and one.others.shape == (OTHERS, 7, 7)
    np.testing.assert_allclose(one.mean, shaded(MAPS.mean(axis=0)))
    np.testing.assert_allclose(one.by_expression["fear"], shaded(MAPS[1::2].mean(axis=0)))


def test_a_shaded_map_keeps_the_order_of_its_places():
    values = np.array([[-3.0, 0.0], [2.0, 7.0]])
    np.testing.assert_allclose(shaded(values), np.array([[0.0, 0.3], [0.5, 1.0]]), atol=1 / 255)
    assert shaded(np.full((2, 2), 4.0)).max() == 0


def test_a_fine_map_is_compared_by_the_means_of_its_blocks():
    fine = np.kron(MAPS[0], np.ones((8, 8)))
    np.testing.assert_allclose(coarse(fine), np.kron(MAPS[0], np.ones((2, 2))))
    assert coarse(MAPS).shape == MAPS.shape and coarse(np.zeros((15, 15))).shape == (15, 15)


def test_what_is_written_is_read_again(tmp_path):
    kinds = {"gradcam": make_baselines(MAPS, NAMES), "head 1": make_baselines(MAPS[:, :2, :2], NAMES)}
    write_baselines(tmp_path / FILE, kinds, {"sha256": "abc"})
    read = read_baselines(tmp_path, "abc")
    assert list(read) == list(kinds)
    for kind, one in kinds.items():
        np.testing.assert_array_equal(read[kind].mean, one.mean)
        np.testing.assert_array_equal(read[kind].others, one.others)
        np.testing.assert_array_equal(read[kind].by_expression["fear"], one.by_expression["fear"])
        assert (read[kind].faces, read[kind].answers) == (one.faces, one.answers)
        assert len(one.answers) == OTHERS and set(one.answers) == {"happiness", "fear"}


def test_a_checkpoint_without_the_file_has_none(tmp_path):
    assert read_baselines(tmp_path) == {}


def test_maps_of_other_weights_are_refused(tmp_path):
    write_baselines(tmp_path / FILE, {"gradcam": make_baselines(MAPS, NAMES)}, {"sha256": "abc"})
    with pytest.raises(BaselineError, match=r"was made with other weights; python train/average_maps.py"):
        read_baselines(tmp_path, "other")


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_file_is_named(tmp_path, content):
    file = tmp_path / FILE
    write_baselines(file, {"gradcam": make_baselines(MAPS, NAMES)}, {"sha256": "abc"})
    file.write_bytes(file.read_bytes()[:200] if content is None else content)
    with pytest.raises(BaselineError, match=r"average_maps.npz is damaged"):
        read_baselines(tmp_path)


@pytest.mark.parametrize("maps", [MAPS[:1], MAPS[: OTHERS + 1], np.full((30, 7, 7), np.nan)])
def test_too_few_faces_or_values_that_are_no_numbers_make_no_mean(maps):
    with pytest.raises(BaselineError, match=r"at least 21 faces, not|not finite"):
        make_baselines(maps, ["fear"] * len(maps))


def test_the_centre_is_highest_in_the_middle_and_even_on_all_sides():
    bump = centre((7, 7))
    assert bump.argmax() == 24
    np.testing.assert_allclose(bump, bump[::-1, ::-1])
    np.testing.assert_allclose(bump, bump.T)
