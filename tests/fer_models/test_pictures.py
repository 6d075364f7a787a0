"""Many pictures: which are found, and that batching changes no answer."""

import os
import threading

import pytest
import torch

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.faces import read_photo
from fer_models.listing import find_pictures, search_pictures
from fer_models.paths import EXAMPLES
from fer_models.pictures import answer_pictures
from tests.support.tiny import tiny_checkpoint, tiny_pictures

pytestmark = pytest.mark.slow  # starts workers

PHOTOS = [EXAMPLES / name for name in ("several_faces.jpg", "no_face.jpg", "portrait.jpg", "hard_light.jpg")]


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory) -> Analyzer:
    return Analyzer([CHECKPOINTS / "pattlite-ferplus", tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny")])


def test_pictures_are_found_in_sub_folders_by_suffix_and_each_once(tmp_path):
    for name in ("b.JPG", "a.png", "sub/c.webp", "notes.txt", ".hidden.jpg", ".cache/d.jpg", "maps/e.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    single = tmp_path / "notes.txt"  # named: taken whatever it is called
    found = find_pictures([tmp_path, tmp_path / "a.png", single], leave_out=tmp_path / "maps")
    assert found == [tmp_path / "a.png", tmp_path / "b.JPG", tmp_path / "sub/c.webp", single]


def test_the_jpeg_family_is_read_and_what_is_not_tried_is_counted_with_its_reason(tmp_path):
    for name in ("a.jpg", "b.jfif", "c.JPE", "m.mpo", "scan", "e.heic", ".hidden.jpg", "sub/d.pjpeg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    search = search_pictures([tmp_path])
    assert [path.name for path in search.pictures] == ["a.jpg", "b.jfif", "c.JPE", "m.mpo", "d.pjpeg"]
    assert search.not_tried == {
        "no picture by name (no suffix)": 1,
        "no picture by name (.heic)": 1,
        "hidden (the name starts with a dot)": 1,
    }


def test_links_are_followed_once(tmp_path):
    (tmp_path / "album/inner").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/far.jpg").write_bytes(b"")
    (tmp_path / "album/near.jpg").write_bytes(b"")
    (tmp_path / "album/inner/up").symlink_to(tmp_path / "album")  # a circle
    (tmp_path / "album/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "album/more.jpg").symlink_to(tmp_path / "elsewhere/far.jpg")
    (tmp_path / "album/zz.jpg").symlink_to(tmp_path / "gone.jpg")
    search = search_pictures([tmp_path / "album"])
    assert search.pictures == [tmp_path / "album/linked/far.jpg", tmp_path / "album/near.jpg"]
    assert search.left_out == (
        "not tried: 1 a broken link, 1 folders reached again by a link or named twice, "
        "1 reached again by a link or named twice"
    )


def test_a_multi_picture_jpeg_is_read(tmp_path, portrait):
    portrait.save(tmp_path / "two.mpo", "MPO", save_all=True, append_images=[portrait])
    assert read_photo(tmp_path / "two.mpo").size == portrait.size


@pytest.fixture
def one_thread():
    """As the workers have. Two round otherwise, which can move a crop's pixel by one step of 255."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("batch, workers", [(1, 1), (2, 2), (16, 3)])
def test_answers_do_not_depend_on_batch_and_workers_and_keep_their_order(analyzer, one_thread, batch, workers):
    answered = list(answer_pictures(analyzer, PHOTOS, batch=batch, workers=workers))
    assert [picture.path for picture in answered] == PHOTOS
    assert [len(picture.faces) for picture in answered] == [3, 0, 1, 1]
    for picture in answered:
        alone = analyzer.analyze(read_photo(picture.path), method=None)
        for together, expected in zip(picture.predictions, alone.predictions, strict=True):
            assert list(together) == ["pattlite-ferplus", "tiny"]
            for name, answer in together.items():
                assert answer.probabilities == pytest.approx(expected[name].probabilities, abs=1e-4)


def test_a_cropped_picture_is_the_face_itself(analyzer, tmp_path):
    (picture,) = tiny_pictures(1)
    picture.save(tmp_path / "face.png")
    (answered,) = answer_pictures(analyzer, [tmp_path / "face.png"], cropped=True)
    expected = analyzer.checkpoints["tiny"].predict([picture.convert("RGB")], None)
    assert answered.faces == [None]
    assert answered.predictions[0]["tiny"].probabilities == pytest.approx(expected[0].probabilities, abs=1e-6)


def test_pictures_are_read_only_a_few_ahead_of_the_answers(analyzer, tmp_path):
    (picture,) = tiny_pictures(1)
    picture.save(tmp_path / "face.png")
    asked_for = []

    def endless():
        while True:
            asked_for.append(1)
            yield tmp_path / "face.png"

    answers = answer_pictures(analyzer, endless(), cropped=True, batch=4, workers=2)
    for _ in range(8):
        next(answers)
    answers.close()
    assert len(asked_for) <= 8 + 4 + 2 * 2 + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error_of_its_own(analyzer, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"")
    secret.chmod(0)
    (answered,) = answer_pictures(analyzer, [secret])
    assert answered.faces == [] and "could not be opened" in answered.error


def test_reading_ahead_leaves_the_number_of_cores_of_other_threads_alone(analyzer):
    torch.set_num_threads(max(2, torch.get_num_threads()))
    before = torch.get_num_threads()
    list(answer_pictures(analyzer, PHOTOS[:1], workers=2))
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert found == [before] and torch.get_num_threads() == before
