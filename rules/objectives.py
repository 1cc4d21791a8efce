"""Service level objectives as recording rules: requests, failures, error budget, how fast it burns, what is left.

The long windows are means of what was recorded over five minutes: two series a service to read, however many a
metric has. Both parts of each share are means over the same time, so that hours with more traffic weigh more.

What was not measured is not spent: a window of which a part only was seen counts as that part of it, so that an outage
on the first day is a small part of a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.model import Recording
from errtally.rules.series import DEMO_LABELS, glob_matcher, number, rate, selector, sum_by

if TYPE_CHECKING:
    from errtally.config.objectives import Slo
    from errtally.rules.rule_settings import RuleSettings

GROUP = "errtally-slo"
REQUESTS = "errtally:slo_requests:rate5m"
FAILURES = "errtally:slo_failures:rate5m"
BUDGET = "errtally:slo_error_budget:ratio"
"""The share of requests that may fail: one minus the objective."""

LEFT = "errtally:slo_error_budget:left_ratio"
"""What is left of the budget over the objective's window: 1 is all, 0 nothing; below that it is overdrawn."""

BASE_SECONDS = 300
_NOMINAL_WINDOW_SECONDS = 30 * 86_400
_MINUTE_SECONDS = 60
_LONG_POINTS, _WINDOW_POINTS = 60, 720
"""Points at which it is looked whether a burn rate's window, and that of an objective, were measured."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One pair of windows of the multi-window alerts of Google's SRE workbook, chapter 5.

    Attributes:
        name: what its records are called.
        long_seconds: the window over which a share of the budget is used up, for an objective of 30 days.
        short_seconds: the window that tells whether it still goes on, for an objective of 30 days.
        rate: the burn rate beyond which it speaks.
    """

    name: str
    long_seconds: int
    short_seconds: int
    rate: float

    def long(self, slo: Slo) -> int:
        """The long window: the same share of the objective's own window, so the rate uses the same share of budget."""
        return max(_scaled(self.long_seconds, slo), 2 * self.short(slo))

    def short(self, slo: Slo) -> int:
        """The short window; never shorter than what the rates are recorded over."""
        return max(_scaled(self.short_seconds, slo), BASE_SECONDS)


FAST, MEDIUM = Tier("fast", 3600, 300, 14.4), Tier("medium", 6 * 3600, 1800, 6)
SLOW, SLOWEST = Tier("slow", 86_400, 7200, 3), Tier("slowest", 3 * 86_400, 6 * 3600, 1)
PAGE, TICKET = (FAST, MEDIUM), (SLOW, SLOWEST)
"""Those that wake somebody, and those that can wait until the morning. They use up 2, 5, 10 and 10 % of the budget."""

BURN_NOW = "errtally:slo_burn_rate:now"
"""The burn rate over the last five minutes."""


def burn_rate(tier: Tier, *, short: bool = False) -> str:
    """Return the record of a burn rate: 1 uses the budget up exactly over the objective's window."""
    return f"errtally:slo_burn_rate:{tier.name}{'_short' if short else ''}"


def _scaled(seconds: int, slo: Slo) -> int:
    minutes = seconds * slo.window_seconds / _NOMINAL_WINDOW_SECONDS / _MINUTE_SECONDS
    return round(minutes) * _MINUTE_SECONDS


def mean(record: str, window_seconds: int, slo: str = "") -> str:
    """Return a recorded rate over a longer window."""
    chosen = f'{{slo="{slo}"}}' if slo else ""
    if window_seconds == BASE_SECONDS:
        return f"{record}{chosen}"
    return f"avg_over_time({record}{chosen}[{format_duration(window_seconds)}])"


def inputs(settings: RuleSettings) -> tuple[Recording, ...]:
    """Return requests, failures and budget of each objective."""
    found = []
    for slo in settings.slos:
        labels = {"slo": slo.name}
        requests, failures = _events(slo, settings)
        found += [
            Recording(REQUESTS, requests, labels),
            Recording(FAILURES, failures, labels),
            Recording(BUDGET, f"vector({number(budget(slo))})", labels),
        ]
    return tuple(found)


def burn_rates(tiers: tuple[Tier, ...], settings: RuleSettings) -> tuple[Recording, ...]:
    """Return the burn rates over the windows of some tiers, and over the last minutes, of each objective."""
    found = []
    for slo in settings.slos:
        labels = {"slo": slo.name}
        found.append(Recording(BURN_NOW, _burn(slo, BASE_SECONDS), labels))
        for tier in tiers:
            long = tier.long(slo)
            whole = f"{_burn(slo, long)}\n* {_measured(slo, long, _LONG_POINTS)}"
            found += [
                Recording(burn_rate(tier), whole, labels),
                Recording(burn_rate(tier, short=True), _burn(slo, tier.short(slo)), labels),
            ]
    return tuple(found)


def left(settings: RuleSettings) -> tuple[Recording, ...]:
    """Return what is left of each objective's budget over its own window."""
    return tuple(
        Recording(
            LEFT,
            # The label is in the result as well; that of the rule tells the records apart.
            f"1 - {_burn(slo, slo.window_seconds)}\n* {_measured(slo, slo.window_seconds, _WINDOW_POINTS)}",
            {"slo": slo.name},
        )
        for slo in settings.slos
    )


def _burn(slo: Slo, window_seconds: int) -> str:
    failures, requests = (mean(record, window_seconds, slo.name) for record in (FAILURES, REQUESTS))
    return f"{failures}\n/ ({requests} > 0)\n/ {number(budget(slo))}"


def _measured(slo: Slo, window_seconds: int, points: int) -> str:
    """Return the share of a window for which there are measurements: what was not measured is not spent."""
    step = max(window_seconds // points // _MINUTE_SECONDS, 1) * _MINUTE_SECONDS
    there = (
        f'count_over_time({REQUESTS}{{slo="{slo.name}"}}[{format_duration(window_seconds)}:{format_duration(step)}])'
    )
    return f"clamp_max({there} * {step} / {window_seconds}, 1)"


def budget(slo: Slo) -> float:
    """Return the share of requests that may fail."""
    return round(1 - slo.objective, 12)


def _events(slo: Slo, settings: RuleSettings) -> tuple[str, str]:
    """The queries of all requests a second and of the bad ones."""
    projects = glob_matcher("project", slo.projects)
    if slo.kind == "availability":
        failed = ",".join(part for part in (projects, 'status_class="5xx"') if part)
        all_of_them = sum_by(names.SERVICE_REQUESTS, rate(names.SERVICE_REQUESTS, BASE_SECONDS, projects), settings)
        bad = sum_by(names.SERVICE_REQUESTS, rate(names.SERVICE_REQUESTS, BASE_SECONDS, failed), settings)
        return all_of_them, bad
    quick = ",".join(part for part in (projects, f'le="{slo.threshold_seconds}"') if part)
    duration = names.SERVICE_REQUEST_DURATION
    all_of_them = sum_by(duration, rate(duration, BASE_SECONDS, projects, "_count"), settings)
    good = sum_by(duration, rate(duration, BASE_SECONDS, quick, "_bucket"), settings)
    return all_of_them, f"{all_of_them} - {good}"


def demo_labels(slo: Slo) -> dict[str, str]:
    """Return the labels of a service for which an objective holds, for the generated tests."""
    project = DEMO_LABELS["project"] if "*" in slo.projects else slo.projects[0].replace("*", "a").replace("?", "a")
    return {**DEMO_LABELS, "project": project}


def demo_requests(slo: Slo, bad_share: float, traffic: float) -> dict[str, float]:
    """Return the series' growth in a step with ``traffic`` requests of which a share is bad."""
    service = demo_labels(slo)
    if slo.kind == "availability":
        labels = service
        return {
            selector(names.SERVICE_REQUESTS, **labels, status_class="2xx"): (1 - bad_share) * traffic,
            selector(names.SERVICE_REQUESTS, **labels, status_class="5xx"): bad_share * traffic,
        }
    labels = service
    good = selector(names.SERVICE_REQUEST_DURATION, "_bucket", **labels, le=str(slo.threshold_seconds))
    return {good: (1 - bad_share) * traffic, selector(names.SERVICE_REQUEST_DURATION, "_count", **labels): traffic}
