"""Where the repository keeps what is not code; an installed package has none of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_REPOSITORY = (ROOT / "app.py").is_file() and (ROOT / "space").is_dir()  # not beside site-packages
CHECKPOINTS = ROOT / "checkpoints"
EXAMPLES = ROOT / "examples"
HUB_CONFIGS = ROOT / "hub_configs"
RESULTS = ROOT / "results"
RUNS = ROOT / "runs"  # unfinished training

__all__ = ["CHECKPOINTS", "EXAMPLES", "HUB_CONFIGS", "IN_REPOSITORY", "RESULTS", "ROOT", "RUNS"]
