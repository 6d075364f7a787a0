"""Ablations and fixed maps -> tables that say what they stand on."""

from collections.abc import Callable

from fer_models.results import comparable, percent
from fer_models.results.ablation import Ablation, Spread
from fer_models.results.dda_heads import DDAHeads
from fer_models.results.fixed_maps import FixedMaps
from train.pages.found import Found
from train.pages.markdown import table


def caption(result: Ablation) -> str:
    """What the table stands on, in one sentence."""
    variants = f"{len(result.rows)} of {result.variants_of} variants; " if result.variants_of else ""
    scored = f"{result.validation_pictures:,}" + (f" of {result.validation_of:,}" if result.validation_of else "")
    stages = ", ".join(f"{stage['name']} {stage['epochs']}" for stage in result.recipe.get("stages", []))
    epochs = f"epochs: {stages}; " if stages else ""
    return (
        f"{variants}trained on {result.train_pictures:,} of {result.of:,} pictures, scored on {scored}; {epochs}"
        f"seeds: {', '.join(map(str, result.seeds))}."
    )


def _spread(one: Spread) -> str:
    return percent(one.mean) + (f" ± {100 * one.sd:.1f}" if one.sd is not None else "")


def ablation_table(result: Ablation) -> str:
    """A row per variant, mean ± standard deviation over the seeds; how many parameters it has more than the first; side
    of the input and of the last feature map where the variants differ in them. Below it the caption."""
    inputs = [f"{row.image_size} x {row.image_size}" if row.image_size else "" for row in result.rows]
    maps = [" x ".join(map(str, row.last_map)) if row.last_map else "" for row in result.rows]
    first = result.rows[0].parameters
    parameters = [
        f"{row.parameters:,}" + (f" ({row.parameters - first:+,})" if row.parameters != first else "")
        for row in result.rows
    ]
    columns = {"variant": [row.name for row in result.rows]}
    columns |= {title: cells for title, cells in {"input": inputs, "last map": maps}.items() if len(set(cells)) > 1}
    columns |= {"parameters": parameters}
    columns |= {name: [_spread(row.accuracy[name]) for row in result.rows] for name in result.conditions}
    return f"{table(list(columns), zip(*columns.values(), strict=True))}\n\n{caption(result)}"


def ablation(found: Found, name: str) -> str:
    """The table of `ablation-NAME.json`."""
    return f"{ablation_table(found.one(Ablation, f'ablation-{name}'))} (`results/ablation-{name}.json`)"


def fixed_maps(found: Found, _: str) -> str:
    """A column per checkpoint, a row per way to fix its maps."""
    results = comparable(found.all(FixedMaps))
    if not results:
        return "No results yet."
    rows = []
    for way in results[0].answers:
        cells = [result.answers[way] for result in results]
        own = all(one.same_answers == 1 for one in cells)
        shown = [percent(one.accuracy, 2) + ("" if own else f" ({percent(one.same_answers)})") for one in cells]
        rows.append([way, *shown])
    header = ["the features are multiplied by", *(f"`{result.checkpoint.name}`" for result in results)]
    on = f"Accuracy on {results[0].n_samples:,} pictures ({results[0].data.words}); in brackets how many answers stay."
    return f"{table(header, rows)}\n\n{on}"


def dda_heads(found: Found, _: str) -> str:
    """A row per way to train the heads anew."""
    results = comparable(found.all(DDAHeads))
    if not results:
        return "No results yet."
    result = results[0]
    rows = [
        [
            name,
            percent(way.answers["own map"].accuracy, 2),
            percent(way.answers["mean map"].accuracy, 2),
            percent(1 - way.answers["mean map"].same_answers),
            f"{way.sd_over_faces:.3f}",
            f"{way.sd_over_places:.3f}",
        ]
        for name, way in result.ways.items()
    ]
    header = [
        *("heads", "own maps", "mean map", "answers that change"),
        *("the map over the faces, sd", "the mean map over the places, sd"),
    ]
    on = (
        f"`{result.checkpoint.name}`; trained for {result.epochs} epochs on {result.train_pictures:,} pictures in "
        f"{result.views} views each, measured on {result.n_samples:,} ({result.data.words})."
    )
    return f"{table(header, rows)}\n\n{on}"


PARTS: dict[str, Callable[[Found, str], str]] = {
    "ablation": ablation,
    "fixed maps": fixed_maps,
    "dda heads": dda_heads,
}
