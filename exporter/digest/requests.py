"""Requests of observed services: counts, durations, Apdex; and which of them failed though their client says otherwise.

A fatal error marks the request of its trace in which it happened as failed; one that nothing caught does so where the
client tells no status (Tornado, jobs of RQ). An error never fails a page that shows it. Where an error comes first, it
is remembered for a while. Some clients report the request before they know of a panic that is passed on (sentry-go, in
any order within milliseconds), so what such a client calls well is held back until the error had time to come. What is
held back is in the store, so that it counts once even when the process ends meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from errtally import names
from errtally.exporter.digest import apdex
from errtally.exporter.digest.addresses import Addresses
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.changes import Exemplar
from errtally.exporter.digest.held_requests import HeldRequest
from errtally.exporter.journal.records import RequestSeen  # noqa: TC001 (msgspec reads it)

if TYPE_CHECKING:
    from errtally.exporter.digest.apdex import Thresholds
    from errtally.exporter.digest.buckets import Buckets, SeriesKey
    from errtally.exporter.digest.budget import Admit, Place
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import Batch, EventSeen
    from errtally.names import Metric

HELD_SECONDS = 0.25
"""How long a request may wait for a fatal error of its trace; both are sent within milliseconds."""
MAX_HELD = 1000
MAX_FAILED_TRACES = 10_000
_TOLERANCE_SECONDS = 1.0
"""Old clients tell the time of an event in whole seconds."""


class Requests:
    """Folds requests.

    Args:
        state: what is known of the store; kept current.
        changes: where the fold notes what changes.
        thresholds: T of Apdex.
        place: bounds project and environment.
        admit: bounds the label sets of a metric.
    """

    def __init__(self, state: State, changes: Changes, thresholds: Thresholds, *, place: Place, admit: Admit) -> None:
        self._state = state
        self._changes = changes
        self._thresholds = thresholds
        self._place = place
        self._admit = admit

    def bounds(self) -> frozenset[float]:
        """Return where buckets of durations have to end: every T in use and its 4 T."""
        return self._thresholds.bounds()

    def add(self, batch: Batch) -> None:
        """Fold the requests of a batch, but those that may turn out to have failed."""
        held = self._state.held_requests
        for request in batch.requests:
            if self._has_failed(batch.project, request):
                self._count(batch.project, _failed(request))
            elif request.is_unsure and request.trace_id and len(held) < MAX_HELD:
                held.append(HeldRequest(batch.received + HELD_SECONDS, batch.project, request))
                self._changes.held = held
            else:
                self._count(batch.project, request)

    def fail(self, project: str, event: EventSeen) -> None:
        """Take note of an error that is fatal, or that nothing caught: it may have failed the request of its trace."""
        traces = self._state.fatal_traces if event.level == "fatal" else self._state.unhandled_traces
        traces.pop((project, event.trace_id), None)
        traces[project, event.trace_id] = event.timestamp
        if len(traces) > MAX_FAILED_TRACES:
            del traces[next(iter(traces))]
        held = self._state.held_requests
        found = [one for one in held if one.project == project and self._has_failed(project, one.request)]
        for one in found:
            held.remove(one)
            self._changes.held = held
            self._count(project, _failed(one.request))

    def settle(self, now: float) -> int:
        """Count what was held back for long enough; returns how many requests."""
        held = self._state.held_requests
        due = [one for one in held if one.due <= now]
        if due:
            held[:] = [one for one in held if one.due > now]
            self._changes.held = held
        for one in due:
            self._count(one.project, one.request)
        return len(due)

    def _has_failed(self, project: str, request: RequestSeen) -> bool:
        if not request.trace_id or request.failed or request.is_page:
            return False
        key = (project, request.trace_id)
        at = self._state.fatal_traces.get(key)
        if at is None and request.status_class == "unknown":
            at = self._state.unhandled_traces.get(key)
        began = request.timestamp - request.duration_seconds
        return at is not None and began - _TOLERANCE_SECONDS <= at <= request.timestamp + _TOLERANCE_SECONDS

    def _count(self, sent_project: str, request: RequestSeen) -> None:
        changes, quantity = self._changes, request.quantity
        project, environment = self._place(sent_project, request.environment)
        transaction, duration = request.transaction, request.duration_seconds
        if request.is_address:
            known = self._state.addresses.get(project)
            if known is None:
                known = self._state.addresses[project] = Addresses()
            transaction = known.name(transaction)
        labels = self._admit(names.REQUESTS, (project, environment, transaction, request.method, request.status_class))
        changes.add[names.REQUESTS.name, labels, ""] += quantity
        base = (project, environment)
        changes.add[names.SERVICE_REQUESTS.name, (*base, request.status_class), ""] += quantity
        buckets = self._state.request_buckets
        observe(changes, names.SERVICE_REQUEST_DURATION, base, buckets, duration, quantity)
        outcome = names.OUTCOMES[1 if request.failed else 0]
        labels = self._admit(names.REQUEST_DURATION, (project, environment, transaction, outcome))
        bucket = observe(changes, names.REQUEST_DURATION, labels, buckets, duration, quantity)
        if request.trace_id:
            changes.exemplars[bucket] = Exemplar((("trace_id", request.trace_id),), duration, request.timestamp)
        threshold = self._thresholds.seconds(project, transaction)
        zone = apdex.zone(duration, threshold, failed=request.failed)
        labels = self._admit(names.APDEX_REQUESTS, (project, environment, transaction, names.APDEX_ZONES[zone]))
        changes.add[names.APDEX_REQUESTS.name, labels, ""] += quantity
        changes.add[names.SERVICE_APDEX_REQUESTS.name, (*base, names.APDEX_ZONES[zone]), ""] += quantity
        slot = int(request.timestamp // apdex.SLOT_SECONDS)
        for name, seconds in ((labels[2], threshold), (names.SERVICE_WIDE, self._thresholds.seconds(project, ""))):
            changes.apdex.setdefault((project, environment, name, slot), [0, 0, 0])[zone] += quantity
            shown = self._admit(names.APDEX_THRESHOLD, (project, environment, name))
            if shown[2] != names.OTHER:
                changes.put[names.APDEX_THRESHOLD.name, shown, ""] = seconds


def observe(
    changes: Changes, metric: Metric, labels: tuple[str, ...], buckets: Buckets, value: float, quantity: int = 1
) -> SeriesKey:
    """Add a value to a histogram, as often as it was seen; return the bucket that it is in."""
    bucket = (metric.name, labels, buckets.part(value))
    changes.add[bucket] += quantity
    changes.add[metric.name, labels, SUM] += value * quantity
    return bucket


def _failed(request: RequestSeen) -> RequestSeen:
    return msgspec.structs.replace(request, failed=True, status_class="5xx")
