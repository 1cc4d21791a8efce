"""What a value in the search box may go on as: what the store has under a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.store import asking, listing

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

_OF_ISSUES = ("type", "platform", "assignee")
_RELEASES = ("release", "first_release")


def values(db: Connection, key: str, beginning: str, limit: int) -> list[str]:
    """Return values that begin so, whatever the case.

    Args:
        db: the store.
        key: a field of `query.FIELDS`, or a tag's name.
        beginning: of the value.
        limit: at most so many.

    Raises:
        ERRORS: the store can't be read.
    """
    folded = beginning.casefold()
    if key in _OF_ISSUES:
        rows = db.execute(
            f"SELECT DISTINCT {key} FROM issues WHERE {key} <> '' AND lower(substr({key}, 1, ?)) = lower(?) LIMIT ?",  # noqa: S608
            (len(beginning), beginning, limit),
        )
        return sorted(row[0] for row in rows)
    if key in _RELEASES:
        rows = db.execute(
            """SELECT release FROM releases WHERE lower(substr(release, 1, ?)) = lower(?)
            GROUP BY release ORDER BY max(coalesce(seen, told, 0)) DESC, max(number) DESC LIMIT ?""",
            (len(beginning), beginning, limit),
        )
        return [row[0] for row in rows]
    if key in {"project", "environment"}:
        known = listing.choices(db)[f"{key}s"]
        return [value for value in known if value and value.casefold().startswith(folded)][:limit]
    return asking.tag_values(db, key, beginning, limit)


def keys(db: Connection, beginning: str, limit: int) -> list[str]:
    """Return names of tags that begin so, whatever the case.

    Raises:
        ERRORS: the store can't be read.
    """
    folded = beginning.casefold()
    return [name for name in asking.tag_names(db) if name.casefold().startswith(folded)][:limit]
