"""Clients Discarding: clients drop events before they send them, and not because they were told to."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import SERVICE
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import and_minimum, number, rate, record_name, selector, sum_by
from errtally.rules.texts import PERCENTAGE, percentage

_ON_PURPOSE = "sample_rate|before_send|event_processor|ignored"
"""Reasons that somebody configured; every other one is a loss."""

_LABELS = {"project": "checkout"}
_LOST = selector(names.CLIENT_DISCARDED_EVENTS, **_LABELS, reason="queue_overflow", category="error")
_DROPPED = selector(names.CLIENT_DISCARDED_EVENTS, **_LABELS, reason="before_send", category="error")
_SENT = selector(names.SERVICE_EVENTS, **_LABELS, environment="production", level="error")


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    window, discarded = settings.window_seconds, names.CLIENT_DISCARDED_EVENTS
    lost = sum_by(discarded, rate(discarded, window, f'category="error",reason!~"{_ON_PURPOSE}"'), settings, "project")
    sent = sum_by(names.SERVICE_EVENTS, rate(names.SERVICE_EVENTS, window), settings, "project")
    total = Recording(record_name(discarded, "sent_or_lost_rate", window), f"({lost} + {sent})\nor {lost}")
    return (total, Recording(record_name(discarded, "lost_ratio_rate", window), f"{lost}\n/ ({total.record} > 0)"))


def _expr(settings: RuleSettings) -> str:
    total, ratio = _recordings(settings)
    return f"{ratio.record} > {number(settings.threshold)}{and_minimum(total.record, settings, 'project')}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda ratio, traffic: {_LOST: ratio * traffic, _SENT: (1 - ratio) * traffic, _DROPPED: traffic},
        lambda ratio: ExpectedAlert(_LABELS, percentage(ratio)),
        high=(1 + settings.threshold) / 2,
        calm=0.0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold * (1 - NEAR),
    )


CLIENTS_DISCARDING = AlertRule(
    name="ClientsDiscarding",
    title="Clients Discarding",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=0.1,
        window_seconds=900,
        minimum=20,
        for_seconds=300,
        has_cooldown=True,
    ),
    group="errtally-health",
    labels=("project",),
    board=SERVICE,
    summary="Clients of {project} lose {value} of their events",
    description="Clients of {project} say that they lost {value} of their events over {window}; limit {threshold}.",
    value=PERCENTAGE,
    threshold_text=percentage,
    minimum_of="events sent or lost in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=share_below_one("events"),
    runbook=Runbook(
        meaning=(
            "Clients report how many events they dropped before sending. Of all events, a larger share than the"
            " threshold was dropped against their will: a full queue, no network, a rate limit."
        ),
        impact="Counts are too low by that share, and the missing events may be those that matter.",
        diagnosis=(
            "1. `client_discarded_events_total` by reason: `queue_overflow` is a burst, `network_error` a way that is"
            " broken, `ratelimit_backoff` the exporter's own limit.\n"
            "2. Does IngestRejected or JournalLag fire as well?"
        ),
        mitigation=(
            "- A burst: fix the issue that loops, or let the client sample.\n"
            "- The network: can the client's host reach the exporter?\n"
            "- The limit: raise it for the key, if the load is meant."
        ),
    ),
)
