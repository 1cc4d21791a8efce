"""Service level objectives as recording rules: requests, failures, error budget, how fast it burns, what is left.

The long windows are means of what was recorded over five minutes: two series a service to read, however many a
metric has. Both parts of each share are means over the same time, so that hours with more traffic weigh more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.model import Recording
from errtally.rules.series import DEMO_LABELS, SCOPE, added, glob_matcher, number, rate, selector

if TYPE_CHECKING:
    from errtally.config.objectives import Slo
    from errtally.rules.model import Tuned

GROUP = "errtally-slo"
BY = f"slo, {SCOPE}"
REQUESTS = "errtally:slo_requests:rate5m"
FAILURES = "errtally:slo_failures:rate5m"
BUDGET = "errtally:slo_error_budget:ratio"
"""The share of requests that may fail: one minus the objective."""

LEFT = "errtally:slo_error_budget:left_ratio"
"""What is left of the budget over the objective's window: 1 is all, 0 nothing; below that it is overdrawn."""

BASE_SECONDS = 300


def burn_rate(window_seconds: int) -> str:
    """Return the record of the burn rate: 1 uses the budget up exactly over the objective's window."""
    return f"errtally:slo_burn_rate:{format_duration(window_seconds)}"


def mean(record: str, window_seconds: int, slo: str = "") -> str:
    """Return a recorded rate over a longer window."""
    chosen = f'{{slo="{slo}"}}' if slo else ""
    if window_seconds == BASE_SECONDS:
        return f"{record}{chosen}"
    return f"avg_over_time({record}{chosen}[{format_duration(window_seconds)}])"


def inputs(tuned: Tuned) -> tuple[Recording, ...]:
    """Return requests, failures and budget of each objective."""
    found = []
    for slo in tuned.slos:
        labels = {"slo": slo.name}
        requests, failures = _events(slo, tuned)
        found += [
            Recording(REQUESTS, requests, labels),
            Recording(FAILURES, failures, labels),
            Recording(BUDGET, f"vector({number(budget(slo))})", labels),
        ]
    return tuple(found)


def burn_rates(*windows_seconds: int) -> tuple[Recording, ...]:
    """Return the burn rates over some windows, of all objectives at once."""
    return tuple(
        Recording(
            burn_rate(window),
            f"{mean(FAILURES, window)}\n/ ({mean(REQUESTS, window)} > 0)\n/ on (slo) group_left () {BUDGET}",
        )
        for window in windows_seconds
    )


def left(tuned: Tuned) -> tuple[Recording, ...]:
    """Return what is left of each objective's budget over its own window."""
    found = []
    for slo in tuned.slos:
        failures, requests = mean(FAILURES, slo.window_seconds, slo.name), mean(REQUESTS, slo.window_seconds, slo.name)
        expr = f"1 - {failures}\n/ ({requests} > 0)\n/ {number(budget(slo))}"
        # The label is in the result as well; that of the rule tells the records apart.
        found.append(Recording(LEFT, expr, {"slo": slo.name}))
    return tuple(found)


def budget(slo: Slo) -> float:
    """Return the share of requests that may fail."""
    return round(1 - slo.objective, 12)


def _events(slo: Slo, tuned: Tuned) -> tuple[str, str]:
    """The queries of all requests a second and of the bad ones."""
    projects = glob_matcher("project", slo.projects)
    if slo.kind == "availability":
        failed = ",".join(part for part in (projects, 'status_class="5xx"') if part)
        all_of_them = added(names.REQUESTS, rate(names.REQUESTS, BASE_SECONDS, projects), tuned)
        bad = added(names.REQUESTS, rate(names.REQUESTS, BASE_SECONDS, failed), tuned)
        return all_of_them, f"{bad}\nor\n0 * {all_of_them}"
    quick = ",".join(part for part in (projects, f'le="{slo.threshold_seconds}"') if part)
    duration = names.REQUEST_DURATION
    all_of_them = added(duration, rate(duration, BASE_SECONDS, projects, "_count"), tuned)
    good = added(duration, rate(duration, BASE_SECONDS, quick, "_bucket"), tuned)
    return all_of_them, f"{all_of_them} - {good}"


def demo_labels(slo: Slo) -> dict[str, str]:
    """Return the labels of a service for which an objective holds, for the generated tests."""
    project = DEMO_LABELS["project"] if "*" in slo.projects else slo.projects[0].replace("*", "a").replace("?", "a")
    return {**DEMO_LABELS, "project": project}


def demo_requests(slo: Slo, bad_share: float, traffic: float) -> dict[str, float]:
    """Return the series' growth in a step with ``traffic`` requests of which a share is bad."""
    service = demo_labels(slo)
    if slo.kind == "availability":
        labels = {**service, "transaction": "/pay", "method": "POST"}
        return {
            selector(names.REQUESTS, **labels, status_class="2xx"): (1 - bad_share) * traffic,
            selector(names.REQUESTS, **labels, status_class="5xx"): bad_share * traffic,
        }
    labels = {**service, "transaction": "/pay", "outcome": "success"}
    good = selector(names.REQUEST_DURATION, "_bucket", **labels, le=str(slo.threshold_seconds))
    return {good: (1 - bad_share) * traffic, selector(names.REQUEST_DURATION, "_count", **labels): traffic}
