"""The file of an archive is gone on with, whoever began it, and however long it is."""

import shutil

import pytest

from fer_models.__main__ import main
from fer_models.archive.answerer import Answerer, Asked
from fer_models.archive.file import ArchiveFile
from fer_models.archive.listing import list_archive
from fer_models.records import RecordError
from tests.support.clips import still_clip
from tests.support.tiny import tiny_checkpoint, tiny_pictures


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(params=["pictures", "videos"])
def archive(request, tmp_path, portrait):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        if request.param == "pictures":
            portrait.save(folder / f"{number}.png")
        else:
            still_clip(folder / f"{number}.mp4", portrait, 0.2)
    broken = folder / ("3.png" if request.param == "pictures" else "3.mp4")
    broken.write_bytes(b"nothing")
    return folder


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_what_a_command_without_ray_began_is_known(archive, tiny, tmp_path, name):
    out = tmp_path / name
    assert main([str(archive), "--model", tiny, "--out", str(out)]) == 1
    present = out.read_bytes()
    listing = list_archive([archive])
    asked = Asked(listing.kind, as_csv=out.suffix == ".csv", models=(tiny,))
    file = ArchiveFile(out, Answerer(asked).layout)
    waiting = [item for item in listing.items if not file.is_done(item, nanoseconds=listing.kind == "videos")]
    assert [item.name[-5] for item in waiting] == ["3"]
    file.begin(item.name for item in waiting)
    answered = list(Answerer(asked).answer(waiting))
    for one in answered:
        file.write(one.lines)
    assert [bool(one.error) for one in answered] == [True] and out.read_bytes() == present


def test_names_that_are_no_text_are_gone_on_with(tiny, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    tiny_pictures(1)[0].save(folder / "a.png")
    shutil.copy(folder / "a.png", bytes(folder) + b"/caf\xe9, \n'b.png")
    asked = Asked("pictures", as_csv=True, models=(tiny,), cropped=True)
    answerer, out = Answerer(asked), tmp_path / "a.csv"
    items = list_archive([folder]).items
    file = ArchiveFile(out, answerer.layout)
    file.begin([])
    for one in answerer.answer(items):
        file.write(one.lines)
    again = ArchiveFile(out, answerer.layout)
    assert len(items) == 2 and all(again.is_done(item, nanoseconds=False) for item in items)


def test_a_file_of_another_kind_of_archive_is_left_alone(tiny, tmp_path):
    pictures = Answerer(Asked("pictures", as_csv=True, models=(tiny,)))
    both = Answerer(Asked("both", as_csv=True, models=(tiny,)))
    tiny_pictures(1)[0].save(tmp_path / "a.png")
    file = ArchiveFile(tmp_path / "a.csv", pictures.layout)
    file.begin([])
    for one in pictures.answer(list_archive([tmp_path / "a.png"]).items):
        file.write(one.lines)
    with pytest.raises(RecordError, match="of another kind of archive; choose another file"):
        ArchiveFile(tmp_path / "a.csv", both.layout)
