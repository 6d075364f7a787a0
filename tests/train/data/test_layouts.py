"""Each published layout, made up in a temporary folder: the right label in the right order beside the right picture."""

import csv

import numpy as np
import pytest
from PIL import Image

from fer_models.photo import PICTURE_SUFFIXES
from train.data.face_dataset import DataError, FaceDataset
from train.data.layouts import FERPLUS_NO_FACE
from train.data.readers import load_split

pytestmark = pytest.mark.usefixtures("data_cache")


def draw(file, grey: int) -> None:
    """A picture of one grey, which says which picture it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), grey).save(file)


def contents(dataset: FaceDataset) -> list[tuple[int, str]]:
    """(grey, expression) of each row."""
    rows = [dataset[index] for index in range(len(dataset))]
    return [(row["image"].convert("L").getpixel((0, 0)), dataset.names[row["label"]]) for row in rows]


RAFDB = ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]


@pytest.fixture
def rafdb(tmp_path):
    (tmp_path / "EmoLabel").mkdir()
    lines = [f"train_0000{label}.jpg {label}" for label in range(1, 8)] + ["test_0001.jpg 4", ""]
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text("\n".join(lines))
    for label in range(1, 8):
        draw(tmp_path / f"Image/aligned/train_0000{label}_aligned.jpg", 30 * label)
    draw(tmp_path / "Image/aligned/test_0001_aligned.jpg", 240)
    return tmp_path


def test_rafdb_labels_count_from_one_and_start_with_surprise(rafdb):
    train = load_split("rafdb", rafdb, "train")
    assert contents(train) == [(30 * label, name) for label, name in enumerate(RAFDB, start=1)]
    assert train.ids[0] == "train_00001.jpg"


def test_rafdb_splits_are_the_first_part_of_the_names(rafdb):
    assert contents(load_split("rafdb", rafdb, "test")) == [(240, "happiness")]


def test_a_listed_rafdb_picture_that_is_missing_is_named(rafdb):
    (rafdb / "Image/aligned/train_00003_aligned.jpg").unlink()
    with pytest.raises(DataError, match=r"train_00003_aligned.jpg, found none \(1 of 7 are missing\)"):
        load_split("rafdb", rafdb, "train")


def test_a_rafdb_label_outside_one_to_seven_is_named_with_its_line(rafdb):
    (rafdb / "EmoLabel/list_patition_label.txt").write_text("train_00001.jpg 5\ntrain_00002.jpg 8\n")
    with pytest.raises(DataError, match=r"line 2: .*'train_00002.jpg 8'"):
        load_split("rafdb", rafdb, "train")


def test_a_missing_list_of_rafdb_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"list_patition_label.txt, found none"):
        load_split("rafdb", tmp_path, "train")


def test_the_folders_of_rafdbs_copy_are_its_numbers(tmp_path):
    for label in range(1, 8):
        draw(tmp_path / f"DATASET/train/{label}/train_0000{label}_aligned.jpg", 30 * label)
    expected = [(30 * label, name) for label, name in enumerate(RAFDB, start=1)]
    assert contents(load_split("rafdb_folders", tmp_path, "train")) == expected
    assert contents(load_split("rafdb_folders", tmp_path / "DATASET", "train")) == expected


FER2013_WORDS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}


def write_fer2013(file, rows: list[tuple[int, int, str]]) -> None:
    """Rows of emotion, grey, usage."""
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["emotion", "pixels", "Usage"])
        table.writerows([emotion, " ".join([str(grey)] * 48 * 48), usage] for emotion, grey, usage in rows)


def test_fer2013s_numbers_are_its_own_order_and_its_pixels_the_pictures(tmp_path):
    rows = [(emotion, 10 * emotion, "Training") for emotion in range(7)]
    write_fer2013(tmp_path / "fer2013.csv", [(3, 255, "PublicTest"), *rows, (4, 99, "PrivateTest")])
    train = load_split("fer2013_csv", tmp_path, "Training")
    expressions = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    assert contents(train) == [(10 * code, name) for code, name in enumerate(expressions)]
    assert train[0]["image"].size == (48, 48)
    assert train.ids[0] == "row 1"
    assert contents(load_split("fer2013_csv", tmp_path / "fer2013.csv", "PrivateTest")) == [(99, "sadness")]


@pytest.mark.parametrize("place", ["", "icml_face_data.csv"])
def test_kaggles_file_of_fer2013_has_blanks_in_its_header_and_another_name(tmp_path, place):
    write_fer2013(tmp_path / "icml_face_data.csv", [(3, 255, "Training"), (4, 99, "PublicTest")])
    text = (tmp_path / "icml_face_data.csv").read_text()
    rows = [line.split(",") for line in text.splitlines()[1:]]
    lines = ["emotion, Usage, pixels", *(",".join([emotion, usage, pixels]) for emotion, pixels, usage in rows)]
    (tmp_path / "icml_face_data.csv").write_text("\n".join(lines))
    assert contents(load_split("fer2013_csv", tmp_path / place, "PublicTest")) == [(99, "sadness")]


def test_an_unknown_fer2013_label_is_named(tmp_path):
    write_fer2013(tmp_path / "fer2013.csv", [(7, 0, "Training")])
    with pytest.raises(DataError, match=r"unknown label '7'; known labels: 0, 1"):
        load_split("fer2013_csv", tmp_path, "Training")


def test_a_fer2013_row_with_too_few_pixels_is_named_when_it_is_read(tmp_path):
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    train = load_split("fer2013_csv", tmp_path, "Training")
    with pytest.raises(DataError, match=r"row 0 cannot be read: expected 48 x 48 pixels, found 3"):
        train[0]


def test_a_csv_without_the_columns_of_fer2013_names_them(tmp_path):
    (tmp_path / "fer2013.csv").write_text("label,pixels\n0,1\n")
    with pytest.raises(DataError, match=r"no column emotion, Usage; it has label, pixels"):
        load_split("fer2013_csv", tmp_path, "Training")


def test_the_class_folders_of_fer2013_become_canonical_names(tmp_path):
    for grey, word in enumerate(FER2013_WORDS):
        draw(tmp_path / f"test/{word}/PrivateTest_{grey}.png", grey)
    test = load_split("fer2013_folders", tmp_path, "test")
    assert contents(test) == list(enumerate(FER2013_WORDS.values()))
    assert test.names[0] == "anger" and test.labels[0] == 0 and test.names[6] == "neutral"


def test_a_class_folder_that_is_missing_or_unknown_is_an_error(tmp_path):
    for word in FER2013_WORDS:
        draw(tmp_path / f"train/{word}/1.png", 1)
    (tmp_path / "train/sad/1.png").unlink()
    with pytest.raises(DataError, match=r"expected pictures of sadness in .*train, found none"):
        load_split("fer2013_folders", tmp_path, "train")
    draw(tmp_path / "train/bored/1.png", 1)
    with pytest.raises(DataError, match=r"unknown expression 'bored'"):
        load_split("fer2013_folders", tmp_path, "train")


def test_a_split_folder_that_is_missing_is_named_beside_those_that_are_there(tmp_path):
    draw(tmp_path / "train/sad/1.png", 1)
    with pytest.raises(DataError, match=r"test, found none; beside it: train"):
        load_split("fer2013_folders", tmp_path, "test")


def test_a_file_that_is_no_picture_is_counted_and_named(tmp_path, capsys):
    for word in FER2013_WORDS:
        draw(tmp_path / f"train/{word}/1.png", 1)
    (tmp_path / "train/sad/Thumbs.db").write_text("")
    train = load_split("fer2013_folders", tmp_path, "train")
    assert len(train) == 7 and train.skipped == {"not a picture": 1}
    assert "sad/Thumbs.db" in capsys.readouterr().err


def test_pictures_in_sub_folders_and_of_every_suffix_of_the_library_belong_to_their_class(tmp_path, capsys):
    for word in FER2013_WORDS:
        draw(tmp_path / f"train/{word}/1.png", 1)
    for number, suffix in enumerate(sorted(PICTURE_SUFFIXES)):
        place = tmp_path / f"train/happy/more/{number}{suffix.upper()}"
        draw(tmp_path / "2.png", 2)
        place.parent.mkdir(exist_ok=True)
        (tmp_path / "2.png").rename(place)
    train = load_split("fer2013_folders", tmp_path, "train")
    assert len(train) == 7 + len(PICTURE_SUFFIXES) and train.skipped == {}
    assert (train.labels == train.names.index("happiness")).sum() == 1 + len(PICTURE_SUFFIXES)


def test_what_macos_puts_beside_pictures_is_counted_and_is_no_picture(tmp_path, ckplus, jaffe):
    for word in FER2013_WORDS:
        draw(tmp_path / f"train/{word}/1.png", 1)
    (tmp_path / "train/__MACOSX").mkdir()
    (tmp_path / "train/sad/._1.png").write_bytes(b"\0\5\x16\7")
    train = load_split("fer2013_folders", tmp_path, "train")
    assert len(train) == 7 and train.skipped == {"hidden": 1}
    before = load_split("ckplus", ckplus, "all").ids.tolist()
    for file in [*ckplus.rglob("S*.png"), *ckplus.rglob("*_emotion.txt"), *(ckplus / "Emotion").glob("S*")]:
        (file.parent / f"._{file.name}").write_bytes(b"\0\5\x16\7")
    assert load_split("ckplus", ckplus, "all").ids.tolist() == before
    pictures = list(jaffe.glob("*.tiff"))
    for file in pictures:
        (jaffe / f"._{file.name}").write_bytes(b"\0\5\x16\7")
    assert len(load_split("jaffe", jaffe, "all")) == 8


def test_the_eight_folders_of_fer2013plus_may_be_written_in_any_case(tmp_path):
    words = ["Angry", "contempt", "DISGUST", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
    for grey, word in enumerate(words):
        draw(tmp_path / f"validation/{word}/{grey}.jpg", 20 * grey)
    validation = load_split("fer2013plus_folders", tmp_path, "validation")
    expressions = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    assert dict(contents(validation)) == {20 * grey: name for grey, name in enumerate(expressions)}
    assert validation.names == tuple(expressions)


FERPLUS_COLUMNS = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
FERPLUS_ROWS = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",  # neutral
    "Training,,0,0,0,0,0,0,0,0,0,10",  # no picture
    "Training,fer0000002.png,0,3,3,0,0,0,0,0,4,0",  # a tie; "unknown" has most but does not count
    "Training,fer0000003.png,0,0,0,0,0,0,0,0,10,0",  # no vote for an expression
    "PublicTest,fer0028638.png,0,0,0,0,0,0,1,9,0,0",  # contempt
    f"PrivateTest,{FERPLUS_NO_FACE},2,0,8,0,0,0,0,0,0,0",
    "PrivateTest,fer0033121.png,0,0,0,5,0,5,0,0,0,0",  # a tie: sadness comes before disgust
]


@pytest.fixture
def ferplus(tmp_path):
    (tmp_path / "fer2013new.csv").write_text("\n".join([FERPLUS_COLUMNS, *FERPLUS_ROWS]) + "\n")
    return tmp_path


@pytest.fixture(params=["pictures", "fer2013.csv"])
def ferplus_with_pixels(ferplus, request):
    folders = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
    usage_and_name = [row.split(",")[:2] for row in FERPLUS_ROWS]
    if request.param == "pictures":
        for row, (usage, name) in enumerate(usage_and_name):
            if name:
                draw(ferplus / folders[usage] / name, 10 * row)
    else:
        write_fer2013(ferplus / "fer2013.csv", [(0, 10 * row, usage) for row, (usage, _) in enumerate(usage_and_name)])
    return ferplus


def test_ferplus_takes_the_expression_with_most_votes_and_the_first_on_a_tie(ferplus_with_pixels):
    assert contents(load_split("ferplus", ferplus_with_pixels, "Training")) == [(0, "neutral"), (20, "happiness")]
    assert contents(load_split("ferplus", ferplus_with_pixels, "PublicTest")) == [(40, "contempt")]
    assert contents(load_split("ferplus", ferplus_with_pixels, "PrivateTest")) == [(60, "sadness")]


def test_ferplus_votes_are_shares_of_the_eight_expressions(ferplus_with_pixels):
    train = load_split("ferplus", ferplus_with_pixels, "Training")
    np.testing.assert_allclose(train[0]["votes"], [0.4, 0, 0, 0.1, 0.3, 0.2, 0, 0], atol=1e-7)
    np.testing.assert_allclose(train[1]["votes"], [0, 0.5, 0.5, 0, 0, 0, 0, 0], atol=1e-7)


def test_ferplus_rows_that_are_no_face_are_counted_and_named(ferplus_with_pixels, capsys):
    train = load_split("ferplus", ferplus_with_pixels, "Training")
    assert train.skipped == {"no picture name in FER+": 1, "no vote for an expression": 1}
    assert train.ids.tolist() == ["fer0000000.png", "fer0000002.png"]
    assert load_split("ferplus", ferplus_with_pixels, "PrivateTest").skipped == {"not a face": 1}
    words = capsys.readouterr().err
    assert "row 1" in words and "fer0000003.png" in words and FERPLUS_NO_FACE in words


def test_ferplus_without_any_pictures_says_where_they_could_be(ferplus):
    with pytest.raises(DataError, match=r"FER2013Train or in .*fer2013.csv, found neither"):
        load_split("ferplus", ferplus, "Training")


def test_a_fer2013_csv_with_other_rows_than_ferplus_is_an_error(ferplus):
    write_fer2013(ferplus / "fer2013.csv", [(0, 0, "Training")] * 3)
    with pytest.raises(DataError, match=r"3 rows against 7"):
        load_split("ferplus", ferplus, "Training")


def test_a_ferplus_row_with_a_broken_count_is_an_error(ferplus):
    (ferplus / "fer2013new.csv").write_text(FERPLUS_COLUMNS + "\nTraining,fer0000000.png,4,x,0,1,3,2,0,0,0,0\n")
    with pytest.raises(DataError, match=r"whole numbers of votes in every row, found: .*'x'"):
        load_split("ferplus", ferplus, "Training")


def test_the_parquet_file_of_ferplus_follows_the_same_rule(tmp_path):
    import datasets

    draw(tmp_path / "grey.png", 50)
    rows = [dict(zip(FERPLUS_COLUMNS.split(","), row.split(","), strict=True)) for row in FERPLUS_ROWS]
    columns = {name: [int(row[name]) for row in rows] for name in FERPLUS_COLUMNS.split(",")[2:]}
    columns |= {"usage": [row["Usage"] for row in rows], "image_name": [row["Image name"] or None for row in rows]}
    table = datasets.Dataset.from_dict(columns | {"image": [str(tmp_path / "grey.png")] * len(rows)})
    table.cast_column("image", datasets.Image()).to_parquet(str(tmp_path / "ferplus.parquet"))
    train = load_split("ferplus_parquet", tmp_path / "ferplus.parquet", "Training")
    assert contents(train) == [(50, "neutral"), (50, "happiness")]
    np.testing.assert_allclose(train[1]["votes"], [0, 0.5, 0.5, 0, 0, 0, 0, 0], atol=1e-7)
    assert train.skipped == {"no picture name in FER+": 1, "no vote for an expression": 1}
    with pytest.raises(DataError, match=r"no split 'train'; it has PrivateTest, PublicTest, Training"):
        load_split("ferplus_parquet", tmp_path / "ferplus.parquet", "train")


@pytest.fixture
def ckplus(tmp_path):
    codes = {("S005", "001"): 3, ("S010", "002"): 1, ("S010", "004"): 7}
    for number, ((subject, sequence), code) in enumerate(codes.items()):
        for frame in range(1, 6):
            name = f"{subject}_{sequence}_0000000{frame}"
            draw(tmp_path / f"cohn-kanade-images/{subject}/{sequence}/{name}.png", 50 * number + frame)
        labels = tmp_path / "Emotion" / subject / sequence
        labels.mkdir(parents=True)
        (labels / f"{subject}_{sequence}_00000005_emotion.txt").write_text(f"   {code}.0000000e+00\n")
    draw(tmp_path / "cohn-kanade-images/S011/001/S011_001_00000001.png", 1)
    (tmp_path / "Emotion/S011/001").mkdir(parents=True)
    return tmp_path


def test_ckplus_gives_the_last_three_frames_of_each_labelled_sequence_and_its_subject(ckplus):
    data = load_split("ckplus", ckplus, "all")
    assert contents(data) == [
        *[(grey, "disgust") for grey in (3, 4, 5)],
        *[(grey, "anger") for grey in (53, 54, 55)],
        *[(grey, "surprise") for grey in (103, 104, 105)],
    ]
    assert data.subjects.tolist() == ["S005"] * 3 + ["S010"] * 6
    assert data.ids[0] == "S005_001_00000003.png"
    assert data.names == ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")


@pytest.mark.parametrize(
    "code, name", enumerate(["neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"])
)
def test_ckplus_numbers_start_with_neutral(ckplus, code, name):
    (ckplus / "Emotion/S005/001/S005_001_00000005_emotion.txt").write_text(f"   {code}.0000000e+00\n")
    assert contents(load_split("ckplus", ckplus, "all"))[0] == (3, name)


def test_ckplus_sequences_without_a_label_are_counted_and_named(ckplus, capsys):
    assert load_split("ckplus", ckplus, "all").skipped == {"sequence without a label": 1}
    assert "S011/001" in capsys.readouterr().err


def test_a_labelled_ckplus_sequence_without_its_frames_is_an_error(ckplus):
    for frame in (ckplus / "cohn-kanade-images/S010/002").glob("*.png"):
        frame.unlink()
    with pytest.raises(DataError, match=r"3 or more frames in .*S010/002, found 0"):
        load_split("ckplus", ckplus, "all")


@pytest.mark.parametrize("text", ["8.0000000e+00", "2.5", "happy"])
def test_an_unknown_ckplus_label_is_named_with_its_file(ckplus, text):
    (ckplus / "Emotion/S005/001/S005_001_00000005_emotion.txt").write_text(text)
    with pytest.raises(DataError, match=r"S005_001_00000005_emotion.txt: .*'(8\.0|2\.5|happy)'"):
        load_split("ckplus", ckplus, "all")


def test_a_data_set_without_splits_knows_only_all(ckplus):
    with pytest.raises(DataError, match=r"only split is 'all', found 'train'"):
        load_split("ckplus", ckplus, "train")


def test_the_copy_of_ckplus_has_the_subject_in_the_name(tmp_path):
    words = ["anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise"]
    for grey, word in enumerate(words):
        draw(tmp_path / f"{word}/S0{grey}0_004_00000017.png", grey)
    data = load_split("ckplus_folders", tmp_path, "all")
    assert contents(data)[4] == (4, "happiness")
    assert data.subjects.tolist() == [f"S0{grey}0" for grey in range(7)]
    draw(tmp_path / "anger/17.png", 1)
    with pytest.raises(DataError, match=r"S010_004_00000017.png, found anger/17.png"):
        load_split("ckplus_folders", tmp_path, "all")


@pytest.fixture
def jaffe(tmp_path):
    for grey, code in enumerate(("AN1.39", "DI3.44", "FE1.45", "HA1.29", "NE2.27", "SA3.35", "SU1.36")):
        draw(tmp_path / f"KA.{code}.tiff", 10 * grey)
    draw(tmp_path / "YM.HA1.52.tiff", 200)
    return tmp_path


def test_jaffe_has_subject_and_expression_in_the_name(jaffe):
    data = load_split("jaffe", jaffe, "all")
    expressions = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    assert contents(data) == [*[(10 * grey, name) for grey, name in enumerate(expressions)], (200, "happiness")]
    assert data.subjects.tolist() == ["KA"] * 7 + ["YM"]
    assert data.labels.tolist() == [4, 5, 6, 1, 0, 2, 3, 1]


def test_jaffe_counts_other_files_and_refuses_other_pictures(jaffe):
    (jaffe / "README").write_text("")
    assert load_split("jaffe", jaffe, "all").skipped == {"not a picture": 1}
    draw(jaffe / "KA.XX1.40.tiff", 1)
    with pytest.raises(DataError, match=r"unknown expression 'XX'"):
        load_split("jaffe", jaffe, "all")
    (jaffe / "KA.XX1.40.tiff").rename(jaffe / "photo.tiff")
    with pytest.raises(DataError, match=r"a name like KA.AN1.39.tiff, found .*photo.tiff"):
        load_split("jaffe", jaffe, "all")


def test_every_layout_can_be_read_in_another_models_label_order(rafdb):
    names = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    train = load_split("rafdb", rafdb, "train", names)
    assert train.labels.tolist() == [2, 6, 5, 1, 3, 4, 0]
    assert train[0]["votes"].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
