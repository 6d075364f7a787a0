"""Photo -> faces: detection, alignment, crop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from facenet_pytorch import MTCNN
from PIL import Image

from fer_models.photo import MAX_PIXELS, FaceNotFoundError, PhotoError, read_photo

# A photo is searched for faces at a longest side between these, in pixels, with a border of at most this.
SEARCH_SIDE = 1280
_SEARCH_SIDES = (192, SEARCH_SIDE)
_BORDER = 96

# The framing of FER2013's pictures, in which the models were trained; `crop_square` says how it was measured.
_SIDE_PER_SPREAD = 4.16
_CENTROID = np.array([0.507, 0.591])

_MAX_ROLL = np.radians(45)
_CROP_SIDES = (48, 512)


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a photo.

    box: left, top, right, bottom in photo pixels, inside the photo.
    landmarks: `(5, 2)` x and y in photo pixels, which may lie outside the photo: the two eyes, the nose, the two mouth
        corners; of each pair, the one on the left of the picture comes first.
    score: the detector's confidence that this is a face, 0 to 1.
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float


def reading_order(faces: Iterable[Face]) -> list[Face]:
    """The faces as a page is read: row after row from the top, each row from left to right.

    A face belongs to a row if its middle is at most half a face's height (the smaller one's) above or below the mean of
    those that are in the row, so that people of different size who stand side by side are one row.
    """
    rows: list[list[Face]] = []
    for face in sorted(faces, key=_middle):
        if rows and _middle(face) - np.mean([_middle(one) for one in rows[-1]]) <= 0.5 * min(
            _height(face), np.mean([_height(one) for one in rows[-1]])
        ):
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box[0])]


def _middle(face: Face) -> float:
    return (face.box[1] + face.box[3]) / 2


def _height(face: Face) -> float:
    return face.box[3] - face.box[1]


class FaceDetector:
    """MTCNN (Zhang et al. 2016, arXiv 1604.02878; weights of facenet-pytorch), with what it needs around it.

    Args:
        min_face_size: side in pixels of the smallest face that is searched for. A photo is searched at a longest side
            of 192 to 1280 pixels, so in a larger photo the smallest face is larger in proportion.
        min_score: detections below this confidence are dropped.
    """

    def __init__(self, min_face_size: int = 40, min_score: float = 0.9):
        self.min_face_size = min_face_size
        self.min_score = min_score
        self._mtcnn = MTCNN(keep_all=True, min_face_size=min_face_size)
        self.detect(Image.new("RGB", (64, 64)))  # the first pass of a process is slow; nobody should wait for it

    def detect(self, photo: Image.Image) -> list[Face]:
        """All faces of an RGB photo, the largest first; an empty list where there is none."""
        longest = max(photo.size)
        scale = float(np.clip(longest, *_SEARCH_SIDES)) / longest
        size = [max(1, round(side * scale)) for side in photo.size]
        pixels = np.asarray(photo.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        # MTCNN cuts a face that reaches the edge and then stretches what is left, which moves the landmarks by 9 % of
        # the face's side on average; a border of its neutral grey makes that 2 %. It also lets tiny pictures through.
        border = max(self.min_face_size, min(min(size) // 4, _BORDER))
        pixels = np.pad(pixels, ((border, border), (border, border), (0, 0)), constant_values=128)
        with torch.inference_mode():
            boxes, scores, landmarks = self._mtcnn.detect(pixels, landmarks=True)
        if boxes is None:
            return []
        limits = np.array([*photo.size, *photo.size], dtype=float)
        to_photo = np.array([photo.width / size[0], photo.height / size[1]])
        faces = []
        for box, score, points in zip(boxes, scores, landmarks, strict=True):
            points = (points.astype(float) - border) * to_photo
            corners = (box.astype(float) - border) * np.tile(to_photo, 2)
            corners = np.clip(corners, 0, limits)
            centre = points.mean(axis=0)
            if score >= self.min_score and (centre >= 0).all() and (centre <= limits[:2]).all():
                faces.append(Face(tuple(corners.tolist()), points, float(score)))
        return faces

    def follow(self, photo: Image.Image, faces: Sequence[Face]) -> list[Face | None]:
        """Where faces of the frame before are in this one, without a search: at a fraction of its cost.

        MTCNN's last network looks at each face's old square and says whether a face is there, where its box is and
        where the landmarks are. In the cascade its input is a proposal that is off by as much as a face moves between
        two frames of a video.

        Returns:
            One per given face: the face in this photo, or `None` where the network's score is below `min_score` (the
            face left, turned away or moved too far) and only a search can tell.
        """
        if not faces:
            return []
        squares = [_square(face.box) for face in faces]
        inputs = np.stack([_onet_input(photo, *square) for square in squares])  # (N, 48, 48, 3)
        with torch.inference_mode():
            shifts, points, scores = self._mtcnn.onet(torch.from_numpy(inputs).permute(0, 3, 1, 2))
        limits = np.array([*photo.size, *photo.size], dtype=float)
        followed: list[Face | None] = []
        for (left, top, side), shift, point, score in zip(
            squares, shifts.numpy(), points.numpy(), scores[:, 1].tolist(), strict=True
        ):
            corners = np.array([left, top, left + side, top + side]) + side * shift
            corners = np.clip(corners, 0, limits)
            landmarks = np.array([left, top]) + side * point.reshape(2, 5).T  # the network gives all x, then all y
            visible = corners[2] - corners[0] >= 1 and corners[3] - corners[1] >= 1
            found = score >= self.min_score and visible
            followed.append(Face(tuple(corners.tolist()), landmarks.astype(float), score) if found else None)
        return followed

    def turned_scores(self, photo: Image.Image, faces: Sequence[Face]) -> np.ndarray:
        """`(4, N)` how sure MTCNN's last network is that each box holds a face, 0 to 1: as it is, and turned by one,
        two and three quarters to the left."""
        if not faces:
            return np.zeros((4, 0))
        inputs = np.stack([_onet_input(photo, *_square(face.box)) for face in faces])  # (N, 48, 48, 3)
        turned = np.concatenate([np.rot90(inputs, quarters, axes=(1, 2)) for quarters in range(4)])
        with torch.inference_mode():
            scores = self._mtcnn.onet(torch.from_numpy(turned).permute(0, 3, 1, 2))[2]
        return scores[:, 1].numpy().reshape(4, len(faces))


def _square(box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Left, top and side of the square around the box's centre that is as large as its longer side."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    return (left + right - side) / 2, (top + bottom - side) / 2, side


def _onet_input(photo: Image.Image, left: float, top: float, side: float) -> np.ndarray:
    """The square as the network takes it, `(48, 48, 3)` float32; the neutral grey of `detect` outside of the photo."""
    x, y, pixels = round(left), round(top), max(round(side), 1)
    region = photo.crop((x, y, x + pixels, y + pixels))
    if x < 0 or y < 0 or x + pixels > photo.width or y + pixels > photo.height:
        region = Image.new("RGB", region.size, (128, 128, 128))
        region.paste(photo, (-x, -y))
    return (np.asarray(region.resize((48, 48), Image.Resampling.BOX), dtype=np.float32) - 127.5) / 128


def crop_square(face: Face, margin: float = 0.0, align: bool = True) -> tuple[np.ndarray, float, float]:
    """Where `crop_face` cuts: the square's centre `(2,)` and side in photo pixels, and its roll in radians, clockwise.

    Both follow from the centroid of the five landmarks and their root mean square distance to it, their spread, which
    changes less than the eye distance when a head turns. With `margin` 0 and `align` off, a FER2013 picture's square
    is the picture itself: over 1,000 of them, in picture sides, the median spread is 0.2405 and the median centroid
    (0.507, 0.591). How loosely FER2013 is framed shows in the quartiles of the square: they are 0.19 apart in side,
    0.04 in x and 0.06 in y. Its faces are not level either: the quartiles of their roll are 8 degrees apart. Measured
    by `python train/measure_margin.py --data FILE`.
    """
    left_eye, right_eye = face.landmarks[:2]
    roll = np.arctan2(right_eye[1] - left_eye[1], right_eye[0] - left_eye[0]) if align else 0.0
    roll = float(np.clip(roll, -_MAX_ROLL, _MAX_ROLL))
    centroid = face.landmarks.mean(axis=0)
    spread = np.sqrt(((face.landmarks - centroid) ** 2).sum(axis=1).mean())
    side = float(spread) * _SIDE_PER_SPREAD
    return centroid + side * _turned(0.5 - _CENTROID, roll), side * (1 + margin), roll


def crop_face(photo: Image.Image, face: Face, margin: float = 0.0, align: bool = True) -> Image.Image:
    """A square RGB crop of a face, framed like the pictures the models were trained on (see `crop_square`).

    Args:
        photo: the RGB photo the face was found in.
        margin: how much wider the crop is than a FER2013 picture: 0 is the same framing, 0.1 is 10 % wider.
        align: rotate so that the eyes are level, by 45 degrees at most (beyond that the landmarks are guesses).

    Returns:
        A picture with as many pixels as the face has in the photo, 48 to 512 a side. What lies outside the photo
        repeats its edge.
    """
    centre, side, roll = crop_square(face, margin, align)
    x_axis, y_axis = _turned(np.array([1.0, 0.0]), roll), _turned(np.array([0.0, 1.0]), roll)
    reach = side / 2 * (abs(x_axis) + abs(y_axis)) + 3  # of the turned square, and of the bicubic filter
    left, top = np.floor(centre - reach).astype(int)
    right, bottom = np.ceil(centre + reach).astype(int)
    region = _cut(photo, left, top, right, bottom)

    pixels = int(np.clip(round(side), *_CROP_SIDES))
    if pixels < side:  # a plain affine transform would skip pixels: shrink with a filter first
        shrunk = [max(1, round(length * pixels / side)) for length in region.size]
        region = region.resize(shrunk, Image.Resampling.BICUBIC, reducing_gap=2.0)
    per_photo = np.array([region.width / (right - left), region.height / (bottom - top)])
    x_step = x_axis * side / pixels * per_photo
    y_step = y_axis * side / pixels * per_photo
    start = (centre - [left, top]) * per_photo - (x_step + y_step) * pixels / 2
    affine = (x_step[0], y_step[0], start[0], x_step[1], y_step[1], start[1])
    return region.transform((pixels, pixels), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)


def _turned(vector: np.ndarray, roll: float) -> np.ndarray:
    """`vector`, given in the crop's axes, in the photo's."""
    x, y = vector
    return np.array([x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)])


def _cut(photo: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """The rectangle of the photo, its edge repeated where the rectangle lies outside."""
    columns = np.clip(np.arange(left, right), 0, photo.width - 1)
    rows = np.clip(np.arange(top, bottom), 0, photo.height - 1)
    inside = photo.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Image.fromarray(np.asarray(inside)[np.ix_(rows - rows[0], columns - columns[0])])


__all__ = [
    "MAX_PIXELS",
    "SEARCH_SIDE",
    "Face",
    "FaceDetector",
    "FaceNotFoundError",
    "PhotoError",
    "crop_face",
    "crop_square",
    "read_photo",
    "reading_order",
]
