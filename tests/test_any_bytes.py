"""Whatever bytes stand in a file, and whatever a browser sends: an answer, or one of our errors in one sentence."""

import io
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_models.average_maps import BaselineError, read_baselines
from fer_models.errors import CheckpointError
from fer_models.faces import read_photo
from fer_models.hub import require_architecture
from fer_models.paths import CHECKPOINTS, EXAMPLES, RESULTS, ROOT
from fer_models.photo import PhotoError
from fer_models.records import Csv, JsonLines, RecordError, RecordFile
from fer_models.results import ResultError, read
from fer_models.schema import Origin
from fer_models.video import records as video_records
from fer_models.video.reading import VideoError, VideoReader, open_video
from fer_models.whole_weights import MANIFEST, WEIGHTS, require_manifest
from space.image.link import read_wish
from space.limits import LimitError, Limits, read_limits, variable
from space.live.live_tab import read_live_wish
from space.visitor import Addresses
from train.config.recipe import ConfigError, load_config
from train.data.readers import DataError, load_split

pytestmark = pytest.mark.slow  # tries hundreds of files

MODEL = CHECKPOINTS / "pattlite-ferplus"
ORIGIN = Origin(software="fer_models 1", weights={"pattlite-ferplus": "0"}, settings={"cropped": "False"})
EXPRESSIONS = ["fear", "happiness"]
QUICK = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
SLOW = settings(QUICK, max_examples=12)


class Content(bytes):
    """Of a file; a failing test need not print it all."""

    def __repr__(self) -> str:
        return f"{bytes(self[:60])!r}, {len(self)} bytes"


@st.composite
def files(draw, whole: Callable[[], bytes]) -> Content:
    """A file that is whole but for one place, or bytes alone."""
    content = whole()
    if draw(st.integers(0, 4)) == 0:
        return Content(draw(st.binary(max_size=200)))
    first = draw(st.integers(0, len(content)))
    last = draw(st.sampled_from((first, first + 1, first + 7, len(content))))
    return Content(content[:first] + draw(st.binary(max_size=12)) + content[last:])


def content_of(path: Path) -> Callable[[], bytes]:
    return cache(path.read_bytes)


def answers_as(layout: JsonLines | Csv) -> bytes:
    """A table of one picture without a face."""
    from fer_models.pictures import PictureAnswers

    picture = PictureAnswers(Path("a.jpg"), faces=[], predictions=[])
    return (layout.header + layout.encode(picture)).encode()


@cache
def photo_with_notes() -> bytes:
    file = io.BytesIO()
    with Image.open(EXAMPLES / "portrait.jpg") as photo:
        notes = Image.Exif()
        notes[0x0112], notes[0x010F] = 6, "camera"
        photo.resize((24, 24)).save(file, "JPEG", exif=notes)
    return file.getvalue()


@cache
def table_of_faces() -> bytes:
    import datasets

    file = io.BytesIO()
    pixels = Image.new("L", (48, 48))
    faces = {"image": [pixels, pixels], "label": ["fear", "happiness"]}
    datasets.Dataset.from_dict(faces).cast_column("image", datasets.Image()).to_parquet(file)
    return file.getvalue()


def fer2013() -> bytes:
    row = f"3,{' '.join(48 * 48 * ['7'])},Training\n"
    return f"emotion,pixels,Usage\n{row}{row}".encode()


def written(name: str, content: bytes, read_it: Callable[[Path], object]) -> None:
    """What a reader makes of a file with this content, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        read_it(path)


def told(error: Exception) -> None:
    """An error of ours is one sentence without a trace of the machinery."""
    assert str(error).strip() and "\n\n" not in str(error) and "Traceback" not in str(error)


def read_all_frames(path: Path) -> None:
    with open_video(path) as container:
        for _ in zip(range(3), VideoReader(container, 10**6, 64, 30.0).frames(), strict=False):
            pass


LIGHT = {
    "result": ("load.json", content_of(RESULTS / "load.json"), read, ResultError),
    "config": (
        "pattlite-ferplus.yaml",
        content_of(ROOT / "hub_configs" / "pattlite-ferplus.yaml"),
        load_config,
        ConfigError,
    ),
    "photo": ("a.jpg", photo_with_notes, read_photo, PhotoError),
    "architecture": ("config.json", content_of(MODEL / "config.json"), require_architecture, CheckpointError),
    "average maps": (
        "average_maps.npz",
        content_of(MODEL / "average_maps.npz"),
        lambda path: read_baselines(path.parent, "0"),
        BaselineError,
    ),
    "answers": (
        "a.jsonl",
        lambda: answers_as(JsonLines(ORIGIN)),
        lambda path: RecordFile(path, JsonLines(ORIGIN)).close(),
        RecordError,
    ),
    "table": (
        "a.csv",
        lambda: answers_as(Csv(ORIGIN, EXPRESSIONS)),
        lambda path: RecordFile(path, Csv(ORIGIN, EXPRESSIONS)).close(),
        RecordError,
    ),
    "moments": (
        "a.jsonl",
        lambda: video_records.JsonLines(ORIGIN).end(video_records.End("a.mp4", 1.0, 3, False, 0, None, 5, 7)).encode(),
        lambda path: video_records.RecordFile(path, video_records.JsonLines(ORIGIN)),
        RecordError,
    ),
    "clip": ("a.mp4", content_of(EXAMPLES / "clip.mp4"), read_all_frames, VideoError),
}


@pytest.mark.parametrize("kind", LIGHT)
def test_any_bytes_in_a_file_are_read_or_refused_in_a_sentence(kind):
    name, whole, read_it, refusal = LIGHT[kind]

    @QUICK
    @given(files(whole))
    @example(b"")
    @example(b"null\n")
    @example(b"[1]\n")
    @example(b'{"kind": 3}\n')
    @example(b'{"photo": [], "faces": []}\n')
    @example(b'{"photo": "a", "origin": {"weights": [1], "settings": {}}}\n')
    @example(b"\xff\xfe\0")
    def check(content: bytes) -> None:
        try:
            written(name, content, read_it)
        except refusal as error:
            told(error)

    check()


@pytest.mark.parametrize(
    "layout, name, whole, options",
    [
        ("fer2013_csv", "fer2013.csv", fer2013, None),
        ("parquet", "a.parquet", table_of_faces, {"label": "label"}),
    ],
)
def test_any_bytes_in_a_data_set_are_read_or_refused_in_a_sentence(data_cache, layout, name, whole, options):
    @SLOW
    @given(files(whole))
    @example(b"")
    @example(b"emotion,pixels,Usage\n,,\n")
    def check(content: bytes) -> None:
        try:
            split = "Training" if layout == "fer2013_csv" else "all"
            written(name, content, lambda path: load_split(layout, path, split, options=options)[0])
        except DataError as error:
            told(error)

    check()


def test_any_bytes_in_a_manifest_are_read_or_refused_in_a_sentence():
    whole = json.dumps({"sha256": {WEIGHTS: 64 * "0"}}).encode()

    @QUICK
    @given(files(lambda: whole))
    @example(b'{"sha256": []}')
    @example(b"[]")
    def check(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / WEIGHTS).write_bytes(b"weights")
            (Path(folder) / MANIFEST).write_bytes(content)
            with pytest.raises(CheckpointError) as caught:
                require_manifest(Path(folder))
            told(caught.value)
            shutil.rmtree(folder, ignore_errors=True)
            Path(folder).mkdir()

    check()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("example", "photo", "face", "model", "models", "method", "expression", "hide", "opened", "shown", "smoothing")


@QUICK
@given(st.dictionaries(st.sampled_from(FIELDS), json_values) | json_values)
@example({"hide": [float("nan"), 0, 1e400, "x"], "face": 1e400, "photo": "9" * 5000})
@example({"models": [[]], "opened": [{}], "smoothing": {}})
def test_whatever_a_browser_sends_is_a_wish_that_can_be_answered(sent):
    wish = read_wish(sent, ["one", "two"], EXPRESSIONS)
    assert set(wish.models) <= {"one", "two"} and wish.face >= 0 and wish.photo >= 0
    live = read_live_wish(sent, ["one", "two"], EXPRESSIONS)
    assert set(live.models) <= {"one", "two"} and 0 <= live.half_life <= 2


@QUICK
@given(st.binary(max_size=60))
@example(b"::ffff:1.2.3.4%x, ,")
def test_whatever_a_proxy_says_is_an_address_or_nothing(said):
    addresses = Addresses(Limits().proxies.split())
    visitor = addresses.of({"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", said)]})
    assert visitor and len(visitor) < 50


@QUICK
@given(st.sampled_from(list(Limits.__dataclass_fields__)), st.text(max_size=12))
def test_whatever_an_environment_says_is_a_limit_or_a_sentence(name, said):
    try:
        assert isinstance(read_limits({variable(name): said}), Limits)
    except LimitError as error:
        assert variable(name) in str(error)
