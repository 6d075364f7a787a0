"""README and docs say what the result files say; nothing measured is typed in there."""

import re
from dataclasses import replace

import pytest

from fer_models.paths import ROOT
from fer_models.results import Number, write
from fer_models.results.ablation import Ablation, Row, Spread
from fer_models.results.agreement import Agreeing, Agreement, MeanAnswer
from fer_models.results.benchmark_engines import BenchmarkEngines, ProgramRun
from fer_models.results.benchmark_finding import BenchmarkFinding, Compared
from fer_models.results.benchmark_webcam import BenchmarkWebcam, Earlier, Run
from fer_models.results.evaluation import Balanced, BatchCheck, Recall
from tests.support.results import ORIGIN, PICTURES, calibrated_on, evaluation, robustness, subset, weights
from train.pages.ablations import ablation_table
from train.pages.found import Found
from train.pages.markdown import written_by_hand
from train.pages.models import evaluations
from train.write_pages import main, part

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
RESULT = evaluation(n_scored=3579)
RESULT = replace(
    RESULT,
    metrics=replace(
        RESULT.metrics,
        accuracy=Number(0.81234, (0.8, 0.825)),
        mean_class_accuracy=Number(0.6, (0.5, 0.7)),
        macro_f1=Number(0.55, (0.5, 0.6)),
        ece=Number(0.0312, (0.02, 0.04)),
    ),
)
ROW = (
    "| pattlite | ferplus, PublicTest | 3,579 | 81.23 % (80.0 to 82.5) | 60.00 % | 55.00 % | 0.031 | 1,093,033 | 85 M |"
)
PLACEHOLDER = re.compile("NAME|KIND")  # in the steps of CONTRIBUTING
BEGIN, END = "<!-- generated: evaluations -->", "<!-- end -->"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    write(tmp_path / "results/a.json", RESULT)
    return tmp_path


def run(project, *arguments: str) -> None:
    main(["--results", str(project / "results"), "--pages", str(project / "README.md"), *arguments])


def rows(*results) -> list[str]:
    table = evaluations(Found({str(number): result for number, result in enumerate(results)}), "")
    return table.splitlines()[2:]


def test_the_table_stands_between_the_markers_and_the_rest_stays(project):
    run(project)
    text = (project / "README.md").read_text()
    assert ROW in text
    assert text.startswith(f"# Title\n\n{BEGIN}\n| checkpoint |")
    assert text.endswith(f"|\n{END}\n\nThe end.\n")


def test_check_fails_while_a_page_is_stale_and_changes_nothing(project):
    before = (project / "README.md").read_text()
    with pytest.raises(SystemExit, match=r"error: README\.md stale: run python train/write_pages\.py"):
        run(project, "--check")
    assert (project / "README.md").read_text() == before


def test_check_passes_once_the_page_is_written(project):
    run(project)
    run(project, "--check")


@pytest.mark.parametrize(
    "text, sentence",
    [
        (f"{BEGIN}\n| a |\n", "a part needs the lines"),
        (f"{END}\n{BEGIN}\n", "a part needs the lines"),
        (f"<!-- generated: horoscope -->\n{END}\n", "there is no part 'horoscope'; known: models, evaluations"),
        (f"<!-- generated: ablation x -->\n{END}\n", r"no result of the kind 'ablation' in ablation-x\.json"),
    ],
)
def test_a_part_that_cannot_be_made_is_named_with_its_page(project, text, sentence):
    (project / "README.md").write_text(text)
    with pytest.raises(SystemExit, match=rf"error: .*README\.md: {sentence}"):
        run(project)


def test_a_damaged_result_file_is_named(project):
    (project / "results/b.json").write_text("{")
    with pytest.raises(SystemExit, match=r"error: .*b\.json cannot be read"):
        run(project)


def test_other_kinds_of_results_are_not_in_the_table():
    assert rows(RESULT, robustness()) == [ROW]


def test_an_ece_on_the_pictures_of_the_calibration_is_marked():
    row, _, note = rows(replace(RESULT, calibration=calibrated_on("PublicTest")))
    assert "| 0.031 † |" in row
    assert note.startswith("† The temperature was fitted on these very pictures")


def test_a_batch_dependent_accuracy_is_marked():
    moved = BatchCheck(moved_predictions=9, largest_change=0.5, independent=False)
    assert "(80.0 to 82.5) ‡ |" in rows(replace(RESULT, batch_check=moved))[0]


def test_a_subset_has_a_row_of_its_own_beside_the_whole_split():
    hard = replace(RESULT, data=replace(PICTURES, subset=subset("pose > 30")), n_scored=1171)
    whole, listed = rows(hard, RESULT)
    assert whole.startswith("| pattlite | ferplus, PublicTest | 3,579 |")
    assert listed.startswith("| pattlite | ferplus, PublicTest, pose > 30 | 1,171 |")


def test_an_ablation_shows_seeds_parameters_and_what_differs_and_says_what_it_stands_on():
    first = Row(name="plain", model={}, image_size=48, last_map=(2, 2), parameters=1000, accuracy={})
    first = replace(first, accuracy={"shuffled": Spread(0.5, None, (0.5,))})
    second = replace(first, name="more", last_map=(4, 4), parameters=1020)
    second = replace(second, accuracy={"shuffled": Spread(0.61, 0.024, (0.59, 0.63))})
    result = Ablation(
        title="x",
        config="x.yaml",
        seeds=(0, 1),
        train_pictures=2000,
        of=28556,
        validation_pictures=800,
        validation_of=3579,
        variants_of=3,
        recipe={"stages": [{"name": "s", "epochs": 2}]},
        rows=(first, second),
        **ORIGIN,
    )
    assert ablation_table(result).splitlines() == [
        "| variant | last map | parameters | shuffled |",
        "| --- | --: | --: | --: |",
        "| plain | 2 x 2 | 1,000 | 50.0 % |",
        "| more | 4 x 4 | 1,020 (+20) | 61.0 % ± 2.4 |",
        "",
        "2 of 3 variants; trained on 2,000 of 28,556 pictures, scored on 800 of 3,579; epochs: s 2; seeds: 0, 1.",
    ]


def test_what_damage_costs_is_the_fall_from_clean_to_the_greatest_strength():
    milder = robustness(weights("other"))
    points = list(milder.accuracy["low light"])
    points[-1] = replace(points[-1], value=0.62)
    milder = replace(milder, accuracy={"low light": tuple(points)})
    told = part(Found({"a": robustness(), "b": milder}), "robustness losses")
    assert told.endswith("from the least to the most sensitive model: low light: 20 to 45.")


def test_the_pages_of_the_repository_say_what_its_result_files_say():
    main(["--check"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_measured_number_is_typed_into_a_page(page):
    by_hand = written_by_hand(page.read_text()).replace("95 % bootstrap interval", "")
    assert re.findall(r"\d[\d.,]* ?(?:%|ms\b|GB\b|MB\b|points|pictures/s|frames a second|x as )", by_hand) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_a_page_names_exist(page):
    text = re.sub(r"<!--.*?-->", "", page.read_text())
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text) + re.findall(r"src=\"([^\"]+)\"", text)
    rooms = "benchmarks|checkpoints|docs|examples|fer_models|hub_configs|space|tests|train"
    named = re.findall(rf"(?<![\w/])(?:{rooms})/[\w./-]*\w", text)
    missing = [name for name in links if not (page.parent / name).exists()]
    missing += [name for name in named if not PLACEHOLDER.search(name) and not (ROOT / name).exists()]
    assert missing == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_balanced_table_shows_both_settings_and_the_rarest_expressions():
    equal = Balanced(
        accuracy=Number(0.8, (0.79, 0.81)),
        mean_class_accuracy=Number(0.75, (0.7, 0.8)),
        recall={"neutral": 0.7, "fear": 0.5, "contempt": None, "disgust": 1.0},
        threshold=None,
        answered=1.0,
        answered_accuracy=0.8,
    )
    counts = {"neutral": (90, 0.9), "fear": (4, 0.25), "contempt": (0, None), "disgust": (2, 0.5)}
    recall = {name: Recall(n=n, value=value) for name, (n, value) in counts.items()}
    found = Found({"a": replace(RESULT, recall=recall, balanced=equal)})
    header, _, row = part(found, "balanced").splitlines()
    assert header.endswith("| contempt | disgust | fear |")
    assert row == (
        "| pattlite | 81.23 % | 60.00 % (50.0 to 70.0) | 80.00 % | 75.00 % (70.0 to 80.0) |  →  | 50 % → 100 % "
        "| 25 % → 50 % |"
    )


def test_agreement_is_told_by_the_number_of_models_with_what_the_mean_gains():
    agreeing = Agreeing(pictures=75, share=0.75, right=Number(0.9, (0.85, 0.95)))
    mean = MeanAnswer(
        accuracy=Number(0.8, (0.7, 0.9)),
        best="pattlite",
        best_accuracy=Number(0.79, (0.7, 0.9)),
        only_mean=3,
        only_best=2,
        p_value=1.0,
        difference=Number(0.01, (-0.02, 0.04)),
    )
    origin = {name: getattr(RESULT, name) for name in ("data", "seed", "n_scored")} | ORIGIN
    result = Agreement(checkpoints=(RESULT.checkpoint,) * 2, by_count={"2": agreeing}, mean=mean, **origin)
    text = part(Found({"a": result}), "agreement")
    assert "| 2 of 2 | 75.0 % | 90.0 % (85.0 to 95.0) |" in text
    assert "a difference of +1.00 points (95 %: -2.00 to +4.00; McNemar's p = 1)" in text


def test_engines_stand_beside_each_other_with_their_ratios():
    result = BenchmarkEngines(
        milliseconds={
            "finding faces": {"torch": 40.0, "onnx": 20.0, "458a96d": 100.0},
            "pattlite: answer, one face": {"torch": 9.0, "onnx": 3.0, "458a96d": 30.0},
            "pattlite: integrated gradients, one face": {"torch": 90.0, "onnx": 30.0},
        },
        start={
            "torch": ProgramRun(seconds=8.0, peak_megabytes=1000.0),
            "onnx": ProgramRun(seconds=1.0, peak_megabytes=200.0),
        },
        rounds=20,
        load=0.1,
        hardware={"device": "a processor", "threads": 2},
        installed_megabytes={"onnx": 199},
        multiply_adds=100e9,
        floor={"pattlite: answer, one face": 1.5},
        photos=200,
        many={"onnx": ProgramRun(seconds=7.0, peak_megabytes=210.0)},
        space={"onnx": ProgramRun(seconds=4.0, peak_megabytes=800.0)},
        **ORIGIN,
    )
    header, _, row, other, unknown, _, rest = part(Found({"benchmark-engines": result}), "speed engines").splitlines()
    assert header == "| milliseconds | onnx | torch | 458a96d | torch / onnx | 458a96d / onnx | floor |"
    assert row == "| finding faces | 20.0 | 40.0 | 100.0 | 2.0 x | 5.0 x |  |"
    assert other == "| pattlite: answer, one face | 3.0 | 9.0 | 30.0 | 3.0 x | 10.0 x | 1.5 |"
    assert unknown == "| pattlite: integrated gradients, one face | 30.0 | 90.0 |  | 3.0 x |  |  |"
    assert "and once a photo's maps were checked: onnx 4.0 s and at most 800 MB of memory." in rest
    assert "one large float32 matrix product, 100 thousand million a second" in rest
    assert "torch 8.0 s and at most 1,000 MB of memory; onnx 1.0 s and at most 200 MB of memory" in rest
    assert "About a folder of 200 photos: onnx 7.0 s and at most 210 MB of memory." in rest
    assert "Installed with the extra `onnx` the package takes 199 MB" in rest
    assert "0 other processes were busy when it began. Measured on a processor, 2 threads" in rest


def test_the_webcam_stands_beside_an_earlier_commits():
    run = Run(
        models=("pattlite",),
        seconds=20.0,
        shown=12.0,
        said=12.1,
        frame_milliseconds={"find faces": 13},
        answer_milliseconds={"pattlite": 20},
        answers={"pattlite": 11.0},
        processor_milliseconds={"server": 70, "browser": 70},
        memory=(1100.0, 1200.0),
        written_megabytes=0.0,
    )
    before = Earlier(
        commit="458a96d", shown={"one model": 8.0}, answers={"one model": 5.5}, memory={"one model": 1000.0}
    )
    result = BenchmarkWebcam(
        camera="640 x 480", runs={"one model": run}, hardware={"device": "x"}, engine="onnx", earlier=before, **ORIGIN
    )
    text = part(Found({"benchmark-webcam": result}), "speed webcam")
    assert "| `pattlite` | 12.0 | 11.00 | 1,100 to 1,200 | 20 |" in text
    assert "Against commit `458a96d`, measured in between: one model 1.5 x the frames, 2.0 x the answers" in text
    assert "1.20 x the memory. Engine: onnx." in text


def test_the_cascade_stands_beside_the_packages():
    compared = Compared(other_number=1, box=0.0002, landmark=0.00031, times_as_fast=2.04)
    result = BenchmarkFinding(
        photos=200,
        faces=500,
        data="ferplus, PublicTest",
        seed=0,
        engines={"onnx": compared},
        hardware={"device": "x"},
        **ORIGIN,
    )
    text = part(Found({"benchmark-finding": result}), "speed finding")
    assert "| onnx | 1 photos | 0.0002 | 0.0003 | 2.0 x |" in text
    assert "on 200 photos with 500 faces, composed from ferplus, PublicTest" in text
