import json

import pytest

from train.results_table import BEGIN, END, main, table

RESULT = {
    "kind": "evaluation",
    "checkpoint": {"name": "pattlite", "parameters": 1093033, "macs": 336812288},
    "data": {"name": "ferplus", "split": "PublicTest"},
    "order": "shuffled",
    "n_scored": 3579,
    "metrics": {
        "accuracy": {"value": 0.81234, "interval": [0.8, 0.825]},
        "mean_class_accuracy": {"value": 0.6, "interval": [0.5, 0.7]},
        "macro_f1": {"value": 0.55, "interval": [0.5, 0.6]},
        "ece": {"value": 0.0312, "interval": [0.02, 0.04]},
    },
    "calibration": None,
    "batch_check": None,
}
ROW = "| pattlite | ferplus, PublicTest | 3,579 | 81.23 % (80.0 to 82.5) | 60.00 % | 55.00 % | 0.031 | 1,093,033 |"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/a.json").write_text(json.dumps(RESULT))
    return tmp_path


def run(project, *arguments: str) -> None:
    main(["--results", str(project / "results"), "--readme", str(project / "README.md"), *arguments])


def test_the_table_stands_between_the_markers_and_the_rest_stays(project):
    run(project)
    text = (project / "README.md").read_text()
    assert ROW in text
    assert text.startswith(f"# Title\n\n{BEGIN}\n| checkpoint |")
    assert text.endswith(f"|\n{END}\n\nThe end.\n")


def test_check_fails_while_the_table_is_stale_and_changes_nothing(project):
    before = (project / "README.md").read_text()
    with pytest.raises(SystemExit, match="table is stale"):
        run(project, "--check")
    assert (project / "README.md").read_text() == before


def test_check_passes_once_the_table_is_written(project):
    run(project)
    run(project, "--check")


def test_a_readme_without_markers_is_an_error(project):
    (project / "README.md").write_text("# Title\n")
    with pytest.raises(SystemExit, match="needs the lines"):
        run(project)


def test_other_kinds_of_results_are_not_in_the_table(project):
    (project / "results/b.json").write_text(json.dumps({"kind": "calibration"}))
    assert len(table(project / "results").splitlines()) == 3


def test_an_ece_on_the_pictures_of_the_calibration_is_marked(project):
    calibrated = RESULT | {"calibration": {"data": "ferplus", "split": "PublicTest"}}
    (project / "results/a.json").write_text(json.dumps(calibrated))
    assert "| 0.031 † |" in table(project / "results")
    assert "\n\n† The temperature was fitted on these very pictures" in table(project / "results")


def test_a_batch_dependent_accuracy_is_marked(project):
    (project / "results/a.json").write_text(json.dumps(RESULT | {"batch_check": {"independent": False}}))
    assert "(80.0 to 82.5) ‡ |" in table(project / "results")


def test_a_subset_has_a_row_of_its_own_beside_the_whole_split(project):
    data = RESULT["data"] | {"subset": {"name": "pose > 30"}}
    (project / "results/b.json").write_text(json.dumps(RESULT | {"data": data, "n_scored": 1171}))
    whole, subset = table(project / "results").splitlines()[2:]
    assert whole.startswith("| pattlite | ferplus, PublicTest | 3,579 |")
    assert subset.startswith("| pattlite | ferplus, PublicTest, pose > 30 | 1,171 |")
