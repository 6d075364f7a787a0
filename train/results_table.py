"""Result files -> the table of the README, between its two `results` markers.

python train/results_table.py            rewrites the table
python train/results_table.py --check    fails if the README does not say what the result files say
"""

import argparse
import json
import sys
from pathlib import Path

from fer_models.paths import RESULTS, ROOT

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
COLUMNS = (
    "checkpoint", "data, split", "pictures", "accuracy (95 % interval)", "mean class accuracy", "macro F1", "ECE",
    "parameters", "MACs",
)  # fmt: skip
NOTES = {
    "†": "The temperature was fitted on these very pictures, which flatters the ECE; "
    "the cross-fitted figure is in the calibration result.",
    "‡": "Predictions depend on the other pictures of the batch; the accuracy is not one of single pictures.",
}


class ReadmeError(ValueError):
    """The README has no place for the table."""


def _percent(number: dict) -> str:
    return f"{100 * number['value']:.2f} %"


def _row(result: dict) -> list[str]:
    checkpoint, data, metrics = result["checkpoint"], result["data"], result["metrics"]
    low, high = (100 * bound for bound in metrics["accuracy"]["interval"])
    calibration = result["calibration"] or {}
    in_sample = (calibration.get("data"), calibration.get("split")) == (data["name"], data["split"])
    dependent = result["batch_check"] is not None and not result["batch_check"]["independent"]
    subset = f", {data['subset']['name']}" if data.get("subset") else ""
    order = ", class after class" if result["order"] == "sorted" else ""
    return [
        checkpoint["name"],
        f"{data['name']}, {data['split']}{subset}{order}",
        f"{result['n_scored']:,}",
        f"{_percent(metrics['accuracy'])} ({low:.1f} to {high:.1f}){' ‡' if dependent else ''}",
        _percent(metrics["mean_class_accuracy"]),
        _percent(metrics["macro_f1"]),
        f"{metrics['ece']['value']:.3f}{' †' if in_sample else ''}",
        f"{checkpoint['parameters']:,}",
        f"{checkpoint['macs'] / 1e6:,.0f} M",
    ]


def table(folder: Path) -> str:
    """The Markdown table of all evaluations in `folder`, by data set, split, order and checkpoint."""
    results = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    results = [result for result in results if result.get("kind") == "evaluation"]
    rows = sorted((_row(result) for result in results), key=lambda row: (row[1], row[0], row[2]))
    if not rows:
        return "No results yet."
    lines = [COLUMNS, ["---", "---"] + ["--:"] * (len(COLUMNS) - 2), *rows]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = [f"{mark} {note}" for mark, note in NOTES.items() if f" {mark} |" in text]
    return "\n\n".join([text, *notes])


def with_table(readme: str, content: str) -> str:
    """The README's text with `content` between the markers.

    Raises:
        ReadmeError: it does not have both markers, once each and in order.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ReadmeError(f"the README needs the lines {BEGIN} and {END} where the table belongs")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if the table is stale")
    options = parser.parse_args(arguments)
    if not options.readme.is_file():
        sys.exit(f"error: no README at {options.readme}")
    present = options.readme.read_text()
    try:
        wanted = with_table(present, table(options.results))
    except ReadmeError as error:
        sys.exit(f"error: {error}")
    if options.check and present != wanted:
        sys.exit("error: the README's table is stale; run python train/results_table.py")
    if not options.check:
        options.readme.write_text(wanted)


if __name__ == "__main__":
    main()
