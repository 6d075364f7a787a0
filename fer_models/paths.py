"""Where the repository keeps what is not code; an installed package has none of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_REPOSITORY = (ROOT / "app.py").is_file() and (ROOT / "space").is_dir()  # not beside site-packages
CHECKPOINTS = ROOT / "checkpoints"
EXAMPLES = ROOT / "examples"
RESULTS = ROOT / "results"

__all__ = ["CHECKPOINTS", "EXAMPLES", "IN_REPOSITORY", "RESULTS", "ROOT"]
