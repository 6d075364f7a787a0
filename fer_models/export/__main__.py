"""Write a checkpoint as one ONNX graph that answers and explains, and check it against the library.

    python -m fer_models.export pattlite-ferplus --out exported/pattlite-ferplus

The folder holds `model.onnx` and `export.json`: labels, image processing, what each map means, the hash of the weights
and the report of the check; and, but for `--int8`, for the onnx engine the gradient for the pixels, `pixels.onnx`, of
which integrated gradients are made, and a graph with HFC attention in parts as well.
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
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="FACES",
        help="compute with 8 bits: a folder of faces, cut out, in sub-folders named by their expression, on which the "
        "best setting is chosen and its loss measured; more than a point is refused",
    )
    options = parser.parse_args(arguments)
    try:
        with needed_for("exporting a checkpoint"):
            from fer_models.checkpoint import Checkpoint, CheckpointError
            from fer_models.errors import ExportError
            from fer_models.export.folder import export_checkpoint
            from fer_models.photo import PhotoError
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        report, int8 = export_checkpoint(Checkpoint(options.checkpoint, device="cpu"), options.out, options.int8)
    except (CheckpointError, ExportError, PhotoError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, difference in report.differences.items():
        print(f"{name}: at most {difference:.1e} from the library's")
    print(f"{options.out}: checked with {report.runtime} on {report.pictures} pictures")
    if int8 is not None:
        print(
            f"8 bits, {int8.chosen}: {100 * int8.accuracy:.1f} % of {int8.measured_faces:,} faces right, in float "
            f"{100 * int8.float_accuracy:.1f} % ({int8.processor})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
