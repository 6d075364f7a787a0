"""Which method to believe for which model: every method's maps against maps that never saw the face.

    python train/explanations.py checkpoints/* --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet

Deletion and insertion on `--limit` validation faces (500), against random maps, the centre and the mean map; everything
dearer on the first `--dear` of them (60): the verdict among the mean map and 19 other faces' maps, the mean colour
instead of a blur, ties the other way round, noise in the input, random weights, the parts of the face, and as slow
references occlusion and integrated gradients of captum and random masks.
Some two and a half hours for five checkpoints on one core, half of that with a process on each of two; with `--resume`
faces that were measured are not measured again.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from fer_models.average_maps import Baselines, centre, coarse, shaded
from fer_models.checkpoint import Checkpoint
from fer_models.explain import explain, is_flat, native_attention
from fer_models.methods import METHODS
from fer_models.results import read, write
from fer_models.results.explanations import Explanations, Mean, Worth
from fer_models.trust import faithfulness, likeness, randomized_explanation, verdict
from train.data.readers import DataError, FaceDataset
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.references import Explainer, references
from train.measure.yardsticks import max_sensitivity, part_agreement, part_effects

FACES, DEAR, STEPS, RANDOM_MAPS = 500, 60, 6, 2
GAINS = ("random", "centre", "mean map", "mean map of the answer", "another face, same answer", "another face")


def explainers(checkpoint: Checkpoint) -> dict[str, Explainer]:
    """`(B, 3, S, S)` and class ids -> `(B, h, w)` maps, by method or name of an attention map that marks places."""
    model = checkpoint.model

    def of_method(method: str) -> Explainer:
        return lambda pixels, ids: explain(model, pixels, method, ids).cam

    def of_attention(name: str) -> Explainer:
        def maps(pixels: torch.Tensor, ids: list[int]) -> np.ndarray:
            with torch.inference_mode():
                return native_attention(model, model(pixels, output_attentions=True))[name]

        return maps

    kinds = model.attention_kinds
    placed = [name for name in model.attention_meanings if kinds[name] != "ranks"]
    return {method: of_method(method) for method in METHODS} | {name: of_attention(name) for name in placed}


def _span(curves) -> float:
    return (curves.insertion_area - curves.deletion_area) / 2


def face_scores(
    checkpoint: Checkpoint,
    pixels: torch.Tensor,
    maps: dict[str, np.ndarray],
    answer: str,
    seed: int,
    fill: str = "blur",
    reverse_ties: bool = False,
    others: bool = False,
) -> dict[str, dict[str, float]]:
    """For one face `(3, S, S)` the score, half of insertion less deletion area, of each method's map under "own" and
    under the first three of `GAINS`; with `others` also of the mean map of the answer and of each other face's map,
    under "other 0" and so on, and their means under the rest of `GAINS`."""
    generator = np.random.default_rng(seed)
    class_id = checkpoint.expressions.index(answer)
    tried: dict[tuple[str, str], np.ndarray] = {}
    for method, values in maps.items():
        shape = values.shape
        tried[method, "own"] = values
        for number in range(RANDOM_MAPS):
            tried.setdefault((str(shape), f"random {number}"), generator.random(shape))
        tried.setdefault((str(shape), "centre"), centre(shape))
        known = checkpoint.baselines.get(method)
        if known is not None and known.mean.shape == coarse(values).shape:
            tried[method, "mean map"] = known.mean
            if others:
                tried |= {(method, name): one for name, one in _unseen(known, values, answer).items()}
    named = {f"{method}: {name}": values for (method, name), values in tried.items()}
    curves = faithfulness(checkpoint.model, pixels, named, class_id, STEPS, seed, 1, fill, reverse_ties)
    scores = dict(zip(tried, map(_span, list(curves.values())[: len(tried)]), strict=True))
    found: dict[str, dict[str, float]] = {}
    for method, values in maps.items():
        shape = str(values.shape)
        found[method] = {name: score for (one, name), score in scores.items() if one == method}
        found[method]["random"] = float(np.mean([scores[shape, f"random {n}"] for n in range(RANDOM_MAPS)]))
        found[method]["centre"] = scores[shape, "centre"]
        if "alike" in found[method]:
            answers = checkpoint.baselines[method].answers
            of_others = np.array([found[method][f"other {place}"] for place in range(len(answers))])
            alike = of_others[[other == answer for other in answers]]
            found[method]["another face"] = float(of_others.mean())
            if alike.size:
                found[method]["another face, same answer"] = float(alike.mean())
    return found


def _unseen(known: Baselines, values: np.ndarray, answer: str) -> dict[str, np.ndarray]:
    """Maps that never saw the face, but for "alike": its own, made as coarse as they are."""
    maps = {"alike": shaded(coarse(values))} | {f"other {place}": one for place, one in enumerate(known.others)}
    if answer in known.by_expression:
        maps["mean map of the answer"] = known.by_expression[answer]
    return maps


def measure(
    checkpoint: Checkpoint, data: FaceDataset, rows: Sequence[int] | np.ndarray, dear: int, seed: int, store: Path
) -> tuple[list[dict], list[str]]:
    """What was measured of each face, in the order of `rows`. A face's measurements are a line of `store`, so that a
    stopped run goes on."""
    done = [json.loads(line) for line in store.read_text(encoding="utf-8").splitlines()] if store.is_file() else []
    known = {one["row"]: one for one in done}
    methods = explainers(checkpoint)
    slow = references(checkpoint)
    with store.open("a", encoding="utf-8") as lines:
        for place, row in enumerate(tqdm(rows, desc=checkpoint.name, unit="face", leave=False)):
            if int(row) in known:
                continue
            one = _face(checkpoint, data[int(row)]["image"], methods, slow if place < dear else {}, seed + place)
            known[int(row)] = {"row": int(row), **one}
            lines.write(json.dumps(known[int(row)]) + "\n")
            lines.flush()
    return [known[int(row)] for row in rows], [*methods, *slow]


def _face(
    checkpoint: Checkpoint, picture, methods: dict[str, Explainer], slow: dict[str, Explainer], seed: int
) -> dict:
    pixels = checkpoint.pixel_values([picture])
    explanation = explain(checkpoint.model, pixels)
    class_id = explanation.class_ids[0]
    answer = checkpoint.expressions[class_id]
    maps = {name: one(pixels, [class_id])[0] for name, one in (methods | slow).items()}
    maps = {name: values for name, values in maps.items() if not is_flat(values)}
    found: dict[str, Any] = {
        "answer": answer,
        "blur": face_scores(checkpoint, pixels[0], maps, answer, seed, others=bool(slow)),
    }
    if not slow:
        return found
    found["mean colour"] = face_scores(checkpoint, pixels[0], maps, answer, seed, fill="mean")
    found["ties"] = face_scores(checkpoint, pixels[0], maps, answer, seed, reverse_ties=True)
    effects = part_effects(checkpoint, pixels[0], class_id)
    found["parts"] = {name: part_agreement(values, effects) for name, values in maps.items()}
    found["sensitivity"] = {
        name: max_sensitivity(lambda noisy, one=methods[name]: one(noisy, [class_id] * len(noisy)), pixels[0])
        for name in maps
        if name in methods
    }
    found["random weights"] = {}
    for name in maps:
        if name in METHODS:
            random = randomized_explanation(checkpoint.model, pixels, name, [class_id]).cam[0]
            found["random weights"][name] = likeness(maps[name], random)
    return found


def _mean(values: Sequence[float | None]) -> Mean | None:
    known = np.array([value for value in values if value is not None])
    if len(known) < 2:
        return None
    return Mean(float(known.mean()), float(1.96 * known.std(ddof=1) / np.sqrt(len(known))), len(known))


def _minus(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other


def summarise(faces: list[dict], methods: Sequence[str], passes: dict[str, float]) -> dict[str, Worth]:
    """Means over faces, paired, of every method."""

    def beyond(face: dict, method: str, fill: str = "blur") -> float | None:
        scores = face.get(fill, {}).get(method, {})
        return scores["own"] - scores["mean map"] if "mean map" in scores else None

    found = {}
    for method in methods:
        gains = {}
        for name in GAINS:
            paired = [face["blur"].get(method, {}) for face in faces]
            gains[name] = _mean([one["own"] - one[name] if name in one else None for one in paired])
        halves = {"choice": faces[0::2], "report": faces[1::2]} if method != "gradcam" else {}
        differences = {
            half: _mean([_minus(beyond(face, method), beyond(face, "gradcam")) for face in some])
            for half, some in halves.items()
        }
        words = []
        for face in faces:
            scores = face["blur"].get(method, {})
            others = [score for name, score in scores.items() if name.startswith("other ")]
            if others:
                words.append(verdict(scores["alike"], scores["mean map"], np.array(others)).word)
        yardsticks = {
            "gain over the mean map, mean colour": _mean([beyond(face, method, "mean colour") for face in faces]),
            "gain over the mean map, ties reversed": _mean([beyond(face, method, "ties") for face in faces]),
            "agreement with hidden parts": _mean([face.get("parts", {}).get(method) for face in faces]),
            "change with noise": _mean([face.get("sensitivity", {}).get(method) for face in faces]),
            "likeness with random weights": _mean([face.get("random weights", {}).get(method) for face in faces]),
        }
        found[method] = Worth(
            gains={name: one for name, one in gains.items() if one},
            beyond_gradcam={half: one for half, one in differences.items() if one},
            verdicts={word: words.count(word) / len(words) for word in dict.fromkeys(words)},
            yardsticks={name: one for name, one in yardsticks.items() if one},
            passes=passes.get(method),
        )
    return found


def costs(checkpoint: Checkpoint, pixels: torch.Tensor, rounds: int = 8) -> dict[str, float]:
    """What a map of each method costs in plain forward passes of the same batch on one thread, which is work, not how
    well it is shared; the least of some rounds, in which all take turns, since other programs may be busy."""

    def plain() -> None:
        with torch.inference_mode():
            checkpoint.model(pixels)

    ids = [0] * len(pixels)
    works: dict[str, Callable[[], object]] = {"": plain}
    works |= {name: partial(work, pixels, ids) for name, work in explainers(checkpoint).items()}
    least, threads = dict.fromkeys(works, float("inf")), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(rounds):
            for name, work in works.items():
                start = time.perf_counter()
                work()
                least[name] = min(least[name], time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return {name: least[name] / least[""] for name in works if name}


def _result_of(path: Path, sha256: str) -> Explanations:
    """The result of these weights in the file.

    Raises:
        DataError, ResultError: there is none.
    """
    if not path.is_file():
        raise DataError(f"no result at {path}; measure the maps first, without --costs-again")
    result = read(path)
    if not isinstance(result, Explanations) or result.checkpoint.sha256 != sha256:
        raise DataError(f"{path} is of other weights; measure the maps first, without --costs-again")
    return result


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    parser.add_argument("--dear", type=int, default=DEAR, help="faces of the dearer yardsticks (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run was")
    parser.add_argument(
        "--costs-again", action="store_true", help="only time the maps again, on an idle machine, in results of before"
    )
    add_arguments(parser)
    parser.set_defaults(limit=FACES)
    options = parser.parse_args(arguments)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        if len(rows) < 2:
            raise DataError(f"a mean over faces needs at least two, not {len(rows)}")
        path = result_file(options.out, f"{checkpoint.name}-explanations", sample["data"])
        pixels = checkpoint.pixel_values([data[int(row)]["image"] for row in rows[:8]])
        if options.costs_again:
            passes = costs(checkpoint, pixels)
            old = _result_of(path, checkpoint.sha256)
            worth = {name: replace(one, passes=passes.get(name)) for name, one in old.worth.items()}
            write(path, replace(old, worth=worth))
            print(f"{path}: {', '.join(f'{name} {count:.1f}' for name, count in passes.items())} plain passes")
            continue
        store = path.with_suffix(f".{checkpoint.sha256[:12]}.unfinished")
        if not options.resume:
            store.unlink(missing_ok=True)
        faces, methods = measure(checkpoint, data, rows, options.dear, options.shuffle_seed, store)
        worth = summarise(faces, methods, costs(checkpoint, pixels))
        result = Explanations(steps=STEPS, fill="blur", dear=options.dear, worth=worth, **sample, **provenance())
        write(path, result)
        store.unlink()
        print(f"{checkpoint.name}, {len(faces)} faces")
        for method, one in worth.items():
            over = [f"{gain.value:+.3f} ± {gain.margin:.3f} over {name}" for name, gain in one.gains.items()]
            print(f"  {method:32}{', '.join(over) or 'the same everywhere'}")
        print(path)
    return path


if __name__ == "__main__":
    main()
