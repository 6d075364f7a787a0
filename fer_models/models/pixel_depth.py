"""Pixel values of any depth -> 8 bits, the same for photos, data sets and a checkpoint's image processor."""

import numpy as np


def to_uint8(values: np.ndarray) -> np.ndarray:
    """Pixel values of any depth as 8-bit ones.

    16-bit values are scaled from 0 to 65535; 32-bit integers and floats from 0 to the smallest of 1 (floats only), 255
    and 65535 that holds them all, else from their minimum to their maximum.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    low, high = 0.0, 65535.0
    if not (values.dtype.kind == "u" and values.dtype.itemsize == 2):
        values = np.nan_to_num(values.astype(np.float32))
        whites = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0)
        low, high = float(values.min()), float(values.max())
        if low >= 0 and high <= whites[-1]:
            low, high = 0.0, next(white for white in whites if high <= white)
    scaled = (values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(scaled).astype(np.uint8)


__all__ = ["to_uint8"]
