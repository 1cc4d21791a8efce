"""How well events are grouped, measured on labelled data: one issue a label, and pairs that are one issue or two.

GA, grouping accuracy, is the share of events whose issue is, as a set of events, exactly the true group (Zhu et al.,
"Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019). FGA is the F1 of groups found exactly (Khan et al.,
"Guidelines for Assessing the Accuracy of Log Message Template Identification Techniques", ICSE 2022). Precision and
recall are over pairs of events: low precision means merged bugs, low recall split ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError
from errtally.exporter.commands.group import Issues, groupings

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from errtally.config.grouping import GroupingSettings


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Scores of labelled events, from 0 to 1."""

    events: int
    labels: int
    issues: int
    grouping_accuracy: float
    f1_of_groups: float
    precision: float
    recall: float


@dataclass(slots=True)
class Pairs:
    """Pairs that were judged right, of those that are one issue and of those that are two."""

    one: int = 0
    one_right: int = 0
    two: int = 0
    two_right: int = 0


def score(true: Sequence[Hashable], found: Sequence[Hashable]) -> Accuracy:
    """Compare the issues found with the labels of the same events."""
    sizes, found_sizes, both = Counter(true), Counter(found), Counter(zip(true, found, strict=True))
    exact = [count for (label, issue), count in both.items() if count == sizes[label] == found_sizes[issue]]
    precision, recall = len(exact) / max(len(found_sizes), 1), len(exact) / max(len(sizes), 1)
    together = _pairs(both)
    return Accuracy(
        events=len(true),
        labels=len(sizes),
        issues=len(found_sizes),
        grouping_accuracy=sum(exact) / max(len(true), 1),
        f1_of_groups=2 * precision * recall / (precision + recall) if exact else 0.0,
        precision=together / _pairs(found_sizes) if _pairs(found_sizes) else 1.0,
        recall=together / _pairs(sizes) if _pairs(sizes) else 1.0,
    )


def _pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def measure(path: Path, settings: GroupingSettings) -> Accuracy | Pairs:
    """Group the events of a file as the exporter would, in their order.

    Args:
        path: JSON lines, ``{"label", "event"}`` or ``{"same", "a", "b"}``; events as the batch API takes them.
        settings: of grouping.

    Raises:
        MalformedError: a line has neither form, or no event; names the line.
        OSError: the file can't be read.
    """
    rows = [_row(path, number, line) for number, line in enumerate(path.read_bytes().splitlines(), 1) if line.strip()]
    if rows and "same" in rows[0]:
        return _measure_pairs(path, rows, settings)
    issues = Issues(settings)
    return score([row["label"] for row in rows], _issues_of(path, [row["event"] for row in rows], issues))


def _measure_pairs(path: Path, rows: list[dict[str, Any]], settings: GroupingSettings) -> Pairs:
    pairs = Pairs()
    for row in rows:
        one, other = _issues_of(path, [row["a"], row["b"]], Issues(settings))
        if row["same"]:
            pairs.one += 1
            pairs.one_right += one == other
        else:
            pairs.two += 1
            pairs.two_right += one != other
    return pairs


def _issues_of(path: Path, events: list[Any], issues: Issues) -> list[str]:
    lines = [msgspec.json.encode(event) + b"\n" for event in events]
    found = list(groupings(lines, issues, str(path)))
    return [issues.answer(one)["issue"] for one in found]


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError as exc:
        raise MalformedError("bad_json", f"{path}, line {number}: not JSON: {exc}") from exc
    if not isinstance(row, dict) or not ({"label", "event"} <= row.keys() or {"same", "a", "b"} <= row.keys()):
        raise MalformedError("bad_row", f'{path}, line {number}: needs "label" and "event", or "same", "a" and "b"')
    return row
