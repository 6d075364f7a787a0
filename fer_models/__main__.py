"""`python -m fer_models photo.jpg …`: one JSON object per face, the same answers as in the Space."""

import argparse
import json
import sys
from pathlib import Path

from .analyzer import Analyzer, CheckpointError
from .faces import PhotoError, read_photo


def main(arguments: list[str] | None = None) -> int:
    """Print the answers; errors go to standard error, a line each. Returns 1 if any photo could not be answered."""
    parser = argparse.ArgumentParser(prog="python -m fer_models", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--model", action="append", help="checkpoint folder, repeatable (default: all of checkpoints/)")
    options = parser.parse_args(arguments)
    try:
        analyzer = Analyzer(options.model)
    except CheckpointError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    failed = False
    for path in options.photos:
        try:
            analysis = analyzer.analyze(read_photo(path), method=None)
        except PhotoError as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = True
            continue
        if not analysis.faces:
            print(f"{path}: no face found", file=sys.stderr)
            failed = True
        for face, answers in zip(analysis.faces, analysis.predictions, strict=True):
            models = {
                name: {
                    "expression": answer.expression,
                    "sure": answer.sure,
                    "probabilities": {e: round(p, 4) for e, p in answer.probabilities.items()},
                }
                for name, answer in answers.items()
            }
            box = [round(value, 1) for value in face.box]
            print(json.dumps({"photo": str(path), "box": box, "score": round(face.score, 4), "models": models}))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
