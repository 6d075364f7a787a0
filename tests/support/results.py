"""Made-up results, whole, so that a test changes only what it is about."""

from fer_models.expressions import EXPRESSIONS
from fer_models.results import Number, Pictures, Subset, Weights
from fer_models.results.benchmark import Benchmark, FaceTimes, SpaceStart, TrainingSpeed
from fer_models.results.evaluation import BatchSize, CalibrationSource, Curve, Evaluation, Metrics, NotSure, Recall
from fer_models.results.explanations import Explanations, Mean, Worth
from fer_models.results.fixed_maps import Answers, FixedMaps
from fer_models.results.robustness import Point, Robustness

ORIGIN = {"commit": "0" * 40, "dirty": False, "date": "2026-11-27", "versions": {"python": "3.11.7"}}
PICTURES = Pictures(name="ferplus", layout="ferplus_parquet", file="data.parquet", split="PublicTest", limit=None)
HARDWARE = {"device": "AMD EPYC", "threads": 2}


def weights(name: str = "pattlite", sha256: str = "0" * 64, parameters: int = 1_093_033) -> Weights:
    return Weights(name=name, sha256=sha256, image_size=112, parameters=parameters, macs=85_321_216)


def evaluation(checkpoint: Weights | None = None, accuracy: float = 0.8379, **changes) -> Evaluation:
    """Every expression has 100 pictures, and 4 of 100 "contempt" are recognised."""
    confusion = [[100 * (row == column) for column in range(8)] for row in range(8)]
    confusion[7] = [96, 0, 0, 0, 0, 0, 0, 4]
    number = Number(accuracy, (accuracy - 0.0123, accuracy + 0.0123))
    whole = {
        "checkpoint": checkpoint or weights(),
        "data": PICTURES,
        "seed": 0,
        "order": "shuffled",
        "n_samples": 800,
        "n_scored": 800,
        "left_out": {},
        "skipped_by_reader": {},
        "unreadable": (),
        "accuracy_unreadable_wrong": accuracy,
        "metrics": Metrics(
            accuracy=number, mean_class_accuracy=number, macro_f1=number, ece=Number(0.0158, (0.0134, 0.0297))
        ),
        "recall": {name: Recall(100, confusion[i][i] / 100) for i, name in enumerate(EXPRESSIONS)},
        "confusion": tuple(map(tuple, confusion)),
        "softmax_temperature": 1.0,
        "calibration": None,
        "not_sure": NotSure(
            threshold=0.8,
            answered=0.67,
            accuracy=0.95,
            curve=Curve(threshold=(0.99, 0.9, 0.0), answered=(0.05, 0.5, 1.0), accuracy=(1.0, 0.97, accuracy)),
        ),
        "batch_check": None,
        "batch_sizes": {"64": BatchSize(accuracy, 100.0)},
        "hardware": HARDWARE,
    }
    return Evaluation(**(whole | ORIGIN | changes))


def calibrated_on(split: str = "PublicTest") -> CalibrationSource:
    return CalibrationSource(data="ferplus", split=split)


def subset(name: str) -> Subset:
    """A published list of 120 pictures, all of which are in the data."""
    return Subset(
        name=name,
        list="list.txt",
        sha256="2" * 64,
        listed=120,
        listed_again=0,
        selected=120,
        not_in_data=(),
        labels_compared=0,
        labels_different=0,
        labels_without_meaning=0,
        labels_assumed={},
    )


def robustness(checkpoint: Weights | None = None, **changes) -> Robustness:
    values = (0.82, 0.8, 0.7, 0.61, 0.5, 0.37)
    curve = tuple(Point(500, value, (value, value)) for value in values)
    whole = {
        "checkpoint": checkpoint or weights(),
        "data": PICTURES,
        "seed": 0,
        "n_samples": 500,
        "left_out": {},
        "accuracy": {"low light": curve},
    }
    return Robustness(**(whole | ORIGIN | changes))


def fixed_maps(checkpoint: Weights | None = None, **changes) -> FixedMaps:
    whole = {
        "checkpoint": checkpoint or weights(),
        "data": PICTURES,
        "seed": 0,
        "n_samples": 3579,
        "left_out": {},
        "answers": {"own map": Answers(0.8379, 1.0), "mean map": Answers(0.81, 0.97)},
        "modules": (),
    }
    return FixedMaps(**(whole | ORIGIN | changes))


def explanations(checkpoint: Weights | None = None, **changes) -> Explanations:
    gain = Mean(value=0.12, margin=0.03, faces=40)
    worth = Worth(
        gains={"mean map": gain},
        beyond_gradcam={"choice": gain},
        verdicts={"passes": 1.0},
        yardsticks={},
        passes=3.0,
    )
    whole = {
        "checkpoint": checkpoint or weights(),
        "data": PICTURES,
        "seed": 0,
        "n_samples": 40,
        "left_out": {},
        "steps": 6,
        "fill": "blur",
        "dear": 6,
        "worth": {"integrated": worth},
    }
    return Explanations(**(whole | ORIGIN | changes))


def benchmark(**faces: FaceTimes) -> Benchmark:
    speed = TrainingSpeed(step=100.0, loading=1000.0, both=90.0)
    return Benchmark(
        space=SpaceStart(seconds=9.0, peak_megabytes=1200.0),
        photo={"detect": 47.0, **faces},
        training={"all layers": speed},
        hardware=HARDWARE,
        **ORIGIN,
    )
