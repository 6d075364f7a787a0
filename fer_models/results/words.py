"""Numbers as people read them."""

import re
from collections.abc import Iterable


def percent(value: float, digits: int = 1) -> str:
    """A share: 0.8379 -> "83.8 %"."""
    return f"{100 * value:.{digits}f} %"


def span(values: Iterable[float], digits: int = 1) -> str:
    """Several shares: "16.0 to 25.0 %", or "16.0 %" where they read alike."""
    values = list(values)
    low, high = percent(min(values), digits), percent(max(values), digits)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def file_name(text: str) -> str:
    """Text as a part of a file name: "pose > 30" -> "pose-30"."""
    return re.sub(r"[^\w.-]+", "-", text)


__all__ = ["file_name", "percent", "span"]
