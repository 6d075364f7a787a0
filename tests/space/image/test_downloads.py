"""What a visitor takes home says the same as the page, in files that other programs read."""

import csv
import io
import json
import zipfile

import numpy as np
from PIL import Image

from fer_models.analyzer import FaceMap, Prediction
from fer_models.faces import Face
from fer_models.schema import Origin, agreed_expression, face_result
from space.image.check import Check
from space.image.downloads import MapNote, photos_csv, picture_png, raw_maps_zip, results_csv, results_json

CAM = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)
WEIGHTS = {model: model * 64 for model in ("a", "b")} | {"b, or not": "c" * 64, "pattlite-ferplus": "d" * 64}
MADE_BY = Origin(software="fer-models 9.9", weights=WEIGHTS, settings={"method": "gradcam", "balanced": "no"})
FACE = Face((10.04, 20.0, 60.0, 80.0), np.zeros((5, 2)), 0.98765)


def prediction(
    model: str = "m", expressions: tuple[str, ...] = ("happiness", "fear"), first: float = 0.8
) -> Prediction:
    profiles = (CAM[:, 0], CAM[0])
    return Prediction(
        model=model,
        probabilities=dict(zip(expressions, (first, 1 - first), strict=True)),
        sure=first > 0.6,
        crop=Image.new("RGB", (64, 64), "green"),
        explained=expressions[0],
        maps=[
            FaceMap("Grad-CAM for happiness", CAM, "Where.", "heat"),
            FaceMap("attention head 1", CAM, "A head.", "heat", profiles),
            FaceMap("attention 1 of 1", CAM, "Ranked.", "ranks"),
        ],
    )


def test_json_holds_every_face_and_answer():
    faces = json.loads(
        results_json([face_result(1, FACE, [prediction("a"), prediction("b", first=0.3)])], 1, [], {}, MADE_BY)
    )["faces"]
    assert faces[0]["box"] == [10.0, 20, 60, 80] and faces[0]["score"] == 0.9877
    assert faces[0]["agreed"] is None
    assert [answer["expression"] for answer in faces[0]["answers"]] == ["happiness", "fear"]
    assert faces[0]["answers"][1] == {
        "model": "b",
        "expression": "fear",
        "probability": 0.7,
        "sure": False,
        "how_sure": "not sure",
        "probabilities": {"happiness": 0.3, "fear": 0.7},
    }


def test_csv_has_a_row_per_face_and_model_and_a_column_per_expression():
    answers = [prediction("a"), prediction("b, or not", ("happiness", "contempt"))]
    rows = list(
        csv.DictReader(io.StringIO(results_csv([face_result(n, FACE, answers) for n in (1, 2)], MADE_BY).decode()))
    )
    assert [(row["face"], row["model"]) for row in rows] == [(n, m) for n in "12" for m in ("a", "b, or not")]
    assert (rows[0]["fear"], rows[0]["contempt"]) == ("0.2", "")
    assert (rows[1]["fear"], rows[1]["contempt"]) == ("", "0.2")
    assert rows[0]["right"] == "60.0"


def test_models_agree_when_all_name_the_same():
    assert agreed_expression([prediction(), prediction()]) == "happiness"
    assert agreed_expression([prediction(), prediction(first=0.2)]) is None
    assert agreed_expression([]) is None


def test_raw_maps_are_the_very_values():
    with zipfile.ZipFile(io.BytesIO(raw_maps_zip(2, [prediction("pattlite-ferplus")], MADE_BY))) as archive:
        listed = json.loads(archive.read("maps.json"))
        assert [entry["map"] for entry in listed] == ["Grad-CAM for happiness", "attention head 1", "attention 1 of 1"]
        assert listed[0]["file"] == "pattlite-ferplus/grad-cam-for-happiness.npy" and listed[0]["face"] == 2
        for entry in listed:
            values = np.load(io.BytesIO(archive.read(entry["file"])))
            assert values.dtype == np.float32 and (values == CAM).all()
        (profiles,) = (entry["profiles"] for entry in listed if "profiles" in entry)
        assert profiles["vertical"] == "pattlite-ferplus/attention-head-1-vertical.npy"
        vertical, horizontal = (np.load(io.BytesIO(archive.read(profiles[s]))) for s in ("vertical", "horizontal"))
    assert (vertical == CAM[:, 0]).all() and (horizontal == CAM[0]).all()


def pixels(*arguments, notes=None) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture_png(*arguments, MADE_BY, notes))).convert("RGB")).astype(int)


def test_the_picture_has_the_chosen_opacity_and_colours():
    photo, box = Image.new("RGB", (400, 300), "gray"), (50.0, 50.0, 120.0, 140.0)
    plain, half, full = (pixels(photo, [box], 1, [prediction()], opacity, "viridis") for opacity in (0, 0.5, 1))
    assert np.abs((plain + full) / 2 - half).max() <= 1
    assert (plain != full).any()
    assert (pixels(photo, [box], 1, [prediction()], 1, "gray") != full).any()


def test_the_picture_has_a_column_per_model_and_none_where_there_is_no_face():
    photo, box = Image.new("RGB", (400, 300), "gray"), (50.0, 50.0, 120.0, 140.0)
    one = pixels(photo, [box], 1, [prediction()], 0.5, "viridis")
    three = pixels(photo, [box], 1, [prediction(name) for name in "abc"], 0.5, "viridis")
    assert three.shape[1] > one.shape[1] and three.shape[0] == one.shape[0]
    assert pixels(photo, [], 0, [], 0.5, "viridis").shape[0] < 400


NOTES = {
    "a": MapNote("the mouth", Check("fails", "It tells no more.")),
    "b": MapNote("the nose", None),
}


def test_json_says_of_the_chosen_face_what_the_page_says_about_its_maps():
    answers = [prediction("a"), prediction("b")]
    shown = json.loads(results_json([face_result(1, FACE, answers)], 1, answers, NOTES, MADE_BY))["shown"]
    assert shown["face"] == 1
    assert [(one["map"], one["looked_most_at"]) for one in shown["maps"]] == [
        ("Grad-CAM for happiness", "the mouth"),
        ("Grad-CAM for happiness", "the nose"),
    ]
    assert [one["check"] for one in shown["maps"]] == [{"word": "fails", "sentence": "It tells no more."}, None]


def test_csv_and_raw_maps_carry_the_verdict_where_there_is_one():
    answers = [prediction("a"), prediction("b")]
    table = results_csv([face_result(1, FACE, answers)], MADE_BY, {(1, "a"): "fails"}).decode()
    assert [row["map_check"] for row in csv.DictReader(io.StringIO(table))] == ["fails", ""]
    with zipfile.ZipFile(io.BytesIO(raw_maps_zip(1, answers, MADE_BY, NOTES))) as archive:
        listed = json.loads(archive.read("maps.json"))
    assert next(entry["notes"] for entry in listed if "notes" in entry) == [
        "Looked most at: the mouth",
        "Map check: fails. It tells no more.",
    ]


def test_several_photos_have_one_table():
    table = photos_csv({"one.jpg": [face_result(1, FACE, [prediction("a")])], "none.jpg": []}, MADE_BY).decode()
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["photo"], row["face"], row["expression"], row["sure"]) == ("one.jpg", "1", "happiness", "yes")


def test_the_picture_says_what_the_page_says_and_what_its_colours_mean():
    photo, box = Image.new("RGB", (400, 300), "gray"), (50.0, 50.0, 120.0, 140.0)
    without = pixels(photo, [box], 1, [prediction("a")], 0.5, "viridis")
    told = pixels(photo, [box], 1, [prediction("a")], 0.5, "viridis", notes=NOTES)
    assert told.shape[0] >= without.shape[0] + 2 * 16
    assert (told[-30:, 40:190] == [253, 231, 37]).all(axis=2).any()  # the scale ends in the map's last colour


def test_every_download_says_which_software_weights_and_settings_made_it():
    face, answers = face_result(1, FACE, [prediction("a"), prediction("b")]), [prediction("a")]
    assert json.loads(results_json([face], 1, [], {}, MADE_BY))["origin"] == MADE_BY
    for table in (results_csv([face], MADE_BY), photos_csv({"one.jpg": [face]}, MADE_BY)):
        rows = list(csv.DictReader(io.StringIO(table.decode())))
        assert [row["weights"] for row in rows] == ["a" * 64, "b" * 64]
        assert {(row["software"], row["settings"]) for row in rows} == {
            ("fer-models 9.9", "method: gradcam, balanced: no")
        }
    with zipfile.ZipFile(io.BytesIO(raw_maps_zip(1, answers, MADE_BY))) as archive:
        assert json.loads(archive.read("origin.json")) == MADE_BY
    with Image.open(io.BytesIO(picture_png(Image.new("RGB", (40, 30)), [], 0, [], 0.5, "viridis", MADE_BY))) as picture:
        assert picture.text["Software"] == "fer-models 9.9" and json.loads(picture.text["origin"]) == MADE_BY


def test_the_name_of_a_photo_is_no_formula_in_a_table():
    table = photos_csv({"=1+1.jpg": [face_result(1, FACE, [prediction("a")])]}, MADE_BY).decode()
    assert next(csv.DictReader(io.StringIO(table)))["photo"] == "'=1+1.jpg"
