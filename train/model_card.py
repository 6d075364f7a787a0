"""The README of a checkpoint folder, generated from its hub config and its result file; no number is typed in.

python train/model_card.py --config hub_configs/pattlite-ferplus.yaml \\
    --result results/pattlite-ferplus-on-ferplus_parquet-PublicTest.json
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from huggingface_hub import ModelCardData  # noqa: E402
from huggingface_hub.repocard_data import EvalResult  # noqa: E402

from train.recipe import ConfigError, HubConfig, load_config  # noqa: E402

LIMITS = """## Limits

- An expression is what a face shows, not what a person feels. Do not decide anything about a person with it.
- Neither people nor expressions are evenly represented in the training pictures, and rare expressions are recognised
  less often, as the table shows.
- It answers for any picture. Use a face detector before it, and frame the face as `fer_models.faces.crop_face` does."""


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _metadata(config: HubConfig, result: dict) -> str:
    accuracy = result["metrics"]["accuracy"]["value"]
    data = result["data"]
    return ModelCardData(
        license=config.card.licence,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", config.architecture],
        model_name=config.name,
        eval_results=[
            EvalResult(
                task_type="image-classification",
                dataset_type=data["name"],
                dataset_name=data["name"],
                dataset_split=data["split"],
                metric_type="accuracy",
                metric_value=round(float(accuracy), 4),
            )
        ],
    ).to_yaml()


def model_card(config: HubConfig, result: dict) -> str:
    """The card of a checkpoint whose validation result is `result` (what `train/evaluate.py` writes).

    Raises:
        ConfigError: the result is not that of the whole validation split, shuffled.
    """
    metrics, data = result["metrics"], result["data"]
    if data["split"] not in (config.data.validation, "validation") or data["limit"] or result["order"] != "shuffled":
        raise ConfigError(f"a card needs the result on the whole validation split, shuffled, not on {data['split']}")
    low, high = metrics["accuracy"]["interval"]
    rows = [f"| {name} | {one['n']} | {_percent(one['value'])} |" for name, one in result["recall"].items() if one["n"]]
    sizes = ", ".join(f"{_percent(one['accuracy'])} in batches of {s}" for s, one in result["batch_sizes"].items())
    fitted = result["calibration"] or {}
    on_these = (fitted.get("data"), fitted.get("split")) == (data["name"], data["split"])
    in_sample = " (flattered: the temperature was fitted on these pictures)" if on_these else ""
    published = (
        [f"Published by the authors, on another split and under their own conditions: {config.card.published}"]
        if config.card.published
        else []
    )
    return (
        "\n\n".join(
            [
                f"---\n{_metadata(config, result)}\n---",
                f"# {config.card.title}",
                f"[Paper]({config.card.paper}). {' '.join(config.card.notes)}".rstrip(),
                f"""```python
import fer_models  # registers the architectures
from transformers import pipeline

classify = pipeline("image-classification", "checkpoints/{config.name}")
classify("face.jpg")  # a face that is cut out; fer_models.analyzer.Analyzer finds faces in photos
```""",
                f"""## Measured

Accuracy {_percent(metrics["accuracy"]["value"])} (95 % interval {100 * low:.2f} to {100 * high:.2f}) on the
{result["n_scored"]:,} pictures of {data["name"]}, split {data["split"]}, which selected the epoch; the test split was
not looked at. {sizes}. Mean class accuracy {_percent(metrics["mean_class_accuracy"]["value"])}, macro F1
{_percent(metrics["macro_f1"]["value"])}, expected calibration error {metrics["ece"]["value"]:.3f}{in_sample}.
{result["checkpoint"]["parameters"]:,} parameters, {result["checkpoint"]["macs"] / 1e6:,.0f} million
multiply-accumulates for one picture.""",
                "\n".join(["| expression | pictures | recall |", "| --- | --: | --: |", *rows]),
                *published,
                f"""```
python train/train_hub.py --config hub_configs/{config.name}.yaml --data DATA
python train/evaluate.py checkpoints/{config.name} --config hub_configs/{config.name}.yaml --data DATA
```""",
                LIMITS,
                f"Weights: {config.card.licence}. {config.card.data_licence}".rstrip(),
            ]
        )
        + "\n"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--result", type=Path, required=True, help="what train/evaluate.py wrote for it")
    parser.add_argument("--out", type=Path, help="default: checkpoints/NAME/README.md")
    options = parser.parse_args(arguments)
    try:
        config = load_config(options.config)
        if not options.result.is_file():
            raise ConfigError(f"no result file {options.result}; run train/evaluate.py first")
        card = model_card(config, json.loads(options.result.read_text()))
    except ConfigError as error:
        sys.exit(f"error: {error}")
    out = options.out or ROOT / "checkpoints" / config.name / "README.md"
    out.write_text(card)


if __name__ == "__main__":
    main()
