"""Numbers as Prometheus' template functions write them, so that generated tests can expect them."""

from __future__ import annotations


def percentage(ratio: float) -> str:
    """Return what ``humanizePercentage`` gives: 0.05 is "5%"."""
    return f"{ratio * 100:.4g}%"


def duration(seconds: float) -> str:
    """Return what ``humanizeDuration`` gives below a minute: 1.95 is "1.95s", 0.5 is "500ms"."""
    if seconds >= 1:
        return f"{seconds:.4g}s"
    return f"{seconds * 1000:.4g}ms"


def nothing(_threshold: float) -> str:
    """Return the threshold's text of a rule whose condition has none to tune."""
    return "0"
