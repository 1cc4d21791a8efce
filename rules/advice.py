"""What is worth knowing about a configuration before its rules are loaded; said when they are built and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration
from errtally.rules import objectives
from errtally.rules.alerts.error_budget_burn import ERROR_BUDGET_BURN, ERROR_BUDGET_BURN_SLOW, out_of_reach
from errtally.rules.alerts.error_spike import ERROR_SPIKE, LOOKS_BACK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule
    from errtally.rules.rule_settings import RuleSettings

DEFAULT_RETENTION_SECONDS = 15 * 86_400
"""How long Prometheus keeps samples when it is told nothing (--storage.tsdb.retention.time)."""


def advice(rules: Mapping[AlertRule, RuleSettings], alerting: Alerting) -> list[str]:
    """Return what rules can't do with these settings, or need of Prometheus; a sentence each.

    Args:
        rules: the enabled rules with their settings.
        alerting: the settings as a whole.
    """
    found = []
    for rule, tiers in ((ERROR_BUDGET_BURN, objectives.PAGE), (ERROR_BUDGET_BURN_SLOW, objectives.TICKET)):
        if rule in rules:
            found += [
                f"{rule.name} can never fire for the objective {name}: not even failing altogether burns its budget"
                " that fast; raise the objective or lower the rule's threshold"
                for name in out_of_reach(tiers, rules[rule])
            ]
    ranges = [(f"the error budget of {slo.name}", slo.window_seconds) for slo in alerting.slos]
    ranges += [(ERROR_SPIKE.name, LOOKS_BACK_SECONDS)] if ERROR_SPIKE in rules else []
    found += [
        f"{what} looks back {format_duration(seconds)}, and Prometheus keeps"
        f" {format_duration(DEFAULT_RETENTION_SECONDS)} by default: give it a longer --storage.tsdb.retention.time"
        for what, seconds in ranges
        if seconds > DEFAULT_RETENTION_SECONDS
    ]
    return found
