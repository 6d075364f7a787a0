"""What `benchmarks/finding_faces.py` compares: the cascade of this library with facenet-pytorch's, photo for photo."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One engine beside facenet-pytorch. other_number: in how many photos it found another number of faces.
    box, landmark: the largest difference in pixels of any edge and any coordinate, in the others. times_as_fast: the
    median over the photos of what facenet-pytorch took, divided by what this took."""

    other_number: int
    box: float
    landmark: float
    times_as_fast: float


@dataclass(frozen=True, kw_only=True)
class BenchmarkFinding(Result, kind="benchmark-finding"):
    """photos, faces: how many photos, and how many faces facenet-pytorch found in them. data: what they were composed
    from. engines: by name."""

    photos: int
    faces: int
    data: str
    seed: int
    engines: dict[str, Compared]
    hardware: dict[str, str | int]


__all__ = ["BenchmarkFinding", "Compared"]
