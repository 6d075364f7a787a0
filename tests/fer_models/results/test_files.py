"""Result files: those of the repository load and are written again as they are; what cannot be read is named."""

import json
from dataclasses import replace

import pytest

from fer_models.paths import RESULTS
from fer_models.results import KINDS, ResultError, read, read_folder, write
from fer_models.results.robustness import Point
from tests.support.results import PICTURES, calibrated_on, evaluation, robustness

FILES = sorted(RESULTS.glob("*.json"))
NEWER = {"recipe": {}, "stage": {}, "image_size": None, "last_map": None}  # keys of a row that old ablations lack
NEWEST = {"validation_of": None, "variants_of": None, "initial_weights": None, "bf16": False, "recipe": {}}


def test_the_repository_keeps_a_result_of_every_old_kind():
    benchmarks = {"benchmark", "benchmark-ddamfn", "benchmark-hfc", "benchmark-webcam", "load"}
    old = {"ablation", "calibration", "evaluation", "fixed_maps", "near_duplicates", "robustness"} | benchmarks
    assert old <= {json.loads(file.read_text())["kind"] for file in FILES} <= set(KINDS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_result_file_of_the_repository_is_written_again_as_it_is(file, tmp_path):
    write(tmp_path / file.name, read(file))
    expected = json.loads(file.read_text())
    if expected["kind"] == "ablation":
        expected = NEWEST | expected
        expected["rows"] = [NEWER | row for row in expected["rows"]]
    assert json.loads((tmp_path / file.name).read_text()) == expected


def test_where_a_result_comes_from_stands_at_the_end_of_its_file(tmp_path):
    write(tmp_path / "new/a.json", evaluation())
    keys = list(json.loads((tmp_path / "new/a.json").read_text()))
    assert keys[0] == "kind" and keys[-4:] == ["commit", "dirty", "date", "versions"]
    assert read(tmp_path / "new/a.json") == evaluation()


@pytest.mark.parametrize(
    "content, sentence",
    [
        ('{"kind": "evalu', "cannot be read"),
        ("[1, 2]", "is no result file: it holds no JSON object"),
        ('{"kind": "horoscope"}', "holds a result of the unknown kind 'horoscope'; known: ablation, agreement, "),
        ('{"rows": []}', "holds a result of the unknown kind None; known: "),
        ('{"kind": "calibration"}', "is damaged: commit: field required"),
    ],
)
def test_a_file_that_is_no_result_is_named_in_one_sentence(tmp_path, content, sentence):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ResultError) as caught:
        read(tmp_path / "x.json")
    assert str(caught.value).startswith(f"{tmp_path / 'x.json'} {sentence}") and "\n" not in str(caught.value)


def test_a_number_of_the_wrong_type_is_named_with_its_place(tmp_path):
    write(tmp_path / "x.json", robustness())
    content = json.loads((tmp_path / "x.json").read_text())
    content["accuracy"]["low light"][2]["value"] = "much"
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(ResultError, match=r"x\.json is damaged: accuracy\.low light\.2\.value: input should be a"):
        read(tmp_path / "x.json")


def test_a_folder_is_read_without_its_damaged_files_if_somebody_is_told(tmp_path):
    write(tmp_path / "b.json", evaluation())
    (tmp_path / "a.json").write_text("{")
    told = []
    assert [path.name for path, _ in read_folder(tmp_path, told.append)] == ["b.json"]
    assert len(told) == 1 and "a.json cannot be read" in str(told[0])
    with pytest.raises(ResultError):
        list(read_folder(tmp_path))


def test_a_file_has_six_digits_no_nan_and_lists_on_one_line(tmp_path):
    file = tmp_path / "a.json"
    result = robustness(accuracy={"blur": (Point(3, 1 / 3, (0.1, 0.2)), Point(3, float("nan"), (0.1, 0.2)))})
    write(file, result)
    assert json.loads(file.read_text())["accuracy"]["blur"] == [
        {"n": 3, "value": 0.333333, "interval": [0.1, 0.2]},
        {"n": 3, "value": None, "interval": [0.1, 0.2]},
    ]
    assert '"interval": [ 0.1, 0.2 ]' in file.read_text()


def test_a_calibration_error_is_flattered_on_the_pictures_of_the_fit_alone():
    assert evaluation(calibration=calibrated_on("PublicTest")).flattered
    assert not evaluation(calibration=calibrated_on("Training")).flattered
    assert not evaluation().flattered


def test_results_are_comparable_where_pictures_seed_and_number_are_the_same():
    assert robustness().sample == robustness(data=replace(PICTURES, file="elsewhere.parquet")).sample
    changes = ({"seed": 1}, {"n_samples": 400}, {"data": replace(PICTURES, split="Training")})
    assert all(robustness(**change).sample != robustness().sample for change in changes)
    assert robustness(data=replace(PICTURES, limit=500)).sample != robustness().sample


def test_pictures_say_in_words_what_they_are():
    assert replace(PICTURES, limit=1500).words == "ferplus, PublicTest, a sample of 1,500"
    assert PICTURES.whole and not replace(PICTURES, limit=1500).whole
