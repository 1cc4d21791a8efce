"""The fold: records in, changes out. Deterministic in the state and the records' order; no clock, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from errtally import names
from errtally.exporter.digest import tallies, users
from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM
from errtally.exporter.digest.budget import scope
from errtally.exporter.digest.changes import (
    Changes,
    EnvironmentChange,
    Exemplar,
    Report,
)
from errtally.exporter.digest.decisions import AGENDA, Decisions
from errtally.exporter.digest.deletions import Deletions
from errtally.exporter.digest.deploys import Deploys
from errtally.exporter.digest.failures import Failures
from errtally.exporter.digest.issue_state import IssueState
from errtally.exporter.digest.measures import Measures
from errtally.exporter.digest.merges import Merges
from errtally.exporter.digest.monitors import Monitors
from errtally.exporter.digest.requests import Requests, observe
from errtally.exporter.digest.sayings import Sayings
from errtally.exporter.digest.seen import hashed
from errtally.exporter.digest.sessions import Sessions
from errtally.exporter.digest.stream import NEW, REGRESSED
from errtally.exporter.journal.records import (
    Batch,
    DeletionChange,
    DeployChange,
    MergeChange,
    ReleaseChange,
    StatusChange,
    Tallies,
)

if TYPE_CHECKING:
    from errtally.exporter.digest.apdex import Thresholds
    from errtally.exporter.digest.changes import IssueChange
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import (
        AlertSeen,
        CheckInSeen,
        EventSeen,
        IssueSeen,
        Record,
    )
    from errtally.exporter.projects import Project
    from errtally.names import Metric

MAX_SAMPLES_A_FOLD = 20
"""Samples of one issue that one fold keeps; the workers' policy bounds them already, but there may be many workers."""

_ERROR_LEVELS = frozenset(names.ERROR_LEVELS)
_EVENTS, _SERVICE_EVENTS, _ISSUE_EVENTS = (
    metric.name for metric in (names.EVENTS, names.SERVICE_EVENTS, names.ISSUE_EVENTS)
)

_OF_A_SERVICE = {
    names.ISSUES: names.ISSUE_STATUSES,
    names.SERVICE_EVENTS: names.LEVELS,
    names.SERVICE_REQUESTS: names.STATUS_CLASSES,
    names.SERVICE_APDEX_REQUESTS: names.APDEX_ZONES,
}
"""What every service has a series of for each of these label values, from the start."""


class Fold:
    """Adds records up to changes.

    Args:
        state: what is known of the store; kept current.
        thresholds: T of Apdex.
    """

    def __init__(self, state: State, thresholds: Thresholds) -> None:
        self._state = state
        self._touched = state.budget.touched
        self._uses = state.budget.uses
        self.changes = Changes()
        self._merges = Merges(state, self.changes, self._admit)
        self._failures = Failures(state, self.changes, self._merges)
        self._measures = Measures(state, self.changes, place=self._place, admit=self._admit)
        self._requests = Requests(state, self.changes, thresholds, place=self._place, admit=self._admit)
        self._decisions = Decisions(state, self.changes)
        self._sayings = Sayings(state, self.changes)
        self._deletions = Deletions(state, self.changes)
        self._sessions = Sessions(
            state, self.changes, self._decisions, place=self._place, admit=self._admit, is_new=self._is_new
        )
        self._deploys = Deploys(state, self.changes, place=self._place, admit=self._admit)
        self._monitors = Monitors(state.monitors, state.agenda, self.changes, self._admit, state.seen)
        self._notice: tuple[EventSeen | None, str] = (None, "")

    def declare(self, projects: tuple[Project, ...]) -> None:
        """Make what alerts reckon with exist at 0: series of configured projects before their first event, and of those
        that an older exporter knew, counters without labels; and buckets for every T.
        """  # noqa: D205
        buckets = self._state.request_buckets.with_bounds(self._requests.bounds())
        self._state.request_buckets, self.changes.request_bounds = buckets, buckets.bounds
        for project in projects:
            for environment in project.environments:
                self._place(project.name, environment)
        for known, environments in self._state.environments.items():
            for environment in environments:
                self._begin(known, environment)
        for metric in names.CATALOGUE:
            if metric.kind == "counter" and not metric.labels:
                self.changes.add[metric.name, (), ""] += 0

    def add(self, record: Record) -> None:
        """Fold one record."""
        if isinstance(record, Batch):
            self._tick(record.received)
        elif not isinstance(record, Tallies):
            self._tick(record.at)
        if isinstance(record, Batch):
            self._add_batch(record)
        elif isinstance(record, Tallies):
            tallies.add(self.changes, record)
        elif isinstance(record, MergeChange):
            self._merges.decide(record)
        elif isinstance(record, StatusChange):
            self._decisions.decide(record)
        elif isinstance(record, DeletionChange):
            self._deletions.decide(record)
        elif isinstance(record, ReleaseChange | DeployChange):
            self._deploys.add(record)
        else:
            self._sayings.add(record)

    def pass_time(self, now: float) -> int:
        """Fold what the time alone brings about: ignored issues that are open again, runs of jobs that are missed.

        Args:
            now: seconds since the epoch; everything that was received before has to be folded.

        Returns:
            How many things were looked at.
        """
        due = list(self._state.agenda.due(now))
        settled = self._requests.settle(now)
        if due or settled:
            self._tick(now)
        for kind, *key in due:
            if kind == AGENDA:
                project, fingerprint = key
                self._decisions.pass_time(project, fingerprint, now)
            else:
                project, environment, monitor = key
                self._monitors.judge((project, environment, monitor), now)
        return len(due) + settled

    def _tick(self, at: float) -> None:
        """Set the clock forward; the workers' clocks, and so the times of their records, may go back."""
        self._state.now = self.changes.at = max(self._state.now, at)

    def _add_batch(self, batch: Batch) -> None:
        changes = self.changes
        for event in batch.events:
            self._add_event(batch, event, batch.issues[event.issue])
            if event.trace_id and (event.level == "fatal" or event.is_unhandled):
                self._requests.fail(batch.project, event)
        is_new = not batch.identity or self._is_new("request", batch.project, batch.identity)
        if is_new:
            self._requests.add(batch)
        for session in batch.sessions:
            self._sessions.add(batch, session)
        for check_in in batch.check_ins:
            self._add_check_in(batch, check_in)
        for discard in batch.discards if is_new else ():
            project = self._state.project(batch.project)
            labels = self._admit(names.CLIENT_DISCARDED_EVENTS, (project, discard.reason, discard.category))
            changes.add[names.CLIENT_DISCARDED_EVENTS.name, labels, ""] += discard.quantity
        for log in batch.logs if is_new else ():
            project, environment = self._place(batch.project, log.environment)
            changes.add[names.LOG_RECORDS.name, (project, environment, log.level), ""] += log.quantity
        if batch.measures:
            self._measures.add(batch, is_first=is_new)
        for alert in batch.alerts:
            self._add_alert(alert)

    def _add_check_in(self, batch: Batch, check_in: CheckInSeen) -> None:
        changes = self.changes
        project, environment = self._place(batch.project, check_in.environment)
        labels = self._admit(names.CHECK_INS, (project, environment, check_in.monitor, check_in.status))
        if labels[2] != names.OTHER:
            self._monitors.report((project, environment, check_in.monitor), check_in, batch.received)
        identity = (project, check_in.monitor, check_in.check_in_id, check_in.status, repr(check_in.timestamp))
        if check_in.check_in_id and not self._is_new("check_in", *identity):
            return  # the same report, sent again
        if labels[2] != names.OTHER:
            job, duration = (project, environment, check_in.monitor), check_in.duration_seconds
            changes.reports.append(
                Report(job, check_in.check_in_id, check_in.status, min(check_in.timestamp, batch.received), duration)
            )
        changes.add[names.CHECK_INS.name, labels, ""] += 1
        if check_in.status == "ok":
            key = (names.CHECK_IN_LAST_OK.name, labels[:3], "")
            changes.peak[key] = max(changes.peak.get(key, 0.0), check_in.timestamp)
        elif check_in.status in names.FAILED_CHECK_IN_STATUSES:
            changes.noticed.add((names.CHECK_IN_LAST_FAILED.name, labels[:3], ""))

    def _add_alert(self, alert: AlertSeen) -> None:
        severity = self._state.severity(alert.severity)
        name, severity = self._admit(names.ALERT_DURATION, (alert.name, severity))
        alert = msgspec.structs.replace(alert, name=name, severity=severity)
        self.changes.alerts.append(alert)
        if (
            alert.ends_at is None
            or name in names.EVENT_ALERTS
            or not self._is_new("alert", alert.fingerprint, repr(alert.starts_at))
        ):
            return
        metric, labels = names.ALERT_DURATION, (alert.name, alert.severity)
        seconds = max(alert.ends_at - alert.starts_at, 0.0)
        observe(self.changes, metric, labels, OF_CATALOGUE[metric.name], seconds)

    def _add_event(self, batch: Batch, event: EventSeen, seen: IssueSeen) -> None:
        changes = self.changes
        changes.events += 1
        project, environment = self._place(batch.project, event.environment)
        is_again = event.has_own_id and not self._is_new("event", project, event.event_id)
        if (
            (event.told_by or event.tells) and self._failures.is_told(project, event, seen, batch.received)
        ) or is_again:
            changes.add[names.DUPLICATES.name, (project,), ""] += 1
            return
        if event.release:
            self._decisions.release(project, event.release, event.timestamp)
        labels = self._admit(names.EVENTS, (project, environment, event.level, seen.type))
        changes.add[_EVENTS, labels, ""] += 1
        changes.add[_SERVICE_EVENTS, (project, environment, event.level), ""] += 1
        fingerprint = self._issue_of(project, seen, batch.received)
        change, here = self._issue(project, environment, event, fingerprint)
        if change.seen is None and fingerprint == seen.fingerprint:
            change.seen = seen
        change.count(event, environment)
        here.events += 1
        change.see(event)
        if event.timestamp < here.first_seen:
            here.first_seen = event.timestamp
        elif event.timestamp > here.last_seen:
            here.last_seen = event.timestamp
        if event.user is not None:
            here.users.add(event.user)
            if event.level in _ERROR_LEVELS:
                slot = (project, environment, users.slot(event.timestamp))
                affected = changes.affected.get(slot)
                if affected is None:
                    affected = changes.affected[slot] = set()
                affected.add(event.user)
        if here.is_exposed:
            self._touched[here.label_set] = self._state.now
            self._uses[here.label_set] += 1
        else:
            self._expose(change, environment, here)
        shown = fingerprint if here.is_exposed else names.OTHER
        key = (_ISSUE_EVENTS, (project, environment, shown, event.level), "")
        changes.add[key] += 1
        if event.sample is not None and len(change.samples) < MAX_SAMPLES_A_FOLD:
            change.keep(event, environment, event.sample)
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
        if (project, fingerprint) not in state.issues:
            fingerprint = self._merges.join(project, seen, at)
        if seen.unresolved:
            self._merges.claim(project, seen, fingerprint, at)
        return fingerprint

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
            self._notice = (event, NEW)
            known.environments[environment] = False  # until there turns out to be room
            changes.add[names.NEW_ISSUES.name, (project, environment), ""] += 1
            if event.level in _ERROR_LEVELS:
                changes.noticed.add((names.LAST_NEW_ISSUE.name, (project, environment), ""))
            changes.add[names.ISSUES.name, (project, environment, known.status), ""] += 1
        if known.status == "resolved" or known.condition is not None:
            before = known.status
            self._decisions.look_at(known, change, event, environment)
            if known.status == "regressed" != before:
                self._notice = (event, REGRESSED)
        here = change.environments.get(environment)
        if here is None:
            here = change.environments[environment] = EnvironmentChange(
                event.timestamp,
                event.timestamp,
                known.environments[environment],
                (names.ISSUE_INFO.name, (project, environment, fingerprint)),
            )
        return change, here

    def _expose(self, change: IssueChange, environment: str, here: EnvironmentChange) -> None:
        """Give an issue its series in an environment when there is room; what went to the other stays there."""
        labels = here.label_set[1]
        if self._admit(names.ISSUE_INFO, labels) == labels:
            here.is_exposed = True
            self._state.issues[change.project, labels[2]].environments[environment] = True

    def _place(self, project: str, environment: str) -> tuple[str, str]:
        """Bound the base labels; of a pair seen for the first time, make the series that alerts compare with 0."""
        project, environment, is_new = self._state.place(project, environment)
        if is_new:
            for window in names.USER_WINDOWS:
                self.changes.put[names.USERS_AFFECTED.name, (project, environment, window), ""] = 0
            self._begin(project, environment)
        return project, environment

    def _begin(self, project: str, environment: str) -> None:
        """Make a service's series that alerts compare with 0."""
        add, base = self.changes.add, (project, environment)
        for metric in (names.NEW_ISSUES, names.REGRESSIONS, names.RESOLVED_ISSUES):
            add[metric.name, base, ""] += 0
        for metric in (names.LAST_NEW_ISSUE, names.LAST_REGRESSION):
            self.changes.peak.setdefault((metric.name, base, ""), 0.0)
        for metric, values in _OF_A_SERVICE.items():
            for value in values:
                add[metric.name, (*base, value), ""] += 0
        for metric in (names.ISSUE_RESOLUTION, names.SERVICE_REQUEST_DURATION):
            add[metric.name, base, SUM] += 0

    def _is_new(self, *identity: str) -> bool:
        value = hashed(*identity)
        if not self._state.seen.add(value):
            return False
        self.changes.seen.append(value)
        return True

    def _admit(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Bound the labels of a metric that has a limit."""
        label_set = (metric.name, labels)
        if label_set in self._touched:
            self._touched[label_set] = self._state.now
            self._uses[label_set] += 1
            return labels
        state, changes, owner = self._state, self.changes, scope(metric, labels)
        before = len(state.budget)
        admitted, evicted = state.budget.admit(metric, labels, state.now)
        for name, idle in evicted:
            changes.exposed[name, idle] = False
            changes.add[names.SERIES_EVICTIONS.name, (owner, name), ""] += 1
            if metric is names.ISSUE_INFO:
                self._hide(*idle)
        if evicted or len(state.budget) != before:
            changes.exposed[metric.name, admitted] = True
            changes.put[names.SERIES.name, (owner, metric.name), ""] = state.budget.sizes[metric.name, owner]
        if admitted != labels:
            changes.add[names.SERIES_OVERFLOW.name, (owner, metric.name), ""] += 1
        return admitted

    def _hide(self, project: str, environment: str, fingerprint: str) -> None:
        """Take note that an issue has no series in an environment any more."""
        known = self._state.issues[project, fingerprint]
        known.environments[environment] = False
        change = self.changes.issues.get(known.id)
        if change is not None and environment in change.environments:
            change.environments[environment].is_exposed = False
