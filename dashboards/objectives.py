"""Objectives: how much of the error budget of each service is left, and how fast it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import shared
from errtally.dashboards.colors import BAD, FAIR, GOOD
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, time_series
from errtally.dashboards.tables import Column, table
from errtally.rules import objectives
from errtally.rules.alerts.error_budget_burn import ERROR_BUDGET_BURN
from errtally.rules.settings import threshold

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel, Steps

_SCOPE = ", ".join(f'{label}=~"${label}"' for label in names.BASE_LABELS)
_LEFT = f"{objectives.LEFT}{{{_SCOPE}}}"
_STEPS: Steps = [(BAD, None), (FAIR, 0), (GOOD, 0.5)]
_NO_DATA = "The rules are not loaded, or there are no requests"


def objectives_section(alerting: Alerting, recorded: AbstractSet[str]) -> Section | None:
    """Return the section, of what the rules record; None when they record nothing of objectives.

    Args:
        alerting: knows the limit of the fastest alert.
        recorded: the names of all recording rules.
    """
    panels: list[KindPanel] = []
    if objectives.LEFT in recorded:
        panels += [_left(), _left_over_time()]
    if objectives.BURN_NOW in recorded:
        panels.append(_burning(alerting))
    return Section("Error budgets", panels) if panels else None


def _left() -> KindPanel:
    return table(
        "Error budget left",
        "Of each objective over its own window: 100 % is untouched, below 0 it is overdrawn and releases should wait.",
        (12, 9),
        [query(f"sort({_LEFT})", instant=True, table="table")],
        no_value=_NO_DATA,
        first=("Left", False),
        columns=[
            Column("Objective", "slo", width=95),
            Column("Project", "project", links=(shared.service_link("Project", "Environment"),)),
            Column("Environment", "environment", width=110),
            Column("Left", "Value", unit="percentunit", width=90, steps=_STEPS, decimals=1),
        ],
    )


def _left_over_time() -> KindPanel:
    return time_series(
        "Error budget over time",
        "How much of each budget is left. A step down is an outage, a slope is a fault that goes on.",
        (12, 9),
        [query(_LEFT, "{{slo}} {{project}} {{environment}}")],
        unit="percentunit",
        no_value=_NO_DATA,
        minimum=None,
        maximum=1,
        is_better_high=True,
    )


def _burning(alerting: Alerting) -> KindPanel:
    return time_series(
        "Burn rate",
        "1 uses the budget up exactly over the objective's window. For one of 30 days *fast* looks back an hour,"
        " *medium* six hours; the dashed line is where *fast* pages.",
        (24, 8),
        [
            query(
                f"{objectives.burn_rate(tier)}{{{_SCOPE}}}",
                f"{tier.name} {{{{slo}}}} {{{{project}}}} {{{{environment}}}}",
                ref=ref,
            )
            for ref, tier in zip("AB", objectives.PAGE, strict=True)
        ],
        unit="none",
        no_value=_NO_DATA,
        limit=threshold(alerting, ERROR_BUDGET_BURN),
    )
