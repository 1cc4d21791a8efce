"""PromQL from the catalogue: selectors, names of recording rules, and promtool's notation of series over time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.config.objectives import glob_regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.names import Metric
    from errtally.rules.rule_settings import RuleSettings

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


def glob_matcher(label: str, globs: Sequence[str], *, but: bool = False) -> str:
    """Return the matcher of a label for any of some globs (``but``: for none of them); "" when every value matches."""
    if "*" in globs and not but:
        return ""
    if len(globs) == 1 and not re.search(r"[*?]", globs[0]):
        return f'{label}{"!" if but else ""}="{globs[0]}"'
    # A regular expression in PromQL's string: its backslashes are doubled.
    regex = glob_regex(globs).replace("\\", "\\\\")
    return f'{label}{"!~" if but else "=~"}"{regex}"'


def sum_by(metric: Metric, expr: str, settings: RuleSettings, by: str = SCOPE) -> str:
    """Add up an expression over one metric by some labels, so that no event counts twice.

    Replicas that share a store show the same series each: of equal ones the largest counts, before anything is
    added. Exporters with stores of their own have each seen other events, which add up.
    """
    if settings.exporters != "shared":
        return f"sum by ({by}) ({expr})"
    own = [*metric.labels, *(["le"] if "_bucket" in expr else [])]
    if set(own) == set(by.split(", ")):
        return f"max by ({by}) ({expr})"
    return f"sum by ({by}) (max by ({', '.join(own)}) ({expr}))"


def rate(metric: Metric, window_seconds: int, matchers: str = "", suffix: str = "") -> str:
    """Return the rate of a counter over a window; ``matchers`` stand in the braces."""
    chosen = f"{{{matchers}}}" if matchers else ""
    return f"rate({metric.name}{suffix}{chosen}[{format_duration(window_seconds)}])"


def increase(metric: Metric, window_seconds: int, matchers: str = "") -> str:
    """Return the increase of a counter over a window."""
    return rate(metric, window_seconds, matchers).replace("rate(", "increase(", 1)


def and_minimum(rate_record: str, settings: RuleSettings, per: str = SCOPE) -> str:
    """Return the condition that the minimum of the window was reached, or "" when there is none."""
    if not settings.minimum:
        return ""
    return f"\nand on ({per}) {rate_record} * {settings.window_seconds} >= {number(settings.minimum)}"


LEAST_BAD = 5
"""How many requests or sessions must have ended badly within the window of a rule that pages."""


def minimum_bad(settings: RuleSettings) -> float:
    """Return how many must have ended badly within a rule's window; 0 when the rule has no minimum.

    With the share alone, two failures of thirty requests would page, and a service of which one request in a hundred
    fails has ten such windows a day (binomial distribution); five failures it has once in a year. It is a tenth less
    than the number itself, since ``rate()`` extrapolates.
    """
    return 0.9 * min(LEAST_BAD, settings.minimum / 4)


def and_minimum_bad(share: str, rate_record: str, settings: RuleSettings, per: str = SCOPE) -> str:
    """Return the condition that the bad ones are more than chance brings, or "" when the rule has no minimum.

    Args:
        share: expression of the share of what ended badly, 0 to 1.
        rate_record: what it is the share of, a second.
        settings: the rule's settings.
        per: labels of both.
    """
    if not settings.minimum:
        return ""
    least = number(minimum_bad(settings))
    return f"\nand on ({per}) {share} * on ({per}) {rate_record} * {settings.window_seconds} >= {least}"


def steady(value: float, steps: int) -> str:
    """Return a series that keeps a value for ``steps`` steps after the first sample."""
    return f"{number(value)}x{steps}"


def number(value: float) -> str:
    """Return a number without needless digits: 5.0 is "5"."""
    return f"{value:.15g}"
