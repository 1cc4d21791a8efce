"""Which stored series are exposed: label sets that give their places up, and that come back with their values.

The sum over a counter's exposed series and its evicted ones (`names.SERIES_EVICTED_VALUE`) is all that was counted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.budget import scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from errtally.exporter.digest.buckets import SeriesKey
    from errtally.exporter.digest.budget import LabelSet
    from errtally.exporter.store.connection import Connection


def bring_back(
    db: Connection, exposed: Mapping[LabelSet, bool], change: int, now: float
) -> tuple[dict[SeriesKey, int], dict[SeriesKey, float]]:
    """Expose the series of label sets that got a place again, before what is new is added to them.

    Args:
        db: in a transaction.
        exposed: label sets that got a place, True, or gave it up, False.
        change: number of the transaction.
        now: seconds since the epoch.

    Returns:
        Ids of the series that came back; what to add to the gauges of what is evicted.

    Raises:
        ERRORS: the store can't be written.
    """
    ids: dict[SeriesKey, int] = {}
    gauges: defaultdict[SeriesKey, float] = defaultdict(float)
    for label_set, is_exposed in exposed.items():
        if not is_exposed:
            continue
        metric, all_labels = _stored_as(label_set)
        texts = {json.dumps(labels): labels for labels in all_labels}
        rows = db.execute(
            f"SELECT id, labels, part, value FROM series WHERE evicted <> 0 AND metric = ? "  # noqa: S608 (marks only)
            f"AND labels IN ({', '.join('?' * len(texts))})",
            (metric.name, *texts),
        ).fetchall()
        if rows:
            ids |= {(metric.name, texts[text], part): id_ for id_, text, part, _ in rows}
            db.executemany(
                "UPDATE series SET evicted = 0, change = ?, returned = ?, returned_value = value WHERE id = ?",
                [(change, now, id_) for id_, *_ in rows],
            )
            _note(gauges, label_set, -1, [(part, -value) for _, _, part, value in rows])
    return ids, gauges


def evict(
    db: Connection,
    exposed: Mapping[LabelSet, bool],
    change: int,
    *,
    ids: Mapping[SeriesKey, int],
    parts: Mapping[str, Iterable[str]],
) -> tuple[list[SeriesKey], dict[SeriesKey, float]]:
    """Hide the series of label sets that gave their places up; everything else of the transaction is written already.

    Args:
        db: in a transaction.
        exposed: label sets that got a place, True, or gave it up, False.
        change: number of the transaction.
        ids: ids of all series that are exposed.
        parts: parts that a metric's series have been stored with.

    Returns:
        Series that are hidden now; what to add to the gauges of what is evicted.

    Raises:
        ERRORS: the store can't be written.
    """
    hidden: list[SeriesKey] = []
    gauges: defaultdict[SeriesKey, float] = defaultdict(float)
    for label_set, is_exposed in exposed.items():
        if is_exposed:
            continue
        metric, all_labels = _stored_as(label_set)
        keys = [(metric.name, labels, part) for labels in all_labels for part in parts.get(metric.name, ())]
        keys = [key for key in keys if key in ids]
        values = []
        for key in keys:
            (value,) = db.execute("SELECT value FROM series WHERE id = ?", (ids[key],)).fetchone()
            values.append((key[2], value))
        if keys:
            db.executemany(
                "UPDATE series SET evicted = 1, change = ? WHERE id = ?", [(change, ids[key]) for key in keys]
            )
            _note(gauges, label_set, 1, values)
            hidden += keys
    return hidden, gauges


def expose_issues(db: Connection, exposed: Mapping[LabelSet, bool], change: int) -> None:
    """Note at the issues themselves whether they have series; their rows are written already.

    Raises:
        ERRORS: the store can't be written.
    """
    db.executemany(
        """UPDATE issue_environments SET is_exposed = ?, change = ?
        WHERE environment = ? AND issue = (SELECT id FROM issues WHERE project = ? AND fingerprint = ?)""",
        [
            (is_exposed, change, environment, project, fingerprint)
            for (name, labels), is_exposed in exposed.items()
            if name == names.ISSUE_INFO.name
            for project, environment, fingerprint in [labels]
        ],
    )


def _stored_as(label_set: LabelSet) -> tuple[names.Metric, list[tuple[str, ...]]]:
    """Return the metric and the labels of the stored series that a label set stands for."""
    name, labels = label_set
    if name == names.ISSUE_INFO.name:  # the gauges of an issue are made of its row, its counter is in the store
        return names.ISSUE_EVENTS, [(*labels, level) for level in names.LEVELS]
    return names.BY_NAME[name], [labels]


def _note(
    gauges: defaultdict[SeriesKey, float], label_set: LabelSet, sign: int, values: list[tuple[str, float]]
) -> None:
    """Add to the gauges of what is evicted: label sets by the metric of the budget, values by the one they are of."""
    budgeted, (metric, _) = names.BY_NAME[label_set[0]], _stored_as(label_set)
    owner = scope(budgeted, label_set[1])
    gauges[names.SERIES_EVICTED.name, (owner, budgeted.name), ""] += sign
    if metric.kind != "gauge":
        total = sum(value for part, value in values if part != SUM)
        gauges[names.SERIES_EVICTED_VALUE.name, (owner, metric.name), ""] += total
