"""Numbers as people read them."""

from collections.abc import Iterable


def percent(value: float, digits: int = 1) -> str:
    """A share: 0.8379 -> "83.8 %"."""
    return f"{100 * value:.{digits}f} %"


def span(values: Iterable[float], digits: int = 1) -> str:
    """Several shares: "16.0 to 25.0 %", or "16.0 %" where they read alike."""
    values = list(values)
    low, high = percent(min(values), digits), percent(max(values), digits)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


__all__ = ["percent", "span"]
