"""The README of a Hub repo: a hub config and result files -> Markdown; no number is typed in.

`train/hub/folder.py` writes it beside the weights.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from huggingface_hub import ModelCardData
from huggingface_hub.repocard_data import EvalResult

from fer_models.methods import method_title
from fer_models.results import Number, Result, percent
from fer_models.results.ablation import Ablation
from fer_models.results.evaluation import Evaluation
from fer_models.results.explanations import Explanations, worth_words
from fer_models.results.fixed_maps import FixedMaps
from fer_models.results.near_duplicates import NearDuplicates
from train.config.recipe import METRICS, ConfigError, HubConfig, Published, Recipe, Stage
from train.pages.markdown import table
from train.pages.models import words as near_duplicates

# metric -> what people call it, its type and arguments in the Hub's metadata
METRIC_WORDS: dict[str, tuple[str, str, dict | None]] = {
    "accuracy": ("accuracy", "accuracy", None),
    "mean_class_accuracy": ("mean class accuracy", "recall", {"average": "macro"}),
    "macro_f1": ("macro F1", "f1", {"average": "macro"}),
    "ece": ("expected calibration error", "expected_calibration_error", None),
}
assert set(METRIC_WORDS) == set(METRICS)

EQUALLY_LIKELY = "all expressions equally likely"

LIMITS = (
    "An expression is what a face shows, not what a person feels. Do not decide anything about a person with it: not "
    "in hiring, teaching, policing, health or selling.",
    "It names the expression that annotators would name. Their habits, and those of the people in the pictures, are in "
    "its answers; it is not equally good for all people, and for whom it is worse was not measured.",
    "It answers for any picture. Use a face detector before it, and frame the face as "
    "`fer_models.faces.crop_face` does.",
)


def _percent(value: float) -> str:
    return percent(value, 2)


def _bullets(sentences: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {' '.join(sentence.split())}" for sentence in sentences)


def metadata(config: HubConfig, results: Sequence[Evaluation]) -> ModelCardData:
    """The card's YAML: licence, task, and in `model-index` every number of the shuffled results."""
    return ModelCardData(
        license=config.card.licence,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", config.architecture],
        model_name=config.name,
        eval_results=[
            EvalResult(
                task_type="image-classification",
                dataset_type=result.data.name,
                dataset_name=result.data.set_words,
                dataset_split=result.data.split,
                metric_type=METRIC_WORDS[metric][1],
                metric_name=METRIC_WORDS[metric][0],
                metric_args=METRIC_WORDS[metric][2],
                metric_value=round(result.metrics.named(metric).value, 4),
            )
            for result in results
            if not result.by_class
            for metric in config.metrics
        ],
    )


def _where(result: Evaluation) -> tuple[str, str]:
    """Data set and split, in the words of the table."""
    return result.data.set_words, f"{result.data.split}{', class after class' if result.by_class else ''}"


def _value(metric: str, value: float) -> str:
    return f"{value:.3f}" if metric == "ece" else _percent(value)


def _with_interval(metric: str, number: Number) -> str:
    low, high = (_value(metric, bound).removesuffix(" %") for bound in number.interval)
    return f"{_value(metric, number.value)} ({low} to {high})"


def _numbers(config: HubConfig, results: Sequence[Evaluation]) -> str:
    """One row per data set, split and metric: ours with its interval, and the paper's where it gives one."""
    published: dict[tuple[str, str, str], Published] = {(p.data, p.split, p.metric): p for p in config.card.published}
    rows, notes = [], []
    for result in sorted(results, key=lambda result: not chosen_on(config, result)):
        # class after class is there to show that the accuracy does not move; the rest moves no more
        for metric in ["accuracy"] if result.by_class else config.metrics:
            paper = published.pop((*_where(result), metric), None)
            mark = " †" if metric == "ece" and result.flattered else ""
            rows.append(
                [
                    *_where(result),
                    METRIC_WORDS[metric][0],
                    f"{result.n_scored:,}",
                    f"{_with_interval(metric, result.metrics.named(metric))}{mark}",
                    _value(metric, paper.value) if paper else "",
                ]
            )
        if result.balanced and not result.by_class:
            equal = result.balanced
            for words, number in (("accuracy", equal.accuracy), ("mean class accuracy", equal.mean_class_accuracy)):
                value = _with_interval("accuracy", number)
                rows.append([*_where(result), f"{words}, {EQUALLY_LIKELY}", f"{result.n_scored:,}", value, ""])
    for paper in published.values():
        rows.append([paper.data, paper.split, METRIC_WORDS[paper.metric][0], "", "", _value(paper.metric, paper.value)])
    if any(EQUALLY_LIKELY in row[2] for row in rows):
        notes.append(
            f"With {EQUALLY_LIKELY} (`balanced=True` of `fer_models`; off by default) the answers no longer carry how "
            "common each expression was in the training votes."
        )
    if any("†" in row[4] for row in rows):
        notes.append("† flattered: the softmax temperature was fitted on these pictures.")
    conditions = sorted({paper.conditions for paper in config.card.published if paper.conditions})
    if conditions:
        notes.append(f"The published numbers were measured with {'; '.join(conditions)}.")
    header = ["data", "split", "measure", "pictures", "here (95 % interval)", "published"]
    return "\n\n".join([table(header, rows, 3), *notes])


def _ablation(result: Ablation) -> str:
    rows = []
    for row in result.rows:
        cells = [row.accuracy[condition] for condition in result.conditions]
        rows.append(
            [row.name]
            + [_percent(one.mean) + (f" ± {100 * one.sd:.2f}" if one.sd is not None else "") for one in cells]
        )
    return (
        f"{result.title}: accuracy on the same {result.validation_pictures:,} validation pictures, trained on "
        f"{result.train_pictures:,} of {result.of:,}, {result.seeds_words}.\n\n"
        + table(["variant", *result.conditions], rows)
    )


def _evidence(results: Sequence[Result]) -> str:
    parts = []
    for result in results:
        if isinstance(result, Ablation):
            parts.append(_ablation(result))
        elif isinstance(result, NearDuplicates):
            parts.append(f"- {near_duplicates(result)}")
        else:
            raise ConfigError(f"a card can show ablation, near_duplicates, not a result of the kind {result.kind!r}")
    return "\n\n".join(parts)


def _taught(stage: Stage) -> str:
    if not stage.teachers:
        return ""
    *others, last = stage.teachers
    whose = f"mean answer of {', '.join(others)} and {last}" if others else f"answer of {last}"
    seen = " for the very view" if stage.teachers_see == "view" else ""
    weight = stage.feature_weight
    features = f", and its last features are a target of weight {weight:g}" if weight else ""
    return f"; {100 * stage.teacher_share:g} % of each target is the {whose}{seen}{features}"


def _side(stage: Stage) -> str:
    return f", {stage.image_size} x {stage.image_size}" if stage.image_size else ""


def _recipe(recipe: Recipe) -> str:
    stages = "\n".join(
        f"{number}. {stage.name}{_side(stage)}: {stage.epochs} epochs at most, {stage.optimizer} at "
        f"{stage.learning_rate:g}, schedule {stage.schedule}, batches of {stage.batch_size}{_taught(stage)}"
        for number, stage in enumerate(recipe.stages, start=1)
    )
    labels = "the shares of the annotators' votes" if recipe.soft_labels else "one label a picture"
    return f"{stages}\n\nSeed {recipe.seed}; {labels}."


def _section(title: str, *parts: str) -> list[str]:
    parts = tuple(part for part in parts if part)
    return [f"## {title}", *parts] if parts else []


def _citations(*entries: str) -> str:
    entries = tuple(entry.strip() for entry in entries if entry)
    return f"```bibtex\n{chr(10).join(entries)}\n```" if entries else ""


def chosen_on(config: HubConfig, result: Evaluation) -> bool:
    """Whether the result is on the pictures that selected the epoch: the whole validation split, shuffled."""
    data = result.data
    where = (config.data.name, config.data.split_name("validation"))
    return (data.name, data.split) == where and data.whole and not result.by_class


def _map_sentences(maps: dict[str, str]) -> list[str]:
    """A sentence for each map, one for neighbours that mean the same."""
    sentences = []
    for meaning, group in groupby(maps, key=maps.get):
        names = list(group)
        subject = f"**{names[0]}**" if len(names) == 1 else f"**{names[0]}** to **{names[-1]}**"
        sentences.append(f"{subject}: {meaning}")
    return sentences


def _fixed_maps(result: FixedMaps) -> str:
    rows = [[name, _percent(one.accuracy), _percent(one.same_answers)] for name, one in result.answers.items()]
    return (
        f"How much the answers owe to the attention: each map as it is, or in its place the mean map of all faces, or "
        f"that map's mean ({result.data.set_words} {result.data.split}, {result.n_samples:,} pictures).\n\n"
        + table(["multiplied by", "accuracy", "answers that stay the same"], rows)
    )


def _worth(result: Explanations) -> str:
    rows = [[method_title(name), words] for name, one in result.worth.items() if (words := worth_words(one))]
    return (
        "How much better a map tells where the answer rests than the mean map of many faces, which never saw the face: "
        f"half of insertion less deletion area ({result.data.set_words} {result.data.split}, "
        f"{result.n_samples:,} pictures). Only a gain whose 95 % interval lies above zero counts as more.\n\n"
        + table(["map", "found"], rows, numbers_from=2)
    )


def model_card(
    config: HubConfig,
    results: Sequence[Evaluation],
    maps: dict[str, str],
    evidence: Mapping[str, Result],
    picture: str = "",
    fixed_maps: Sequence[FixedMaps] = (),
    explanations: Explanations | None = None,
) -> str:
    """The card of a checkpoint.

    Args:
        results: what `train/evaluate.py` wrote for these weights, the validation split among them.
        maps: name -> meaning of every map that the model can show.
        evidence: file name -> result, for the files that the config's card names.
        picture: address of the confusion matrix, relative to the card.
        fixed_maps: what `train/fixed_maps.py` wrote for these weights.
        explanations: what `train/explanations.py` wrote for them.

    Raises:
        ConfigError: no result on the whole validation split, shuffled; or evidence of an unknown kind.
    """
    card = config.card
    own = [result for result in results if chosen_on(config, result)]
    if not own:
        raise ConfigError(
            f"a card needs the result of {config.name} on the whole validation split, shuffled: {config.data.name}, "
            f"{config.data.split_name('validation')}; run train/evaluate.py first"
        )
    result = own[0]
    weights = result.checkpoint
    recall = [[name, f"{one.n:,}", _percent(one.value)] for name, one in result.recall.items() if one.value is not None]
    batches = ", ".join(f"{_percent(one.accuracy)} in batches of {s}" for s, one in result.batch_sizes.items())
    parts = [
        f"---\n{metadata(config, results).to_yaml().strip()}\n---",
        f"# {card.title}",
        f"Which of {len(config.data.names)} expressions a face shows: {', '.join(config.data.names)}. "
        f"[The architecture's paper]({card.paper}).",
        " ".join(" ".join(note.split()) for note in card.notes),
        f"""```python
from transformers import pipeline

repo = "{config.name}"  # this folder, or OWNER/{config.name} on the Hub
commit = "COMMIT"  # on the Hub: the one whose code you have read
classify = pipeline("image-classification", repo, revision=commit, trust_remote_code=True, top_k=None)
classify("face.jpg")  # a face that is cut out -> every expression; without top_k=None only five
```

A picture without contrast is refused: a network calls it neutral. transformers clips a 16-bit file to black and white
before anything of ours sees it; give `classify` the picture that `fer_models.photo.read_photo` reads from it.

It needs torch, torchvision, timm and transformers. `trust_remote_code=True` runs the Python files that lie beside the
weights, with all your rights; a commit pins what you have read, while whoever may write to the repo can change a branch
at any time. After `import fer_models` the same works with `trust_remote_code=False`, and
`fer_models.analyzer.Analyzer` finds the faces of a photo, explains each answer, and says "not sure" where the highest
probability is below the model's threshold. The pipeline does not divide the logits by the config's
`softmax_temperature`: where that is not 1, its probabilities are not the calibrated ones.""",
        *_section(
            "Measured",
            _numbers(config, results),
            f"{config.data.split_name('validation')} selected the epoch: accuracy {batches}. "
            f"{weights.parameters:,} parameters, {weights.macs / 1e6:,.0f} million "
            f"multiply-accumulates for a picture of {weights.image_size} x {weights.image_size}.",
            table(["expression", "pictures", "recall"], recall),
            f"![Confusion matrix]({picture})" if picture else "",
            f"Result files: `results/`, made on {result.date} from commit `{result.commit}`; order and "
            f"resampling by seed {result.seed}.",
        ),
        *_section(
            "What the maps mean",
            _bullets(_map_sentences(maps)),
            _worth(explanations) if explanations else "",
            *(_fixed_maps(result) for result in fixed_maps),
        ),
        *_section(
            "How this differs from the publication",
            _bullets(card.deviations),
            _evidence([evidence[name] for name in card.evidence]),
        ),
        *_section(
            "Training",
            _recipe(config.recipe),
            f"""```
{" ".join([f"python train/train_hub.py --config hub_configs/{config.name}.yaml --data DATA", *card.training_options])}
python train/evaluate.py checkpoints/{config.name} --config hub_configs/{config.name}.yaml --data DATA
```""",
        ),
        *_section("Intended use", _bullets(card.intended_use)),
        *_section(
            "Limits",
            "\n".join(
                part
                for part in (
                    _bullets([*LIMITS, *card.limits]),
                    _evidence([evidence[name] for name in card.data_evidence]),
                )
                if part
            ),
        ),
        *_section(
            "Licences",
            _bullets(
                [
                    f"Weights: {card.licence}",
                    f"Code: {card.code_licence}",
                    *([card.data_licence] if card.data_licence else []),
                ]
            ),
        ),
        *_section("Citation", _citations(card.citation, card.data_citation)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
