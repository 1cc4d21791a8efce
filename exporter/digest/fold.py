"""The fold: records in, changes out. Deterministic in the state and the records' order; no clock, no I/O."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

from errtally import names
from errtally.exporter.digest import apdex
from errtally.exporter.digest.changes import (
    SUM,
    Changes,
    EnvironmentChange,
    Exemplar,
    Sample,
    SessionUser,
)
from errtally.exporter.digest.decisions import AGENDA, Decisions
from errtally.exporter.digest.merges import Merges
from errtally.exporter.digest.monitors import Monitors
from errtally.exporter.digest.seen import hashed
from errtally.exporter.digest.state import IssueState, scope
from errtally.exporter.digest.stream import NEW, REGRESSED
from errtally.exporter.journal.records import Batch, MergeChange, Tallies

if TYPE_CHECKING:
    from errtally.exporter.config import Project
    from errtally.exporter.digest.changes import IssueChange
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import (
        AlertSeen,
        CheckInSeen,
        EventSeen,
        IssueSeen,
        Record,
        RequestSeen,
        SessionSeen,
    )
    from errtally.names import Metric

MAX_SAMPLES_A_FOLD = 20
"""Samples of one issue that one fold keeps; the workers' policy bounds them already, but there may be many workers."""

_ERROR_LEVELS = frozenset(names.ERROR_LEVELS)


class Fold:
    """Adds records up to changes.

    Args:
        state: what is known of the store; kept current.
        thresholds: T of Apdex.
    """

    def __init__(self, state: State, thresholds: apdex.Thresholds) -> None:
        self._state = state
        self._thresholds = thresholds
        self.changes = Changes()
        self._noted = ("", "")
        self._merges = Merges(state, self.changes, self._admit)
        self._decisions = Decisions(state, self.changes)
        self._monitors = Monitors(state.monitors, state.agenda, self.changes, self._admit)
        self._notice: tuple[EventSeen | None, str] = (None, "")

    def declare(self, projects: tuple[Project, ...]) -> None:
        """Make the series of configured projects exist at 0 before their first event."""
        for project in projects:
            for environment in project.environments:
                self._place(project.name, environment)

    def add(self, record: Record) -> None:
        """Fold one record."""
        if isinstance(record, Batch):
            self._add_batch(record)
        elif isinstance(record, Tallies):
            self._add_tallies(record)
        elif isinstance(record, MergeChange):
            self._merges.decide(record)
        else:
            self._decisions.decide(record)

    def pass_time(self, now: float) -> int:
        """Fold what the time alone brings about: ignored issues that are open again, runs of jobs that are missed.

        Args:
            now: seconds since the epoch; everything that was received before has to be folded.

        Returns:
            How many things were looked at.
        """
        due = list(self._state.agenda.due(now))
        for kind, *key in due:
            if kind == AGENDA:
                project, fingerprint = key
                self._decisions.pass_time(project, fingerprint, now)
            else:
                project, environment, monitor = key
                self._monitors.judge((project, environment, monitor), now)
        return len(due)

    def _add_batch(self, batch: Batch) -> None:
        changes = self.changes
        for event in batch.events:
            self._add_event(batch, event, batch.issues[event.issue])
        is_new = not batch.identity or self._is_new("request", batch.project, batch.identity)
        for request in batch.requests if is_new else ():
            self._add_request(batch.project, request)
        for session in batch.sessions:
            self._add_session(batch, session)
        for check_in in batch.check_ins:
            self._add_check_in(batch, check_in)
        for discard in batch.discards:
            project = self._state.project(batch.project)
            labels = self._admit(names.CLIENT_DISCARDED_EVENTS, (project, discard.reason, discard.category))
            changes.add[names.CLIENT_DISCARDED_EVENTS.name, labels, ""] += discard.quantity
        for log in batch.logs if is_new else ():
            project, environment = self._place(batch.project, log.environment)
            changes.add[names.LOG_RECORDS.name, (project, environment, log.level), ""] += log.quantity

        for alert in batch.alerts:
            self._add_alert(alert)

    def _add_session(self, batch: Batch, session: SessionSeen) -> None:
        changes = self.changes
        project, environment = self._place(batch.project, session.environment)
        if session.release:
            self._decisions.release(project, session.release, batch.received)
        labels = self._admit(names.SESSIONS, (project, environment, session.release, session.status))
        if session.user is not None and labels[2] != names.OTHER:
            users = changes.session_users.setdefault((project, environment, labels[2]), {})
            user = users.setdefault(session.user, SessionUser(batch.received))
            user.last_seen = max(user.last_seen, batch.received)
            if session.status in names.CRASHED_SESSION_STATUSES:
                user.last_crashed = max(user.last_crashed, batch.received)
        if session.session_id and not self._is_new("session", project, session.session_id, session.status):
            return
        changes.add[names.SESSIONS.name, labels, ""] += session.quantity

    def _add_check_in(self, batch: Batch, check_in: CheckInSeen) -> None:
        changes = self.changes
        project, environment = self._place(batch.project, check_in.environment)
        labels = self._admit(names.CHECK_INS, (project, environment, check_in.monitor, check_in.status))
        if labels[2] != names.OTHER:
            self._monitors.report((project, environment, check_in.monitor), check_in, batch.received)
        identity = (project, check_in.monitor, check_in.check_in_id, check_in.status, repr(check_in.timestamp))
        if check_in.check_in_id and not self._is_new("check_in", *identity):
            return  # the same report, sent again
        changes.add[names.CHECK_INS.name, labels, ""] += 1
        if check_in.status == "ok":
            key = (names.CHECK_IN_LAST_OK.name, labels[:3], "")
            changes.peak[key] = max(changes.peak.get(key, 0.0), check_in.timestamp)

    def _add_alert(self, alert: AlertSeen) -> None:
        severity = self._state.severity(alert.severity)
        name, severity = self._admit(names.ALERT_DURATION, (alert.name, severity))
        alert = msgspec.structs.replace(alert, name=name, severity=severity)
        self.changes.alerts.append(alert)
        if alert.ends_at is None or not self._is_new("alert", alert.fingerprint, repr(alert.starts_at)):
            return
        metric, labels = names.ALERT_DURATION, (alert.name, alert.severity)
        seconds = max(alert.ends_at - alert.starts_at, 0.0)
        self.changes.add[metric.name, labels, str(bisect_left(metric.buckets, seconds))] += 1
        self.changes.add[metric.name, labels, SUM] += seconds

    def _add_event(self, batch: Batch, event: EventSeen, seen: IssueSeen) -> None:
        changes = self.changes
        changes.events += 1
        project, environment = self._place(batch.project, event.environment)
        if event.has_own_id and not self._is_new("event", project, event.event_id):
            changes.add[names.DUPLICATES.name, (project,), ""] += 1
            return
        if event.release and (event.release, project) != self._noted:
            self._noted = (event.release, project)
            self._decisions.release(project, event.release, event.timestamp)
        labels = self._admit(names.EVENTS, (project, environment, event.level, seen.type))
        changes.add[names.EVENTS.name, labels, ""] += 1
        fingerprint = self._issue_of(project, seen, batch.received)
        change, here = self._issue(project, environment, event, fingerprint)
        if change.seen is None and fingerprint == seen.fingerprint:
            change.seen = seen
        change.events += 1
        change.seen_in[int(event.timestamp // 3600), environment, event.level, event.release, event.transaction] += 1
        for tag in event.tags.items():
            change.tags[tag] += 1
        here.events += 1
        change.level = event.level
        if event.timestamp >= change.last_seen:
            change.last_seen, change.last_release = event.timestamp, event.release or change.last_release
        change.first_seen = min(change.first_seen, event.timestamp)
        here.first_seen = min(here.first_seen, event.timestamp)
        here.last_seen = max(here.last_seen, event.timestamp)
        if event.user is not None:
            here.users.add(event.user)
            if event.level in _ERROR_LEVELS:
                who = (project, environment, event.user)
                changes.activity[who] = max(changes.activity.get(who, 0.0), event.timestamp)
        shown = fingerprint if here.is_exposed else names.OTHER
        key = (names.ISSUE_EVENTS.name, (project, environment, shown, event.level), "")
        changes.add[key] += 1
        if event.sample is not None and len(change.samples) < MAX_SAMPLES_A_FOLD:
            change.samples.append(Sample(event.event_id, environment, event.timestamp, event.sample))
            ids = (("trace_id", event.trace_id),) if event.trace_id else ()
            # Only an event that can be looked at may stand for its series.
            changes.exemplars[key] = Exemplar((*ids, ("event_id", event.event_id)), 1.0, event.timestamp)
        if not here.is_exposed:
            changes.stream.unexposed[project, environment, fingerprint, event.level] += 1
        notice = self._notice[1] if self._notice[0] is event else ""
        if (notice or event.sample is not None) and self._state.stream.admits(
            project, batch.received, is_notable=bool(notice)
        ):
            changes.stream.tell(changes.events, (project, environment), fingerprint, seen, event, notice)

    def _issue_of(self, project: str, seen: IssueSeen, at: float) -> str:
        """Return the fingerprint of the issue that an event counts in."""
        state = self._state
        fingerprint = state.aliases.resolve(project, seen.fingerprint)
        return fingerprint if (project, fingerprint) in state.issues else self._merges.join(project, seen, at)

    def _issue(
        self, project: str, environment: str, event: EventSeen, fingerprint: str
    ) -> tuple[IssueChange, EnvironmentChange]:
        """Find or begin the change of an event's issue, there in that environment; notices new and regressed ones."""
        changes, state = self.changes, self._state
        known = state.issues.get((project, fingerprint))
        if known is None:
            known = IssueState(state.next_issue_id, "unresolved", event.timestamp)
            state.next_issue_id += 1
            state.issues[project, fingerprint] = known
        elif event.timestamp < known.first_seen:  # as the store does: the time to resolve counts from there
            known.first_seen = event.timestamp
        change = changes.of(project, known)
        if not change.events:
            change.first_seen = change.last_seen = event.timestamp
            change.first_release = change.last_release = event.release
        if environment not in known.environments:
            labels = (project, environment, fingerprint)
            is_exposed = self._admit(names.ISSUE_INFO, labels)[2] != names.OTHER
            known.environments[environment] = is_exposed
            self._notice = (event, NEW)
            changes.add[names.NEW_ISSUES.name, (project, environment), ""] += 1
            changes.add[names.ISSUES.name, (project, environment, known.status), ""] += 1
        if known.status == "resolved" or known.condition is not None:
            before = known.status
            self._decisions.look_at(known, change, event, environment)
            if known.status == "regressed" != before:
                self._notice = (event, REGRESSED)
        here = change.environments.get(environment)
        if here is None:
            here = change.environments[environment] = EnvironmentChange(
                event.timestamp, event.timestamp, known.environments[environment]
            )
        return change, here

    def _add_request(self, sent_project: str, request: RequestSeen) -> None:
        changes = self.changes
        project, environment = self._place(sent_project, request.environment)
        transaction, duration = request.transaction, request.duration_seconds
        labels = self._admit(names.REQUESTS, (project, environment, transaction, request.method, request.status_class))
        changes.add[names.REQUESTS.name, labels, ""] += 1
        outcome = names.OUTCOMES[1 if request.failed else 0]
        labels = self._admit(names.REQUEST_DURATION, (project, environment, transaction, outcome))
        self._observe(names.REQUEST_DURATION, labels, duration, request)
        threshold = self._thresholds.seconds(project, transaction)
        zone = apdex.zone(duration, threshold, failed=request.failed)
        labels = self._admit(names.APDEX_REQUESTS, (project, environment, transaction, names.APDEX_ZONES[zone]))
        changes.add[names.APDEX_REQUESTS.name, labels, ""] += 1
        slot = int(request.timestamp // apdex.SLOT_SECONDS)
        for name, seconds in ((labels[2], threshold), (names.SERVICE_WIDE, self._thresholds.seconds(project, ""))):
            changes.apdex.setdefault((project, environment, name, slot), [0, 0, 0])[zone] += 1
            if name != names.OTHER:
                changes.put[names.APDEX_THRESHOLD.name, (project, environment, name), ""] = seconds

    def _observe(self, metric: Metric, labels: tuple[str, ...], value: float, request: RequestSeen) -> None:
        bucket = (metric.name, labels, str(bisect_left(metric.buckets, value)))
        self.changes.add[bucket] += 1
        self.changes.add[metric.name, labels, SUM] += value
        if request.trace_id:
            self.changes.exemplars[bucket] = Exemplar((("trace_id", request.trace_id),), value, request.timestamp)

    def _add_tallies(self, tallies: Tallies) -> None:
        add = self.changes.add
        for name, labels, amount in tallies.counters:
            if _is_known(name, labels):
                add[name, labels, ""] += amount
        for name, labels, buckets, total in tallies.observations:
            if _is_known(name, labels):
                for index, count in enumerate(buckets):
                    if count:
                        add[name, labels, str(index)] += count
                add[name, labels, SUM] += total

    def _place(self, project: str, environment: str) -> tuple[str, str]:
        """Bound the base labels; of a pair seen for the first time, make the series that alerts compare with 0."""
        project, environment, is_new = self._state.place(project, environment)
        if is_new:
            base = (project, environment)
            for metric in (names.NEW_ISSUES, names.REGRESSIONS, names.RESOLVED_ISSUES):
                self.changes.add[metric.name, base, ""] += 0
            for status in names.ISSUE_STATUSES:
                self.changes.add[names.ISSUES.name, (*base, status), ""] += 0
            self.changes.add[names.ISSUE_RESOLUTION.name, base, SUM] += 0
        return project, environment

    def _is_new(self, *identity: str) -> bool:
        value = hashed(*identity)
        if not self._state.seen.add(value):
            return False
        self.changes.seen.append(value)
        return True

    def _admit(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        budget = self._state.budget
        before = len(budget)
        admitted = budget.admit(metric, labels)
        if len(budget) != before:
            owner = scope(metric, labels)
            self.changes.put[names.SERIES.name, (owner, metric.name), ""] = budget.sizes[metric.name, owner]
        if admitted != labels:
            self.changes.add[names.SERIES_OVERFLOW.name, (scope(metric, labels), metric.name), ""] += 1
        return admitted


def _is_known(name: str, labels: tuple[str, ...]) -> bool:
    """Whether a metric is in the catalogue with these labels: an older or newer exporter may have counted it."""
    metric = names.BY_NAME.get(name)
    return metric is not None and len(metric.labels) == len(labels)
