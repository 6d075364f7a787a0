"""Result files and checkpoints -> what is known about each model; nothing is typed in here."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fer_models.analyzer import Analyzer, Checkpoint
from fer_models.paths import RESULTS


@dataclass(frozen=True)
class Model:
    """
    title, paper, card: from the checkpoint's card; the card is its Markdown, without metadata and pictures.
    hub: address of the Hub repo, for models of the account that `FER_HUB_ORG` names.
    loaded: whether this Space runs it.
    parameters, macs: multiply-accumulates for one face; `None` where they were not measured.
    evaluations: results on shuffled pictures, of these very weights. calibration, robustness, fixed_maps: likewise,
        `None` where there is none. milliseconds: per stage and face, from the benchmark.
    """

    name: str
    title: str
    paper: str | None = None
    card: str = ""
    hub: str | None = None
    loaded: bool = True
    parameters: int | None = None
    macs: int | None = None
    evaluations: list[dict] = field(default_factory=list)
    calibration: dict | None = None
    robustness: dict | None = None
    fixed_maps: dict | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """models: in the order of the page. machine: on which their milliseconds were measured. near_duplicates: counts
    between training and other pictures, as their result files hold them."""

    models: list[Model]
    machine: dict
    near_duplicates: list[dict]

    def groups(self) -> dict[tuple, list[tuple[Model, dict]]]:
        """Comparable evaluations together: the same pictures, with the model and its result; the most common first."""
        groups: dict[tuple, list[tuple[Model, dict]]] = {}
        for model in self.models:
            for result in model.evaluations:
                groups.setdefault(_pictures(result), []).append((model, result))
        return dict(sorted(groups.items(), key=lambda item: (item[0][2] is not None, -len(item[1]))))

    def comparable(self, kind: str) -> list[tuple[Model, dict]]:
        """The largest set of results of a kind, "robustness" or "fixed_maps", that are on the same pictures."""
        groups: dict[tuple, list[tuple[Model, dict]]] = {}
        for model in self.models:
            if result := getattr(model, kind):
                key = (_pictures(result), result["seed"], result["n_samples"])
                groups.setdefault(key, []).append((model, result))
        return max(groups.values(), key=len, default=[])


def _pictures(result: dict) -> tuple:
    data = result["data"]
    subset = data.get("subset")
    return data["name"], data["split"], subset["name"] if subset else None, data["limit"]


def read_results(folder: Path = RESULTS) -> list[dict]:
    """The result files of a folder, by name; one that is damaged is said on standard error and left out."""
    results = []
    for file in sorted(folder.glob("*.json")):
        try:
            result = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            print(f"warning: {file} is left out: {error}", file=sys.stderr)
            continue
        if isinstance(result, dict):
            results.append({"kind": None} | result)
    return results


def measured(analyzer: Analyzer, folder: Path = RESULTS) -> Measured:
    """What the result files say about the models that run, and about others of which there are results.

    Results count for a model only if they were measured with the very weights that run.
    """
    results = read_results(folder)
    of_models = [result for result in results if "checkpoint" in result and result.get("data", {}).get("name")]
    benchmark = next((result for result in results if result["kind"] == "benchmark"), {})
    times = {
        name: figures
        for name, figures in benchmark.get("milliseconds per photo, one face", {}).items()
        if isinstance(figures, dict)
    }
    running = [_running(checkpoint, of_models, times) for checkpoint in analyzer.checkpoints.values()]
    names = {model.name for model in running}
    others: dict[str, list[dict]] = {}
    for result in of_models:
        if result["checkpoint"]["name"] not in names:
            others.setdefault(result["checkpoint"]["name"], []).append(result)
    absent = [
        Model(name=name, title=name, loaded=False, milliseconds=times.get(name, {}), **_figures(own))
        for name, own in others.items()
        if any(result["kind"] == "evaluation" for result in own)
    ]
    return Measured(
        models=[*running, *absent],
        machine=benchmark.get("hardware", {}),
        near_duplicates=[result for result in results if result["kind"] == "near_duplicates"],
    )


def _running(checkpoint: Checkpoint, results: Sequence[dict], times: dict[str, dict]) -> Model:
    with (checkpoint.folder / "model.safetensors").open("rb") as weights:
        sha256 = hashlib.file_digest(weights, "sha256").hexdigest()
    own = [result for result in results if result["checkpoint"].get("sha256") == sha256]
    card = _card(checkpoint.folder / "README.md")
    title = re.search(r"^# (.+)$", card, re.M)
    paper = re.search(r"\[[^\]]*\bpaper\b[^\]]*\]\((https?://[^)\s]+)\)", card, re.I)
    organisation = os.environ.get("FER_HUB_ORG")
    figures = {"parameters": checkpoint.model.num_parameters()} | _figures(own)
    return Model(
        name=checkpoint.name,
        title=title[1] if title else checkpoint.name,
        paper=paper[1] if paper else None,
        card=card,
        hub=f"https://huggingface.co/{organisation}/{checkpoint.name}" if organisation else None,
        milliseconds=times.get(checkpoint.name, {}),
        **figures,
    )


def _figures(results: Sequence[dict]) -> dict:
    """The fields of `Model` that come from its result files."""
    names = ("calibration", "robustness", "fixed_maps")
    kinds = {kind: [result for result in results if result["kind"] == kind] for kind in names}
    size = {key: results[0]["checkpoint"][key] for key in ("parameters", "macs")} if results else {}
    return size | {
        "evaluations": [r for r in results if r["kind"] == "evaluation" and r["order"] == "shuffled"],
        "calibration": next(iter(kinds["calibration"]), None),
        "robustness": max(kinds["robustness"], key=lambda result: result["n_samples"], default=None),
        "fixed_maps": max(kinds["fixed_maps"], key=lambda result: result["n_samples"], default=None),
    }


def _card(file: Path) -> str:
    """A card's Markdown without its metadata, and without pictures: a page must not ask other servers for them."""
    if not file.is_file():
        return ""
    text = re.sub(r"\A---\n.*?\n---\n", "", file.read_text(errors="replace"), flags=re.S)
    return re.sub(r"!\[[^\]]*\]\([^)]*\)|<(img|picture|source|video|audio|iframe)\b[^>]*>", "", text).strip()


__all__ = ["Measured", "Model", "measured", "read_results"]
