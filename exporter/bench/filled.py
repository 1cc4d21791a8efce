"""A store as after two weeks of traffic, filled by the fold itself and the same each time."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen
from errtally.exporter.store.sqlite import SqliteDatabase
from errtally.exporter.store.writing import StoreWriter

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 14
PROJECTS = tuple(f"service-{number:02}" for number in range(12))
_FOLD_EVENTS = 5000
_USERS = 50_000
_TYPES = ("ValueError", "TimeoutError", "KeyError", "ConnectionResetError", "PaymentDeclined", "TypeError")
_WHAT = ("card declined for order", "timeout after", "no stock of", "can't reach", "field is missing:", "lock held by")
_WHERE = ("checkout", "cart", "search", "billing", "login", "export", "mail", "stock")
_SAMPLED = 0.02
"""Share of events that are kept whole: about what the policy keeps of a busy issue."""

_BROWSERS = ("Safari", "Firefox", "Chrome", "Edge")


def fill(data_dir: Path, *, issues: int, events: int, now: float, samples: int = 50) -> None:
    """Fill an empty data directory.

    Args:
        data_dir: where the store is made.
        issues: how many; each has at least one event, and few have most of them.
        events: how many in all, at least as many as issues.
        now: seconds since the epoch; the events are of the two weeks before.
        samples: that an issue keeps.

    Raises:
        StoreError: the store can't be written.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    random = Random(1)  # noqa: S311 (the same each time, on purpose)
    seen = [_issue(number) for number in range(issues)]
    weights = list(accumulate(1 / (rank + 10) for rank in range(issues)))
    numbers = [*range(issues), *random.choices(range(issues), cum_weights=weights, k=events - issues)]
    random.shuffle(numbers)
    begin, step = now - DAYS * 86_400, DAYS * 86_400 / events
    with closing(SqliteDatabase(data_dir).writer()) as db:
        writer = StoreWriter(db, events_per_issue=samples)
        state, _ = writer.load({})
        for start in range(0, events, _FOLD_EVENTS):
            fold = Fold(state, Thresholds(()))
            batches: dict[str, Batch] = {}
            for place in range(start, min(start + _FOLD_EVENTS, events)):
                number = numbers[place]
                project = PROJECTS[number % len(PROJECTS)]
                batch = batches.setdefault(project, Batch(project, now, [], []))
                batch.issues.append(seen[number])
                batch.events.append(_event(random, number, place, begin + place * step, len(batch.issues) - 1))
            for batch in batches.values():
                fold.add(batch)
            writer.apply(fold.changes, {})


def _issue(number: int) -> IssueSeen:
    type_, what, where = _TYPES[number % 6], _WHAT[number // 6 % 6], _WHERE[number // 36 % 8]
    title, culprit = f"{type_}: {what} <n> in {where} {number}", f"shop/{where}/views_{number % 97}.py in handle"
    pattern = f"{what} <n> in {where} {number}"
    return IssueSeen(f"{number:016x}", type_, title, culprit, pattern, ("stack trace", "type"), "python")


def _event(random: Random, number: int, place: int, timestamp: float, issue: int) -> EventSeen:
    event = EventSeen(
        issue=issue,
        environment="production" if random.random() < 0.9 else "staging",  # noqa: PLR2004
        level=("error", "error", "warning", "fatal")[number % 4],
        timestamp=timestamp,
        event_id=f"{place:032x}",
        user=random.randrange(_USERS),
        release=f"shop@1.{place * 30 // 1_000_000}",
        transaction=f"/{_WHERE[number // 36 % 8]}/{{id}}",
    )
    if random.random() < _SAMPLED:
        event.tags = {
            "browser": random.choice(_BROWSERS),
            "region": f"eu-{place % 7}",
            "server_name": f"web-{place % 40}",
        }
        event.sample = _page(event)
        what = f"{_WHAT[number // 6 % 6]} {place} in {_WHERE[number // 36 % 8]}"
        event.texts = (f"happened {event.event_id[-8:]}", f"shop.errors.{_TYPES[number % 6]}: {what}")
        event.people = (random.getrandbits(62), random.getrandbits(62))
    return event


def _page(event: EventSeen) -> bytes:
    """The event as the pages show it, with a stack trace of 30 frames."""
    frames = [
        {
            "function": f"step_{depth}", "filename": f"shop/layer_{depth}.py", "lineno": depth,
            "in_app": depth % 3 == 0,
            "context_line": f"    return step_{depth + 1}(order, depth={depth})",
        }
        for depth in range(30)
    ]  # fmt: skip
    page = {
        "event_id": event.event_id,
        "timestamp": event.timestamp,
        "level": event.level,
        "message": f"happened {event.event_id[-8:]}",
        "environment": event.environment,
        "release": event.release,
        "transaction": event.transaction,
        "tags": event.tags,
        "exceptions": [{"type": "Error", "value": "it happened", "frames": frames}],
        "breadcrumbs": [{"category": "query", "message": f"SELECT {step}"} for step in range(20)],
    }
    return json.dumps(page).encode()
