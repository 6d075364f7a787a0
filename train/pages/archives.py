"""What archives take with and without Ray -> a table, and a plan for ten million pictures made of its numbers."""

from collections.abc import Callable

from fer_models.results import percent
from fer_models.results.archives import Archives, Run
from train.pages.found import Found
from train.pages.markdown import table

NOT_YET = "Not measured yet."
PICTURES, CORES = 10**7, 100  # of the plan
PRICE = 0.04  # dollars for an hour of a core, as clouds ask for without a contract


def archives(found: Found, _: str) -> str:
    """A row per command, and how they compare."""
    result = found.files.get("archives")
    if not isinstance(result, Archives):
        return NOT_YET
    rows = [
        [
            "without Ray" if not run.workers else f"Ray, {run.workers} worker{'s' if run.workers > 1 else ''}",
            f"{run.pictures:,}",
            f"{run.rate:.1f}",
            f"{run.seconds:,.0f} s",
            f"{run.peak_megabytes:,.0f} MB",
            f"{run.driver_megabytes:,.0f} MB",
        ]
        for run in result.runs
    ]
    here, one, two, _large = result.runs
    width, height = result.size
    told = (
        f"Two workers do {two.rate / one.rate:.2f} x the pictures of one, and {two.rate / here.rate:.2f} x those of "
        f"the command without Ray on the same {result.cores} cores. The table that comes out becomes Parquet at "
        f"{result.to_parquet:,.0f} rows a second. `{result.model}`, pictures of {width} x {height} with a face each, "
        f"on {result.hardware['device']} (`results/archives.json`)."
    )
    head = ["command", "pictures", "pictures a second", "took, with starting", "memory, all", "memory, driver"]
    return f"{table(head, rows)}\n\n{told}"


def plan(found: Found, _: str) -> str:
    """Hours, money, and what the driver would have to bear."""
    result = found.files.get("archives")
    if not isinstance(result, Archives):
        return NOT_YET
    _here, one, two, large = result.runs
    kept = min(1.0, two.rate / (2 * one.rate))
    rate = CORES * one.rate * kept
    hours = PICTURES / rate / 3600
    busy, memory = _per_picture(two, large)
    return "\n".join(
        [
            f"- {one.rate:.1f} pictures a second on a core, of which {percent(kept, 0)} are left where all work: "
            f"{rate:,.0f} a second on {CORES} cores, {PICTURES:,} in {hours:.1f} hours.",
            f"- {hours * CORES:,.0f} core-hours; at {PRICE:.2f} dollars each, {hours * CORES * PRICE:,.0f} dollars.",
            f"- The search for the names takes {PICTURES / result.listed / 60:,.0f} minutes before that, at "
            f"{result.listed:,.0f} files a second of a local disk; Parquet {PICTURES / result.to_parquet / 60:,.0f} "
            "minutes after it. Both are of one core, and nobody works meanwhile.",
            f"- The driver takes {1000 * busy:.2f} ms of its core for a picture, which is enough for "
            f"{1 / max(busy, 1e-6):,.0f} pictures a second, and {memory * PICTURES / 1024:,.1f} GB of memory for all "
            "names.",
        ]
    )


def _per_picture(small: Run, large: Run) -> tuple[float, float]:
    """Seconds of the driver's core, and megabytes of its memory, for each picture more."""
    more = large.pictures - small.pictures
    seconds = (large.driver_seconds - small.driver_seconds) / more
    return max(seconds, 0.0), max((large.driver_megabytes - small.driver_megabytes) / more, 0.0)


PARTS: dict[str, Callable[[Found, str], str]] = {"archives": archives, "archive plan": plan}
