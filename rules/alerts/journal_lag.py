"""Journal Lag: accepted events wait too long to be counted."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import number, selector
from errtally.rules.texts import DURATION, duration

_LABELS = {"instance": "exporter:9765"}
_SERIES = selector(names.JOURNAL_LAG_SECONDS, **_LABELS)


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda seconds, _: {_SERIES: seconds},
        lambda seconds: ExpectedAlert(_LABELS, duration(seconds)),
        high=10 * settings.threshold,
        calm=0.0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold,
    )


JOURNAL_LAG = AlertRule(
    name="JournalLag",
    title="Journal Lag",
    defaults=Defaults(severity="warning", channels=("slack",), threshold=60, for_seconds=120, has_cooldown=True),
    group="errtally-health",
    labels=("instance",),
    board=HEALTH,
    summary="errtally {instance} counts events {value} late",
    description="The oldest event that {instance} has not counted yet is {value} old; the limit is {threshold}.",
    value=DURATION,
    threshold_text=duration,
    expr=lambda settings: f"{names.JOURNAL_LAG_SECONDS.name} > {number(settings.threshold)}",
    cases=_cases,
    runbook=Runbook(
        meaning="Accepted events lie in the journal longer than the threshold before they are folded into the store.",
        impact="Every alert and page is that much behind. Nothing is lost while the journal has room.",
        diagnosis=(
            "1. Does StoreFailing or StoreErrors fire? Then the store is the cause.\n"
            "2. `journal_lag_events` on the dashboard: does it grow (more than one writer can fold) or fall?\n"
            "3. Which project sends so much? Compare events by project."
        ),
        mitigation=(
            "- A burst: wait; the writer catches up.\n"
            "- A client that floods: limit its key, or sample in the client.\n"
            "- Lasting load: a faster disk or CPU for the exporter."
        ),
    ),
)
