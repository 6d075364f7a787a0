"""Where the repository keeps what is not code; an installed package has none of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = ROOT / "checkpoints"
EXAMPLES = ROOT / "examples"
RESULTS = ROOT / "results"

__all__ = ["CHECKPOINTS", "EXAMPLES", "RESULTS", "ROOT"]
