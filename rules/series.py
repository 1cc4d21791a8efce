"""PromQL from the catalogue: selectors, names of recording rules, and promtool's notation of series over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from errtally.names import Metric

SCOPE = "project, environment"
"""The labels by which services are told apart."""

ERROR_LEVELS = f'level=~"{"|".join(names.ERROR_LEVELS)}"'
"""The matcher of events that count as errors."""

DEMO_LABELS = {"project": "checkout", "environment": "production"}
"""The service of the generated tests."""


def selector(metric: Metric, suffix: str = "", /, **labels: str) -> str:
    """Return the selector of a metric with equal labels: ``NAME_bucket{le="1.0"}``.

    Raises:
        ValueError: the metric has no such label.
    """
    unknown = set(labels) - set(metric.labels) - {"le", "instance"}
    if unknown:
        raise ValueError(f"{metric.name} has no label {', '.join(sorted(unknown))}")
    return f"{metric.name}{suffix}{label_set(labels)}"


def label_set(labels: dict[str, str]) -> str:
    """Return the labels in braces, or nothing when there are none."""
    if not labels:
        return ""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def record_name(metric: Metric, operation: str, window_seconds: int) -> str:
    """Return a recording rule's name as Prometheus advises, level:metric:operations."""
    return f"project:{metric.family}:{operation}{format_duration(window_seconds)}"


def steady(value: float, steps: int) -> str:
    """Return a series that keeps a value for ``steps`` steps after the first sample."""
    return f"{number(value)}x{steps}"


def growing(per_step: float, steps: int, start: float = 0) -> str:
    """Return a counter that grows by ``per_step`` from ``start``."""
    return f"{number(start)}+{number(per_step)}x{steps}"


def number(value: float) -> str:
    """Return a number without needless digits: 5.0 is "5"."""
    return f"{value:.15g}"
