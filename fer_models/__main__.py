"""`python -m fer_models PICTURE_VIDEO_OR_FOLDER …`: what every model answers for every face, as JSON lines or CSV.

    python -m fer_models photo.jpg
    python -m fer_models holiday/ --out answers.csv
    python -m fer_models fer2013/test/ --cropped --model pattlite-ferplus --out answers.jsonl
    python -m fer_models photo.jpg --maps maps/ --method hirescam
    python -m fer_models photo.jpg --trust
    python -m fer_models interview.mp4 --fps 5 --out answers.csv
    python -m fer_models --camera 0
    python -m fer_models archive/ --out answers.parquet
    python -m fer_models archive/ s3://bucket/stills --out answers.parquet --runner ray

Folders are searched with their sub-folders. Run the same command again after an interruption: with --out it goes on
where it stopped, and asks once more about what could not be read or was replaced since. A file that was written with
other models, weights or options is left alone. Pictures that could not be read are listed at the end.

A Parquet file is written when all is answered, from the rows in FILE.parquet.csv beside it.

Videos of any length are answered as they are read: a row for each face, model and moment. With --out the same command
goes on with the first video that is not finished. Pictures and videos together make one table, in which photos have no
time (docs/archives.md). A camera, or an address after --camera, is answered until it ends or you press Ctrl-C.

Addresses that fsspec reads (s3://…, hf://datasets/…) may stand where folders do. With --runner ray as many workers
answer as there are cores here, or in the cluster at --address or RAY_ADDRESS.

Exit code: 0 every picture or video was read, with a face in it or not; 1 some could not be read; 2 the command cannot
be carried out; 130 interrupted.
"""

import argparse
import sys
from pathlib import Path

from fer_models.extras import MissingExtraError, needed_for

COMMAND = "python -m fer_models"
RUNNERS = ("here", "ray")
METHODS = ("gradcam", "hirescam", "gradcam++", "eigencam", "integrated")  # `methods.METHODS`, without numpy


def _source(text: str) -> Path | str:
    return text if "://" in text else Path(text)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=_source, metavar="PICTURE_VIDEO_FOLDER_OR_ADDRESS")
    parser.add_argument("--camera", metavar="NUMBER_OR_ADDRESS", help="a camera, 0 is the first, or rtsp://…, http://…")
    parser.add_argument("--fps", type=float, default=10.0, help="answers a second, of videos (default: %(default)g)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="a .jsonl, .csv or .parquet (default: standard output)"
    )
    parser.add_argument("--csv", action="store_true", help="CSV on standard output; of a file its name decides")
    parser.add_argument(
        "--model", action="append", help="name or folder, repeatable (default: all of the repository's checkpoints/)"
    )
    parser.add_argument("--cropped", action="store_true", help="each picture is one face, cut out already")
    parser.add_argument(
        "--maps", type=Path, metavar="FOLDER", help="write the maps there too, and what they mean, a folder per picture"
    )
    parser.add_argument("--method", choices=METHODS, default="gradcam", help="of the maps (default: %(default)s)")
    parser.add_argument(
        "--trust", action="store_true", help="also measure how far each map can be trusted (seconds per face)"
    )
    parser.add_argument(
        "--balanced",
        action="store_true",
        help="take all expressions for equally likely (default: as common as on the web; rare ones are seldom named)",
    )
    parser.add_argument(
        "--mirror", action="store_true", help="look at the mirror image of each face too, which takes twice the time"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps (default: a GPU, if there is one)")
    parser.add_argument(
        "--engine",
        choices=("auto", "torch", "onnx"),
        default="auto",
        help="onnx is faster on a CPU and makes what it needs the first time (default: onnx where that is there)",
    )
    parser.add_argument(
        "--runner", choices=RUNNERS, default="here", help="what answers: this process, or workers on Ray (extra [ray])"
    )
    parser.add_argument("--address", metavar="HOST:PORT", help="of a Ray cluster (default: RAY_ADDRESS, else none)")
    parser.add_argument("--workers", type=int, help="how many on Ray, of a core each (default: one for each core)")
    parser.add_argument("--batch", type=int, default=16, help="faces per pass (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.out and options.out.suffix.lower() not in (".jsonl", ".csv", ".parquet"):
        parser.error(f"--out must end in .jsonl, .csv or .parquet, not be {str(options.out)!r}")
    if options.batch < 1:
        parser.error("--batch must be at least 1")
    if not 0 < options.fps <= 60:
        parser.error("--fps must be above 0 and at most 60")
    if options.workers is not None and options.workers < 1:
        parser.error("--workers must be at least 1")
    if options.runner != "ray" and (options.address or options.workers):
        parser.error("--address and --workers are for --runner ray")
    if options.runner == "ray" and options.camera:
        parser.error("--camera is answered here; leave out --runner")
    if bool(options.pictures) == bool(options.camera):
        parser.error("name pictures, videos or folders, or a --camera")
    options.parquet = options.out if options.out and options.out.suffix.lower() == ".parquet" else None
    if options.parquet:  # made of these rows at the end, and gone on with by them
        options.out = options.parquet.with_name(options.parquet.name + ".csv")
    options.csv = options.csv if options.out is None else options.out.suffix.lower() == ".csv"
    return options


def main(arguments: list[str] | None = None) -> int:
    """Answer; the exit code. Progress and faults go to standard error."""
    options = _arguments(arguments)
    try:
        with needed_for("answering"):
            from fer_models.command import answer, kind_of  # here, so that a wrong argument is told at once
        kind = kind_of(options)
        if kind == "archive":
            from fer_models.archive.command import answer
        elif kind == "videos":
            with needed_for("reading a video"):
                from fer_models.video.command import answer
        if options.parquet:
            with needed_for("writing Parquet"):
                from fer_models.parquet import write_parquet
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    code = answer(options)
    if options.parquet and code in (0, 1):
        try:
            write_parquet(options.out, options.parquet)
        except OSError as error:
            print(f"error: {options.parquet} cannot be written ({error.strerror}); make room", file=sys.stderr)
            return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
