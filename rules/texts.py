"""Numbers as Prometheus' template functions write them, so that generated tests can expect them."""

from __future__ import annotations

PERCENTAGE = "{{ $value | humanizePercentage }}"
DURATION = "{{ $value | humanizeDuration }}"
COUNT = '{{ $value | printf "%.0f" }}'
DECIMAL = '{{ $value | printf "%.2f" }}'


def percentage(ratio: float) -> str:
    """Return what ``humanizePercentage`` gives: 0.05 is "5%"."""
    return f"{ratio * 100:.4g}%"


def duration(seconds: float) -> str:
    """Return what ``humanizeDuration`` gives: 1.95 is "1.95s", 0.5 is "500ms", 90000 is "1d 1h 0m 0s"."""
    if seconds < 1:
        return f"{seconds * 1000:.4g}ms"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h {minutes}m {rest}s"
    if hours:
        return f"{hours}h {minutes}m {rest}s"
    if minutes:
        return f"{minutes}m {rest}s"
    return f"{seconds:.4g}s"


def count(number: float) -> str:
    """Return a whole number."""
    return f"{number:.0f}"


def decimal(number: float) -> str:
    """Return a number with two digits behind the point."""
    return f"{number:.2f}"


def factor(number: float) -> str:
    """Return a multiple of what is usual: 2 is "2x"."""
    return f"{number:.15g}x"


def nothing(_threshold: float) -> str:
    """Return the threshold's text of a rule whose condition has none to tune."""
    return "0"
