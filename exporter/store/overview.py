"""What the overview shows of all projects: numbers of one moment, each from a table that is bounded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest import apdex
from errtally.exporter.store import rates

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

DAY_HOURS = 24
DAY_SECONDS = 86400


@dataclass(slots=True)
class ProjectNumbers:
    """One project.

    Attributes:
        events_per_minute: over the last five minutes, by when they came in.
        events_day: within 24 hours, by when they happened.
        apdex: of the whole service over five minutes; None without requests.
        new_day: issues that were first seen within 24 hours.
        last_seen: when its newest event happened; None before the first.
    """

    name: str
    events_per_minute: float = 0.0
    events_day: int = 0
    apdex: float | None = None
    new_day: int = 0
    regressed: int = 0
    unresolved: int = 0
    last_seen: float | None = None


@dataclass(slots=True)
class IngestNumbers:
    """What came in since the store was made.

    Attributes:
        accepted: items of accepted requests by their kind.
        rejected: protocol and reason to requests and items that were not taken.
        dropped: category and reason to what limits and quotas did not let in.
    """

    since: float = 0.0
    accepted: dict[str, float] = field(default_factory=dict)
    rejected: dict[tuple[str, str], float] = field(default_factory=dict)
    dropped: dict[tuple[str, str], float] = field(default_factory=dict)
    store_errors: float = 0.0


def projects(db: Connection, now: float) -> dict[str, ProjectNumbers]:
    """Return the numbers of every project that anything was counted for.

    Raises:
        ERRORS: the store can't be read.
    """
    found: dict[str, ProjectNumbers] = {}

    def of(name: str) -> ProjectNumbers:
        return found.setdefault(name, ProjectNumbers(name))

    for (name,) in db.execute(
        "SELECT DISTINCT json_extract(labels, '$[0]') FROM series WHERE metric = ?", (names.NEW_ISSUES.name,)
    ):
        of(name)
    for name, status, issues, new, last_seen in db.execute(
        """SELECT project, status, count(*), count(*) FILTER (WHERE first_seen > ?), max(last_seen) FROM issues
        WHERE NOT EXISTS (SELECT 1 FROM aliases a
          WHERE a.project = issues.project AND a.fingerprint = issues.fingerprint AND a.undone_at IS NULL)
        GROUP BY project, status""",
        (now - DAY_SECONDS,),
    ):
        one = of(name)
        one.new_day += new
        one.regressed += issues if status == "regressed" else 0
        one.unresolved += issues if status in {"unresolved", "regressed"} else 0
        one.last_seen = max(one.last_seen or 0.0, last_seen)
    for name, events in db.execute(
        """SELECT i.project, sum(h.events) FROM issue_hours h JOIN issues i ON i.id = h.issue
        WHERE h.hour > ? GROUP BY i.project""",
        (int(now // 3600) - DAY_HOURS,),
    ):
        of(name).events_day = events
    for name, rate in rates.per_minute(db, now).items():
        of(name).events_per_minute = rate
    for name, *counts in db.execute(
        """SELECT project, sum(satisfied), sum(tolerating), sum(frustrated) FROM apdex_slots
        WHERE slot > ? AND trans = ? GROUP BY project""",
        ((now - names.APDEX_WINDOW_SECONDS) // apdex.SLOT_SECONDS, names.SERVICE_WIDE),
    ):
        of(name).apdex = apdex.score(*counts)
    return found


def ingest(db: Connection) -> IngestNumbers:
    """Return what was taken and what was not.

    Raises:
        ERRORS: the store can't be read.
    """
    (since,) = db.execute("SELECT value FROM meta WHERE name = 'created'").fetchone()
    numbers = IngestNumbers(since=float(since))
    wanted = (names.INGEST_ITEMS.name, names.INGEST_REJECTED.name, names.INGEST_DROPPED.name, names.STORE_ERRORS.name)
    for metric, text, value in db.execute(
        "SELECT metric, labels, value FROM series WHERE metric IN (?, ?, ?, ?) ORDER BY value DESC, labels", wanted
    ):
        labels = json.loads(text)
        if metric == names.INGEST_ITEMS.name:
            numbers.accepted[labels[1]] = numbers.accepted.get(labels[1], 0.0) + value
        elif metric == names.INGEST_REJECTED.name:
            numbers.rejected[labels[0], labels[1]] = value
        elif metric == names.INGEST_DROPPED.name:
            numbers.dropped[labels[1], labels[2]] = numbers.dropped.get((labels[1], labels[2]), 0.0) + value
        else:
            numbers.store_errors = value
    return numbers
