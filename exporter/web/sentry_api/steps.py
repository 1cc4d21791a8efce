"""The time that a curve is about, and the steps that it is divided into."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import abort, request

from errtally.exporter.store.activity import HOURS_KEPT
from errtally.exporter.web.sentry_api.periods import PeriodError, period_of, seconds_of

DEFAULT_SECONDS = 24 * 3600
HOUR_SECONDS, DAY_SECONDS = 3600, 86_400
MAX_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a request is about, seconds since the epoch."""

    since: float
    until: float

    @property
    def minutes(self) -> float:
        """Its length."""
        return max(self.until - self.since, 60.0) / 60


def asked() -> Span:
    """Return the time that the request asks for; 400 for what is none."""
    now = time.time()
    try:
        since, until = period_of(request.args, now)
    except PeriodError as exc:
        abort(400, str(exc))
    until = min(until, now) if until is not None else now
    since = since if since is not None else until - DEFAULT_SECONDS
    if since >= until:
        abort(400, "start: has to be before end")
    return Span(since, until)


def length(span: Span) -> int:
    """Return the length of a step: as asked for, but not shorter than what is counted, nor too many."""
    asked = request.args.get("interval") or ""
    try:
        seconds = seconds_of(asked, "interval") if asked else HOUR_SECONDS
    except PeriodError as exc:
        abort(400, str(exc))
    unit = HOUR_SECONDS if time.time() - span.since < HOURS_KEPT * HOUR_SECONDS else DAY_SECONDS
    steps = max(-(-seconds // unit), 1)
    while (span.until - span.since) / (steps * unit) > MAX_STEPS:
        steps *= 2
    return steps * unit


def of(span: Span, step: int) -> list[int]:
    """Return when each step of a length begins, seconds since the epoch."""
    return [number * step for number in range(int(span.since // step), int(span.until // step) + 1)]
