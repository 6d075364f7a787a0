"""Write a checkpoint as one ONNX graph that answers and explains, and check it against the library.

    python -m fer_models.export pattlite-ferplus --out exported/pattlite-ferplus

The folder holds `model.onnx` and `export.json`: labels, image processing, what each map means, the hash of the weights
and the report of the check.
"""

import argparse
import sys
from pathlib import Path

from fer_models.extras import MissingExtraError, needed_for


def main(arguments: list[str] | None = None) -> int:
    """Export; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_models.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="name or folder, as for python -m fer_models")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        with needed_for("exporting a checkpoint"):
            from fer_models.checkpoint import Checkpoint, CheckpointError
            from fer_models.errors import ExportError
            from fer_models.export.folder import export_checkpoint
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        report = export_checkpoint(Checkpoint(options.checkpoint, device="cpu"), options.out)
    except (CheckpointError, ExportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, difference in report.differences.items():
        print(f"{name}: at most {difference:.1e} from the library's")
    print(f"{options.out}: checked with {report.runtime} on {report.pictures} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
