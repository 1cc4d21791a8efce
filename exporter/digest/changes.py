"""What a fold asks of the store, added up over many records and applied in one transaction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from errtally.exporter.digest.stream import StreamChange

if TYPE_CHECKING:
    from errtally.exporter.digest.buckets import SeriesKey
    from errtally.exporter.digest.budget import LabelSet
    from errtally.exporter.digest.conditions import Condition
    from errtally.exporter.digest.held_requests import HeldRequest
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.jobs import Job, Monitor
    from errtally.exporter.digest.releases import Release
    from errtally.exporter.journal.records import AlertSeen, DeployChange, EventSeen, IssueSeen, ReleaseChange


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One event that stands for a series: ids for people to follow, the value it had, when it happened."""

    labels: tuple[tuple[str, str], ...]
    value: float
    timestamp: float


@dataclass(slots=True)
class Sample:
    """An event to keep whole; ``page`` is scrubbed JSON."""

    event_id: str
    environment: str
    timestamp: float
    page: bytes


class EnvironmentChange(msgspec.Struct):
    """What happened to an issue in one environment; ``label_set`` is what it takes from the budget when exposed."""

    first_seen: float
    last_seen: float
    is_exposed: bool
    label_set: LabelSet
    events: int = 0
    users: set[int] = set()


@dataclass(slots=True)
class Decision:
    """A change of an issue's status: who did what, and when; ``details`` are the parameters of it, as the API shows."""

    at: float
    by: str
    what: str
    details: dict[str, str | float] = field(default_factory=dict)


class Spell:
    """Events, and when the first and the last of them happened."""

    __slots__ = ("events", "first", "last")

    def __init__(self, first: float, last: float, events: int = 1) -> None:
        self.events, self.first, self.last = events, first, last

    def add(self, at: float) -> None:
        """Count one more."""
        self.events += 1
        if at < self.first:
            self.first = at
        elif at > self.last:
            self.last = at

    def absorb(self, other: Spell) -> None:
        """Count those of another spell as well."""
        self.events += other.events
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


@dataclass(frozen=True, slots=True)
class DeletedIssue:
    """An issue that a person deleted, or what had been merged into one; ``by`` as in `Decision`."""

    id: int
    project: str
    fingerprint: str
    environments: tuple[str, ...]
    at: float
    by: str


class IssueChange(msgspec.Struct):
    """What happened to an issue; ``status``, ``resolved`` and ``regressed`` are what they are after the fold.

    ``seen`` is None when no event had the issue's own fingerprint: a person decided, or events of merged ones came.

    Attributes:
        level: of the last event.
        first_release: of the first event, "" when that names none.
        last_release: of the last event that names one.
        is_unhandled: whether nothing caught one of the events.
        fields: what people said of it, by the names of `records.FIELDS`.
        condition: what ends the status by itself, as it is after the fold.
        is_condition_new: whether another condition, or none, was there before.
        counted_users: users that the condition counts since.
        seen_in: hour since the epoch, environment, level, release and transaction to events.
        tags: tag and value to events, of events that came with their tags.
        texts: what its samples say, each once, in order, and when that was said last.
        people: users of its samples, by everything that they are called, keyed hashes, and when they were hit last.
        is_recast: whether it was merged into another issue, or taken out of it.
    """

    id: int
    project: str
    seen: IssueSeen | None
    status: str
    resolved: float | None
    regressed: float | None
    level: str = ""
    first_seen: float = 0.0
    last_seen: float = 0.0
    first_release: str = ""
    last_release: str = ""
    events: int = 0
    is_unhandled: bool = False
    fields: dict[str, str] = {}
    environments: dict[str, EnvironmentChange] = {}
    samples: list[Sample] = []
    decisions: list[Decision] = []
    condition: Condition | None = None
    is_condition_new: bool = False
    counted_users: list[int] = []
    seen_in: dict[tuple[int, str, str, str, str], Spell] = {}
    tags: dict[tuple[str, str], Spell] = {}
    texts: dict[str, float] = {}
    people: dict[int, float] = {}
    is_recast: bool = False

    def count(self, event: EventSeen, environment: str) -> None:
        """Count an event, and what it has in common with others."""
        self.events += 1
        at = event.timestamp
        where = (int(at // 3600), environment, event.level, event.release, event.transaction)
        if (spell := self.seen_in.get(where)) is None:
            self.seen_in[where] = Spell(at, at)
        else:
            spell.add(at)
        for tag in event.tags.items():
            if (spell := self.tags.get(tag)) is None:
                self.tags[tag] = Spell(at, at)
            else:
                spell.add(at)
        if event.is_unhandled:
            self.is_unhandled = True

    def keep(self, event: EventSeen, environment: str, page: bytes) -> None:
        """Take a sample, and what it is found by."""
        self.samples.append(Sample(event.event_id, environment, event.timestamp, page))
        at = event.timestamp
        for text in event.texts:
            self.texts[text] = max(at, self.texts.get(text, at))
        for person in event.people:
            self.people[person] = max(at, self.people.get(person, at))

    def see(self, event: EventSeen) -> None:
        """Move what belongs to the first or the last event: a late one of an older release moves time and release."""
        at = event.timestamp
        if at < self.first_seen:
            self.first_seen, self.first_release = at, event.release
        if at >= self.last_seen:
            self.last_seen, self.level = at, event.level
            self.last_release = event.release or self.last_release
        elif not self.last_release:  # the last event that names a release is this one
            self.last_release = event.release


@dataclass(slots=True)
class AliasChange:
    """A fingerprint became an alias of an issue, or no longer is one.

    Attributes:
        id: place in the order in which fingerprints appeared; 0 when the fingerprint is an issue or alias already.
        into: fingerprint that it was merged into; "" takes the merge back for good.
        reason: why, in words.
        by: who, "" when nobody was asked.
        seen: what it is, for one that never was an issue.
        environments: environments that the issue it was merged into is known in from now on, to whether it has
            series there.
    """

    id: int
    project: str
    fingerprint: str
    into: str
    reason: str
    at: float
    by: str
    seen: IssueSeen | None = None
    environments: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a scheduled job said of a run, or what was judged of it.

    Attributes:
        run: names the run, "" where the client did not.
        status: one of `names.CHECK_IN_STATUSES`.
        at: when that was, or when the run was planned that is missed; seconds since the epoch.
        duration_seconds: how long it took, as the client says.
    """

    job: Job
    run: str
    status: str
    at: float
    duration_seconds: float | None = None


@dataclass(slots=True)
class SessionUser:
    """When somebody last had a session of a release, and when one of theirs last crashed (0 for never)."""

    last_seen: float
    last_crashed: float = 0.0


@dataclass(slots=True)
class Changes:
    """Everything that one fold changes.

    Attributes:
        add: what to add to series.
        put: what to set series to.
        peak: what series are raised to, when it is more than they have.
        noticed: series to set to the time at which these changes are stored, and so can be seen.
        apdex: project, environment, transaction, slot to requests in the three zones.
        affected: project, environment, slot (`users.SLOT_SECONDS`) to the users hit by an error in it.
        exposed: label sets that got series, True, or gave them up, False.
        seen: hashes of what must not be counted again.
        aliases: merges and what took them back, in order.
        alerts: what Alertmanager told, in order.
        gauges: metric and labels of what clients push to its value and when it came.
        releases: project and release to what it is now, None for one that is forgotten.
        told_releases: what was told of releases, with their projects as they are counted.
        deploys: project and environment as they are counted, and what was told of a deploy there.
        monitors: scheduled jobs as they are now, None for one that no longer exists.
        reports: of scheduled jobs, with a schedule and without, in order.
        session_users: project, environment, release to users and whether a session of theirs crashed.
        session_hours: hour since the epoch, and the labels of SESSIONS, to sessions.
        deleted_issues: issues that go, before anything else of these changes.
        unaliased: projects and fingerprints that are aliases no longer, since what they were merged into goes.
        events: events that were folded, duplicates among them.
        stream: what the live stream tells of them.
        at: when the newest record came in, seconds since the epoch; 0 when none of them says.
        deleted_samples: ids of sample events to delete, and why.
        held: requests that are held back from now on, None when these are the same as before.
        request_bounds: bounds of the buckets of request durations from now on; empty when they stay.
    """

    add: defaultdict[SeriesKey, float] = field(default_factory=lambda: defaultdict(float))
    put: dict[SeriesKey, float] = field(default_factory=dict)
    peak: dict[SeriesKey, float] = field(default_factory=dict)
    noticed: set[SeriesKey] = field(default_factory=set)
    exemplars: dict[SeriesKey, Exemplar] = field(default_factory=dict)
    issues: dict[int, IssueChange] = field(default_factory=dict)
    aliases: list[AliasChange] = field(default_factory=list)
    apdex: dict[tuple[str, str, str, int], list[int]] = field(default_factory=dict)
    affected: dict[tuple[str, str, int], set[int]] = field(default_factory=dict)
    exposed: dict[LabelSet, bool] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    alerts: list[AlertSeen] = field(default_factory=list)
    gauges: dict[tuple[str, tuple[str, ...]], tuple[float, float]] = field(default_factory=dict)
    releases: dict[tuple[str, str], Release | None] = field(default_factory=dict)
    told_releases: list[tuple[str, ReleaseChange]] = field(default_factory=list)
    deploys: list[tuple[str, str, DeployChange]] = field(default_factory=list)
    monitors: dict[Job, Monitor | None] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    session_users: dict[tuple[str, str, str], dict[int, SessionUser]] = field(default_factory=dict)
    session_hours: defaultdict[tuple[int, tuple[str, ...]], int] = field(default_factory=lambda: defaultdict(int))
    deleted_issues: list[DeletedIssue] = field(default_factory=list)
    unaliased: list[tuple[str, str]] = field(default_factory=list)
    events: int = 0
    stream: StreamChange = field(default_factory=StreamChange)
    at: float = 0.0
    deleted_samples: list[tuple[int, str]] = field(default_factory=list)
    request_bounds: tuple[float, ...] = ()
    held: list[HeldRequest] | None = None

    def of(self, project: str, known: IssueState) -> IssueChange:
        """Find or begin the change of an issue."""
        change = self.issues.get(known.id)
        if change is None:
            change = self.issues[known.id] = IssueChange(
                known.id, project, None, known.status, known.resolved, known.regressed, condition=known.condition
            )
        return change
