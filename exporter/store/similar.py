"""Issues that may be the same as another: raised in the same function, or with nearly the same message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

MAX_SHOWN = 5
LEAST_LIKENESS = 60.0
"""Of 100, from which messages are alike: the likeness of rapidfuzz's `ratio`, over patterns."""

_CANDIDATES = 200
"""Issues of the same function, and of the same type, that are compared, those that were seen last."""

_FUNCTION_BONUS = 50.0

_SHOWN = ("fingerprint", "project", "title", "culprit", "status", "events", "last_seen")


@dataclass(frozen=True, slots=True)
class Similar:
    """An issue, and why it is shown.

    Attributes:
        reason: ``same function``, ``similar message`` or both.
    """

    fingerprint: str
    project: str
    title: str
    culprit: str
    status: str
    events: int
    last_seen: float
    reason: str


def find(db: Connection, issue: dict[str, Any]) -> list[Similar]:
    """Return the issues that are most like one, those that were merged into another excepted.

    Args:
        db: the store.
        issue: as the reader gives it.

    Raises:
        ERRORS: the store can't be read.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415 (a megabyte, for a worker at whose issues somebody looks)

    columns = "fingerprint, project, type, title, culprit, pattern, status, events, last_seen, id"
    alone = """NOT EXISTS (SELECT 1 FROM aliases a
      WHERE a.project = i.project AND a.fingerprint = i.fingerprint AND a.undone_at IS NULL)"""
    rows = db.execute(
        f"""SELECT * FROM (SELECT {columns} FROM issues i
          WHERE project = :project AND culprit = :culprit AND culprit <> '' AND {alone} LIMIT :most) of_function
        UNION SELECT * FROM (SELECT {columns} FROM issues i
          WHERE project = :project AND type = :type AND {alone} ORDER BY last_seen DESC LIMIT :most) of_type""",  # noqa: S608 (constants)
        {"project": issue["project"], "culprit": issue["culprit"], "type": issue["type"], "most": _CANDIDATES},
    )
    found: list[tuple[float, Similar]] = []
    for row in rows:
        if row["id"] in issue["ids"]:
            continue
        is_there = bool(row["culprit"]) and row["culprit"] == issue["culprit"]
        likeness = fuzz.ratio(row["pattern"], issue["pattern"], score_cutoff=LEAST_LIKENESS)
        reasons = (["same function"] if is_there else []) + (["similar message"] if likeness else [])
        if reasons:
            own = {name: row[name] for name in _SHOWN}
            shown = Similar(**own, reason=", ".join(reasons))
            found.append((likeness + _FUNCTION_BONUS * is_there, shown))
    found.sort(key=lambda one: (-one[0], -one[1].last_seen))
    return [shown for _, shown in found[:MAX_SHOWN]]
