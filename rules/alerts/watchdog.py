"""Watchdog: always fires, so that its silence at the far end tells that the alerting itself is broken."""

from __future__ import annotations

from errtally.rules import missing_data
from errtally.rules.boards import ALERTING
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.texts import nothing


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return (Case("always fires", {}, (Check(settings.step_seconds, (ExpectedAlert({}, "1"),)),)),)


WATCHDOG = AlertRule(
    name="Watchdog",
    title="Watchdog",
    defaults=Defaults(severity="none"),
    group="errtally-health",
    labels=(),
    board=ALERTING,
    summary="Alerting works",
    description="This alert always fires. Send it to a heartbeat service that raises the alarm when it stays away.",
    value="{{ $value }}",
    threshold_text=nothing,
    expr=lambda _: "vector(1)",
    cases=_cases,
    without_data=missing_data.always("It fires always. What matters is that it arrives."),
    runbook=Runbook(
        meaning="The way from Prometheus through Alertmanager to the outside works. This alert is meant to fire.",
        impact="None while it fires. When the heartbeat service misses it, no other alert arrives either.",
        diagnosis=(
            "1. Does Prometheus run, and does it list the alert under *Alerts*?\n"
            "2. Does Alertmanager have it? Does its log show failed notifications?"
        ),
        mitigation="Bring back the part that is down; notifications that were due are then sent.",
    ),
)
