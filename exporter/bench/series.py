"""A store that holds as many series as asked for, in the mix of a real one, and changes of a share of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM
from errtally.exporter.digest.changes import Changes, EnvironmentChange, IssueChange
from errtally.exporter.journal.records import IssueSeen
from errtally.exporter.store.sqlite import SqliteDatabase
from errtally.exporter.store.writing import StoreWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ISSUE_LINES = 6
"""Lines of an issue in one environment: its counter, its info, three timestamps, its users."""

_BUCKETS = OF_CATALOGUE[names.REQUEST_DURATION.name]
TRANSACTION_LINES = 2 + len(names.APDEX_ZONES) + 1 + len(_BUCKETS.parts) + 2
"""Lines of a transaction: requests of two status classes, Apdex' zones and T, a histogram with sum and count."""

ISSUE_SHARE, TRANSACTION_SHARE = 0.6, 0.3
"""Shares of the lines that are of issues and of transactions; the rest are events by type."""

OF_A_PROJECT = 500
"""Issues, transactions or types of one project."""

_START = 1_750_000_000.0


@dataclass(frozen=True, slots=True)
class Mix:
    """How many issues, transactions and types of errors make up a number of lines."""

    issues: int
    transactions: int
    types: int

    @classmethod
    def of(cls, lines: int) -> Mix:
        """Return the mix that gives about as many lines."""
        issues = int(lines * ISSUE_SHARE / ISSUE_LINES)
        transactions = int(lines * TRANSACTION_SHARE / TRANSACTION_LINES)
        return cls(issues, transactions, lines - issues * ISSUE_LINES - transactions * TRANSACTION_LINES)

    def units(self) -> list[tuple[Callable[[Changes, int, float], None], int]]:
        """Return everything that can change, as the function that changes it and its number."""
        return [
            (change, number)
            for change, count in ((_issue, self.issues), (_transaction, self.transactions), (_type, self.types))
            for number in range(count)
        ]


class Filled:
    """A store with a mix of series.

    Args:
        folder: where the store is made.
        lines: how many series it shows, about.
        seed: which of them change.
    """

    def __init__(self, folder: Path, lines: int, *, seed: int = 1) -> None:
        (folder / "journal").mkdir(parents=True, exist_ok=True)
        self._db = SqliteDatabase(folder).writer()
        self._writer = StoreWriter(self._db, events_per_issue=2)
        self._writer.load({})
        self._units = Mix.of(lines).units()
        self._draw = random.Random(seed)  # noqa: S311 (which series change is no secret)
        self._now = _START
        self._apply(self._units)

    def change(self, share: float) -> None:
        """Change a share of the series, in one transaction."""
        self._apply(self._draw.sample(self._units, max(int(len(self._units) * share), 1)))

    def close(self) -> None:
        """Close the store."""
        self._db.close()

    def _apply(self, units: Sequence[tuple[Callable[[Changes, int, float], None], int]]) -> None:
        self._now += 15
        changes = Changes(at=self._now)
        for change, number in units:
            change(changes, number, self._now)
        self._writer.apply(changes, {})


def _base(number: int) -> tuple[str, str]:
    return f"project-{number // OF_A_PROJECT:02d}", "production"


def _issue(changes: Changes, number: int, now: float) -> None:
    project, environment = _base(number)
    fingerprint = f"{number:016x}"
    title = f"OrderError: order <number> of customer {number} can't be shipped to <text>"
    seen = IssueSeen(fingerprint, "OrderError", title, f"shop.orders.ship_{number} in ship")
    labels = (project, environment, fingerprint)
    here = EnvironmentChange(now, now, is_exposed=True, label_set=(names.ISSUE_INFO.name, labels), events=1)
    changes.issues[number + 1] = IssueChange(
        number + 1, project, seen, "unresolved", None, None, "error", now, now, events=1,
        environments={environment: here},
    )  # fmt: skip
    changes.add[names.ISSUE_EVENTS.name, (*labels, "error"), ""] += 1


def _transaction(changes: Changes, number: int, _: float) -> None:
    add, base, transaction = changes.add, _base(number), f"/api/v1/shops/{number}/orders"
    for status_class in ("2xx", "5xx"):
        add[names.REQUESTS.name, (*base, transaction, "GET", status_class), ""] += 1
    for zone in names.APDEX_ZONES:
        add[names.APDEX_REQUESTS.name, (*base, transaction, zone), ""] += 1
    changes.put[names.APDEX_THRESHOLD.name, (*base, transaction), ""] = names.DEFAULT_APDEX_THRESHOLD_SECONDS
    seconds = _BUCKETS.bounds[number % len(_BUCKETS.bounds)]
    labels = (*base, transaction, "success")
    add[names.REQUEST_DURATION.name, labels, _BUCKETS.part(seconds)] += 1
    add[names.REQUEST_DURATION.name, labels, SUM] += seconds


def _type(changes: Changes, number: int, _: float) -> None:
    changes.add[names.EVENTS.name, (*_base(number), "error", f"vendor.module{number}.SomeError"), ""] += 1
