"""How are the faces framed in the training pictures? Prints the constants of `fer_models.faces.crop_square`.

    python train/measure_margin.py --data fer2013plus_train_valid.parquet

Every picture goes through the detector that photos go through; all lengths are in picture sides, so 1 is 48 pixels.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_models.detector import FaceDetector
from fer_models.faces import Face, crop_square, read_photo
from fer_models.files import write_faults_told
from train.data.readers import load_split


def framing(face: Face) -> dict[str, float]:
    """Where a face lies in a picture of side 1."""
    eyes, mouth = face.landmarks[:2].mean(axis=0), face.landmarks[3:].mean(axis=0)
    eye_line = face.landmarks[1] - face.landmarks[0]
    centroid = face.landmarks.mean(axis=0)
    return {
        "eye distance": np.hypot(*eye_line),
        "eyes to mouth": np.hypot(*(mouth - eyes)),
        "landmarks' spread": np.sqrt(((face.landmarks - centroid) ** 2).sum(axis=1).mean()),
        "eyes' middle x": eyes[0],
        "eyes' middle y": eyes[1],
        "mouth's middle x": mouth[0],
        "mouth's middle y": mouth[1],
        "landmarks' centroid x": centroid[0],
        "landmarks' centroid y": centroid[1],
        "roll in degrees": np.degrees(np.arctan2(eye_line[1], eye_line[0])),
    }


def spread_line(name: str, values: np.ndarray, relative: bool = False) -> str:
    low, median, high = np.percentile(values, [25, 50, 75])
    width = (high - low) / median if relative else high - low
    return f"{name:24s} median {median:8.4f}   IQR {width:.4f}{' of the median' if relative else ''}"


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="parquet file with FER2013 pictures and FER+ votes")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--pictures", type=int, default=1000, help="how many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    data = load_split("ferplus_parquet", args.data, args.split)
    rows = np.random.default_rng(args.seed).permutation(len(data))[: args.pictures]
    detector = FaceDetector()
    faces, labels = [], []
    for row in data.__getitems__(rows.tolist()):
        photo = read_photo(row["image"])
        found = detector.detect(photo)
        if found:
            face, side = found[0], photo.width
            faces.append(replace(face, landmarks=face.landmarks / side))
            labels.append(row["label"])
    print(f"{args.split}, seed {args.seed}: face found in {len(faces)} of {len(rows)} pictures\n")

    measures = {name: np.array([framing(face)[name] for face in faces]) for name in framing(faces[0])}
    for name, values in measures.items():
        print(spread_line(name, values, relative=name in list(measures)[:3]))

    squares = [crop_square(face) for face in faces]
    sides = np.array([side for _, side, _ in squares])
    shifts = np.array([centre - 0.5 for centre, _, _ in squares])
    print("\nThe square that crop_face would cut from each picture (1, 0 and 0: the picture itself)")
    print(spread_line("side", sides))
    print(spread_line("shift in x", shifts[:, 0]))
    print(spread_line("shift in y", shifts[:, 1]))
    print("median side by expression:", end="")
    for label, name in enumerate(data.names):
        own = sides[np.array(labels) == label]
        if len(own):
            print(f" {name} {np.median(own):.2f} ({len(own)})", end="")
    print()


if __name__ == "__main__":
    main()
