"""Result files and checkpoints -> what is known about each model; nothing is typed in here."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fer_models.analyzer import Analyzer
from fer_models.answering import Answering
from fer_models.methods import METHODS, method_title
from fer_models.paths import RESULTS
from fer_models.results import OfWeights, Result, Weights, comparable, read_folder
from fer_models.results.agreement import Agreement
from fer_models.results.benchmark import Benchmark, FaceTimes
from fer_models.results.calibration import Calibration
from fer_models.results.evaluation import Evaluation
from fer_models.results.explanations import Explanations, best_method, worth_words
from fer_models.results.fixed_maps import FixedMaps
from fer_models.results.near_duplicates import NearDuplicates
from fer_models.results.robustness import Robustness

Kind = TypeVar("Kind", bound=Result)


@dataclass(frozen=True)
class Model:
    """
    title, paper, card: from the checkpoint's card; the card is its Markdown, without metadata and pictures.
    hub: address of the Hub repo, for models of the account that `FER_HUB_ORG` names.
    loaded: whether this Space runs it.
    parameters, macs: multiply-accumulates for one face; `None` where they were not measured.
    evaluations: results on shuffled pictures, of these very weights. calibration, robustness, fixed_maps,
        explanations: likewise, `None` where there is none. times: for one face, from the benchmark, likewise.
    """

    name: str
    title: str
    paper: str | None = None
    card: str = ""
    hub: str | None = None
    loaded: bool = True
    parameters: int | None = None
    macs: int | None = None
    evaluations: list[Evaluation] = field(default_factory=list)
    calibration: Calibration | None = None
    robustness: Robustness | None = None
    fixed_maps: FixedMaps | None = None
    explanations: Explanations | None = None
    times: FaceTimes | None = None


@dataclass(frozen=True)
class Measured:
    """models: in the order of the page. machine: on which their times were measured. near_duplicates: counts between
    training and other pictures. agreement: how often the models that run are right when they agree, `None` where it was
    not measured for them all."""

    models: list[Model]
    machine: dict[str, str | int]
    near_duplicates: list[NearDuplicates]
    agreement: Agreement | None = None

    def groups(self) -> list[list[tuple[Model, Evaluation]]]:
        """Comparable evaluations together: the same pictures, with the model and its result; whole splits before
        subsets, the most common first."""
        groups: dict[tuple, list[tuple[Model, Evaluation]]] = {}
        for model in self.models:
            for result in model.evaluations:
                groups.setdefault(result.data.identity, []).append((model, result))
        return sorted(groups.values(), key=lambda group: (group[0][1].data.subset is not None, -len(group)))

    @property
    def fastest(self) -> str:
        """The name of the model that runs here and answers soonest; the smallest where none was timed."""
        running = [model for model in self.models if model.loaded]
        timed = [model for model in running if model.times]
        if timed:
            return min(timed, key=lambda model: model.times.answer).name
        return min(running, key=lambda model: model.parameters or 0).name

    @property
    def best_methods(self) -> dict[str, str]:
        """For each model that runs here the method whose maps are worth most, where one beats its mean map."""
        chosen = {m.name: best_method(m.explanations, METHODS) for m in self.models if m.loaded and m.explanations}
        return {name: method for name, method in chosen.items() if method}

    @property
    def worth(self) -> dict[str, dict[str, str]]:
        """For each model what was found about its maps, in words, by the name that people know a map by."""
        return {
            model.name: {
                method_title(name): words
                for name, one in model.explanations.worth.items()
                if (words := worth_words(one))
            }
            for model in self.models
            if model.explanations
        }

    @property
    def robustness(self) -> list[tuple[Model, Robustness]]:
        """The largest set of results that are on the same pictures."""
        alike = comparable(model.robustness for model in self.models if model.robustness)
        return [(model, model.robustness) for model in self.models if model.robustness in alike]

    @property
    def fixed_maps(self) -> list[tuple[Model, FixedMaps]]:
        """The largest set of results that are on the same pictures."""
        alike = comparable(model.fixed_maps for model in self.models if model.fixed_maps)
        return [(model, model.fixed_maps) for model in self.models if model.fixed_maps in alike]

    @property
    def explanations(self) -> list[tuple[Model, Explanations]]:
        """The largest set of results that are on the same pictures."""
        alike = comparable(model.explanations for model in self.models if model.explanations)
        return [(model, model.explanations) for model in self.models if model.explanations in alike]


def read_results(folder: Path = RESULTS) -> list[Result]:
    """The result files of a folder, by name; one that cannot be read is said on standard error and left out."""

    def warn(error: Exception) -> None:
        print(f"warning: left out: {error}", file=sys.stderr)

    return [result for _, result in read_folder(folder, left_out=warn)]


def _of(kind: type[Kind], results: Sequence[Result]) -> list[Kind]:
    return [result for result in results if isinstance(result, kind)]


def measured(analyzer: Analyzer, folder: Path = RESULTS) -> Measured:
    """What the result files say about the models that run, and about others of which there are results.

    Results count for a model only if they were measured with the very weights that run.
    """
    results = read_results(folder)
    of_weights = _of(OfWeights, results)
    benchmark = next(iter(_of(Benchmark, results)), None)
    times = benchmark.faces if benchmark else {}
    running = [_running(checkpoint, of_weights, times) for checkpoint in analyzer.checkpoints.values()]
    names = {model.name for model in running}
    hashes = {checkpoint.sha256 for checkpoint in analyzer.checkpoints.values()}
    others: dict[str, list[OfWeights]] = {}
    for result in of_weights:
        if result.checkpoint.name not in names:
            others.setdefault(result.checkpoint.name, []).append(result)
    absent = [
        Model(name=name, title=name, loaded=False, times=times.get(name), **_figures(own))
        for name, own in others.items()
        if _of(Evaluation, own)
    ]
    return Measured(
        models=[*running, *absent],
        machine=benchmark.hardware if benchmark else {},
        near_duplicates=_of(NearDuplicates, results),
        agreement=next((one for one in _of(Agreement, results) if _hashes(one.checkpoints) == hashes), None),
    )


def _hashes(weights: Sequence[Weights]) -> set[str | None]:
    return {one.sha256 for one in weights}


def _running(checkpoint: Answering, results: Sequence[OfWeights], times: dict[str, FaceTimes]) -> Model:
    own = [result for result in results if result.checkpoint.sha256 == checkpoint.sha256]
    card = _card(checkpoint.folder / "README.md")
    title = re.search(r"^# (.+)$", card, re.M)
    paper = re.search(r"\[[^\]]*\bpaper\b[^\]]*\]\((https?://[^)\s]+)\)", card, re.I)
    organisation = os.environ.get("FER_HUB_ORG")
    figures = {"parameters": checkpoint.facts.parameters} | _figures(own)
    return Model(
        name=checkpoint.name,
        title=title[1] if title else checkpoint.name,
        paper=paper[1] if paper else None,
        card=card,
        hub=f"https://huggingface.co/{organisation}/{checkpoint.name}" if organisation else None,
        times=times.get(checkpoint.name),
        **figures,
    )


def _figures(results: Sequence[OfWeights]) -> dict[str, Any]:
    """The fields of `Model` that come from its result files."""
    size = {"parameters": results[0].checkpoint.parameters, "macs": results[0].checkpoint.macs} if results else {}
    return size | {
        "evaluations": [result for result in _of(Evaluation, results) if not result.by_class],
        "calibration": next(iter(_of(Calibration, results)), None),
        "robustness": max(_of(Robustness, results), key=lambda result: result.n_samples, default=None),
        "fixed_maps": max(_of(FixedMaps, results), key=lambda result: result.n_samples, default=None),
        "explanations": max(_of(Explanations, results), key=lambda result: result.n_samples, default=None),
    }


def _card(file: Path) -> str:
    """A card's Markdown without its metadata, and without pictures: a page must not ask other servers for them."""
    if not file.is_file():
        return ""
    text = re.sub(r"\A---\n.*?\n---\n", "", file.read_text(errors="replace", encoding="utf-8"), flags=re.S)
    return re.sub(r"!\[[^\]]*\]\([^)]*\)|<(img|picture|source|video|audio|iframe)\b[^>]*>", "", text).strip()


__all__ = ["Measured", "Model", "measured", "read_results"]
