"""What `benchmarks/eight_bits.py` measures: what computing with 8 bits costs each checkpoint in right answers, and how
much faster it is."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class EightBits:
    """float_accuracy, accuracy: shares of right answers; the second in the chosen setting, which answers best. every:
    of each setting. float_milliseconds, milliseconds: an answer about one face, without maps, median. loss: of right
    answers, as a share. refused: whether the loss is more than an export may have."""

    float_accuracy: float
    accuracy: float
    chosen: str
    every: dict[str, float]
    refused: bool
    float_milliseconds: float
    milliseconds: float

    @property
    def loss(self) -> float:
        return self.float_accuracy - self.accuracy


@dataclass(frozen=True, kw_only=True)
class EightBitsOfAll(Result, kind="eight-bits"):
    """checkpoints: by name. calibration_faces, of the split calibration, say how large features become; faces, of the
    split that `data` names, measure. runtime, processor: on which."""

    checkpoints: dict[str, EightBits]
    faces: int
    data: str
    calibration_faces: int
    calibration: str
    runtime: str
    processor: str
    hardware: dict[str, str | int]


__all__ = ["EightBits", "EightBitsOfAll"]
