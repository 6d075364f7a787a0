"""Photo -> faces: MTCNN, with what it needs around it."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fer_models.faces import Face
from fer_models.mtcnn import Networks, find_faces
from fer_models.mtcnn_networks import torch_networks

# A photo is searched for faces at a longest side between these, in pixels, with a border of at most this.
SEARCH_SIDE = 1280
_SEARCH_SIDES = (192, SEARCH_SIDE)
_BORDER = 96

# Boxes and landmarks lie on a grid of this many places a pixel. Engines and numbers of threads round otherwise, by some
# 1e-4 pixels, which would show in a crop as a grey level here and there, and in a map as more.
_PLACES = 16


class FaceDetector:
    """MTCNN (Zhang et al. 2016, arXiv 1604.02878; weights of facenet-pytorch), with what it needs around it.

    Args:
        min_face_size: side in pixels of the smallest face that is searched for. A photo is searched at a longest side
            of 192 to 1280 pixels, so in a larger photo the smallest face is larger in proportion.
        min_score: detections below this confidence are dropped.
        networks: MTCNN's, torch's by default.

    Raises:
        MissingExtraError: torch is to be used and not installed.
    """

    def __init__(self, min_face_size: int = 40, min_score: float = 0.9, networks: Networks | None = None):
        self.min_face_size = min_face_size
        self.min_score = min_score
        self._networks = torch_networks() if networks is None else networks
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
        found = find_faces(pixels, self._networks, self.min_face_size)
        limits = np.array([*photo.size, *photo.size], dtype=float)
        to_photo = np.array([photo.width / size[0], photo.height / size[1]])
        faces = []
        for box, score, points in zip(*found, strict=True):
            points = _on_grid((points.astype(float) - border) * to_photo)
            corners = np.clip(_on_grid((box.astype(float) - border) * np.tile(to_photo, 2)), 0, limits)
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
        shifts, points, scores = self._networks.third(_channels_first(inputs))
        limits = np.array([*photo.size, *photo.size], dtype=float)
        followed: list[Face | None] = []
        answers = zip(squares, shifts, points, scores[:, 1].tolist(), strict=True)
        for (left, top, side), shift, point, score in answers:
            corners = np.clip(_on_grid(np.array([left, top, left + side, top + side]) + side * shift), 0, limits)
            landmarks = _on_grid(np.array([left, top]) + side * point.reshape(2, 5).T.astype(float))
            visible = corners[2] - corners[0] >= 1 and corners[3] - corners[1] >= 1
            found = score >= self.min_score and visible
            followed.append(Face(tuple(corners.tolist()), landmarks, score) if found else None)
        return followed

    def turned_scores(self, photo: Image.Image, faces: Sequence[Face]) -> np.ndarray:
        """`(4, N)` how sure MTCNN's last network is that each box holds a face, 0 to 1: as it is, and turned by one,
        two and three quarters to the left."""
        if not faces:
            return np.zeros((4, 0))
        inputs = np.stack([_onet_input(photo, *_square(face.box)) for face in faces])  # (N, 48, 48, 3)
        turned = np.concatenate([np.rot90(inputs, quarters, axes=(1, 2)) for quarters in range(4)])
        return self._networks.third(_channels_first(turned))[2][:, 1].reshape(4, len(faces))


def _on_grid(places: np.ndarray) -> np.ndarray:
    return np.rint(places * _PLACES) / _PLACES


def _channels_first(pictures: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


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


__all__ = ["SEARCH_SIDE", "FaceDetector"]
