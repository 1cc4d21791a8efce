"""Ingest Rejected: the exporter refuses a large share of what clients send."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import and_minimum, number, rate, selector, sum_by
from errtally.rules.texts import PERCENTAGE, percentage

_LABELS = {"protocol": "sentry"}
_TAKEN = selector(names.INGEST_REQUESTS, **_LABELS, code="200")
_REFUSED = selector(names.INGEST_REQUESTS, **_LABELS, code="401")


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    window = settings.window_seconds
    total = Recording(
        f"protocol:{names.INGEST_REQUESTS.family}:rate{_window(settings)}",
        sum_by(names.INGEST_REQUESTS, rate(names.INGEST_REQUESTS, window), settings, "protocol"),
    )
    refused = sum_by(names.INGEST_REQUESTS, rate(names.INGEST_REQUESTS, window, 'code=~"[45].."'), settings, "protocol")
    return (
        total,
        Recording(
            f"protocol:{names.INGEST_REQUESTS.family}:refused_ratio_rate{_window(settings)}",
            f"(\n  {refused}\n  or 0 * {total.record}\n)\n/ ({total.record} > 0)",
        ),
    )


def _window(settings: RuleSettings) -> str:
    return rate(names.INGEST_REQUESTS, settings.window_seconds).split("[")[1].rstrip("])")


def _expr(settings: RuleSettings) -> str:
    total, ratio = _recordings(settings)
    return f"{ratio.record} > {number(settings.threshold)}{and_minimum(total.record, settings, 'protocol')}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda ratio, traffic: {_TAKEN: (1 - ratio) * traffic, _REFUSED: ratio * traffic},
        lambda ratio: ExpectedAlert(_LABELS, percentage(ratio)),
        high=(1 + settings.threshold) / 2,
        calm=0.0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold * (1 - NEAR),
    )


INGEST_REJECTED = AlertRule(
    name="IngestRejected",
    title="Ingest Rejected",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=0.05,
        window_seconds=600,
        minimum=20,
        for_seconds=300,
        has_cooldown=True,
    ),
    group="errtally-health",
    labels=("protocol",),
    board=HEALTH,
    summary="errtally refuses {value} of what comes in by {protocol}",
    description="{value} of the ingest requests by {protocol} were refused over {window}; the limit is {threshold}.",
    value=PERCENTAGE,
    threshold_text=percentage,
    minimum_of="ingest requests in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=share_below_one("requests"),
    runbook=Runbook(
        meaning="Of the requests with events, a larger share than the threshold was answered with 4xx or 5xx.",
        impact="Those events are not counted: dashboards and alerts see less than what happens.",
        diagnosis=(
            "1. `ingest_rejected_total` by reason on the dashboard names the cause.\n"
            "2. An unknown key: which client was deployed lately, and with which DSN?\n"
            "3. Limits: did one client grow, or all of them?"
        ),
        mitigation=(
            "- Give the client the right key, or add its key to the configuration.\n"
            "- Raise the limit that is reached, if the load is meant; sample in the client if not.\n"
            "- 5xx: see the exporter's log; JournalLag and StoreFailing tell of a full disk."
        ),
    ),
)
