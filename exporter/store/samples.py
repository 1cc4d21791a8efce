"""The sample events of an issue: the first, the newest, and a spread of those between, whatever their number was."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.digest.changes import Sample
    from errtally.exporter.store.connection import Connection


def shares(limit: int) -> tuple[int, int, int]:
    """Divide an issue's samples: a fifth for the first ones, two fifths for a spread, the rest for the newest."""
    first, spread = (limit + 4) // 5, limit * 2 // 5
    return first, spread, max(limit - first - spread, 1)


def stride(count: int, limit: int) -> int:
    """Return how far the samples that are kept between the first and the newest are apart.

    It doubles when they become too many, so those kept then were kept before; a power of two, 0 when none is kept.

    Args:
        count: samples that the issue ever had.
        limit: samples that it may keep.
    """
    first, spread, newest = shares(limit)
    between = max(count - newest - first, 0)
    if not spread:
        return 0
    step = 1
    while _multiples(step, first, first + between) > spread:
        step *= 2
    return step


def _multiples(step: int, start: int, end: int) -> int:
    """Count the multiples of a number from start to below end."""
    return max((end - 1) // step - (start - 1) // step, 0) if end > start else 0


def add(db: Connection, samples: Mapping[int, Sequence[Sample]], limit: int) -> int:
    """Add samples to issues and let those go that these may not keep; return how many went.

    Args:
        db: the store, in a transaction.
        samples: by the numbers of their issues.
        limit: how many an issue may keep.

    Raises:
        ERRORS: the store can't be written.
    """
    if not samples:
        return 0
    marks = ", ".join("?" * len(samples))
    counts = dict(
        db.execute(
            f"SELECT issue, max(number) + 1 FROM samples WHERE issue IN ({marks}) GROUP BY issue",  # noqa: S608 (marks only)
            tuple(samples),
        ).fetchall()
    )
    db.write_rows(
        "INSERT INTO samples (issue, number, event_id, environment, happened, page) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (issue, number, sample.event_id, sample.environment, sample.timestamp, zlib.compress(sample.page, 1))
            for issue, added in samples.items()
            for number, sample in enumerate(added, counts.get(issue, 0))
        ],
    )
    first, _, newest = shares(limit)
    thinned = 0
    for issue, added in samples.items():
        count = counts.get(issue, 0) + len(added)
        if count > limit:
            thinned += db.execute(
                """DELETE FROM samples WHERE issue = :issue AND number >= :first AND number < :end
                    AND (:step = 0 OR number % :step <> 0)""",
                {"issue": issue, "first": first, "end": count - newest, "step": stride(count, limit)},
            ).rowcount
    return thinned
