"""What `train/explanations.py` measures: what each method's maps are worth beyond maps that never saw the face."""

from collections.abc import Container
from dataclasses import dataclass

from fer_models.results.result import Sampled


@dataclass(frozen=True)
class Mean:
    """A mean over faces. margin: half the width of its 95 % interval. faces: how many."""

    value: float
    margin: float
    faces: int

    @property
    def above_zero(self) -> bool:
        """Whether the interval excludes zero, on its upper side."""
        return self.value > self.margin

    @property
    def below_zero(self) -> bool:
        """Whether it excludes zero on its lower side."""
        return self.value < -self.margin


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What one method's maps are worth, paired per face. A gain is half of what insertion less deletion area is more.

    gains: over "random", "centre", "mean map", "mean map of the answer", "another face, same answer" and "another
        face".
    beyond_gradcam: the gain over its own mean map, less Grad-CAM's over its own, on each half of the faces ("choice",
        "report"); empty for Grad-CAM. verdicts: the share of the faces with each word, on the first `dear` of them.
    yardsticks: the dearer ones, means over fewer faces. passes: what a map costs, in plain forward passes.
    """

    gains: dict[str, Mean]
    beyond_gradcam: dict[str, Mean]
    verdicts: dict[str, float]
    yardsticks: dict[str, Mean]
    passes: float | None


@dataclass(frozen=True, kw_only=True)
class Explanations(Sampled, kind="explanations"):
    """worth: by method, or by name of an attention map. steps: of a curve. fill: what replaced a pixel.
    dear: on how many faces the dearer yardsticks were measured."""

    steps: int
    fill: str
    dear: int
    worth: dict[str, Worth]


def best_method(result: Explanations, among: Container[str] | None = None, most_passes: float = 10.0) -> str | None:
    """The method to show first, of those `among` which one is looked for: of at most `most_passes` plain passes, with a
    gain over its own mean map above zero, the one with the greatest; chosen on one half of the faces, where Grad-CAM is
    not it. One that does not beat a bump in the centre of the picture, too, is not it: a method whose mean map is worth
    little gains much over that and may still tell less than no map at all. `None`: there is none."""

    def chosen_by(worth: Worth) -> float:
        ahead = worth.beyond_gradcam.get("choice")
        return ahead.value if ahead else 0.0  # Grad-CAM itself

    able = {
        name: worth
        for name, worth in result.worth.items()
        if (among is None or name in among)
        and worth.passes is not None
        and worth.passes <= most_passes
        and "mean map" in worth.gains
        and all(worth.gains[other].above_zero for other in ("mean map", "centre") if other in worth.gains)
    }
    return max(able, key=lambda name: chosen_by(able[name]), default=None)


def worth_words(worth: Worth) -> str | None:
    """Whether a method's maps tell more of a face than their own mean map, which never saw it, in words; `None` where
    that was not measured. One that does may still tell less than a bump in the centre of the picture, and says so."""
    gain, centre = worth.gains.get("mean map"), worth.gains.get("centre")
    if gain is None:
        return None
    more = "more" if gain.above_zero else "no more"
    less = (
        ", and less than a bump in the centre of the picture"
        if gain.above_zero and centre and centre.below_zero
        else ""
    )
    return (
        f"tells {more} of a face than the mean map of others does ({gain.value:+.3f} ± {gain.margin:.3f}, "
        f"{gain.faces:,} faces){less}"
    )


__all__ = ["Explanations", "Mean", "Worth", "best_method", "worth_words"]
