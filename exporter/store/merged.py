"""Merged fingerprints in the store: writing them, loading them, and adding them up for pages and the API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from errtally.exporter.digest.merges import GUESSED, UNRESOLVED
from errtally.exporter.grouping import VERSION
from errtally.exporter.grouping.versions import TRANSITION_SECONDS

if TYPE_CHECKING:
    from errtally.exporter.digest.aliases import Aliases
    from errtally.exporter.digest.changes import AliasChange
    from errtally.exporter.store.connection import Connection

MAX_SHOWN = 200
"""Merged fingerprints that one issue shows."""

# UNION, not UNION ALL: it ends even where aliases run in a circle, which nothing makes.
_MEMBERS = """
WITH RECURSIVE member (fingerprint) AS (
  SELECT a.fingerprint FROM aliases a
  WHERE a.merged_into = :fingerprint AND a.project = :project AND a.undone_at IS NULL
  UNION
  SELECT a.fingerprint FROM aliases a JOIN member m ON a.merged_into = m.fingerprint
  WHERE a.project = :project AND a.undone_at IS NULL
)
"""


def load_aliases(db: Connection, aliases: Aliases) -> int:
    """Load aliases, vetoes and the patterns of all fingerprints; return the highest number of an alias.

    Raises:
        ERRORS: the store can't be read or written.
    """
    for project, fingerprint, into, undone, reason in db.execute(
        "SELECT project, fingerprint, merged_into, undone_at IS NOT NULL, reason FROM aliases"
    ):
        if undone:
            aliases.vetoes.add((project, fingerprint))
        else:
            aliases.into[project, fingerprint] = into
            if reason == UNRESOLVED:
                aliases.claimed |= {(project, into), (project, fingerprint)}
            elif reason == GUESSED:
                aliases.guessed.add((project, into))
    # In the order in which they appeared, so that the same is found as if the process had never stopped.
    for project, fingerprint, scope, pattern, _ in db.execute(
        """SELECT project, fingerprint, scope, pattern, id FROM issues
        UNION ALL SELECT project, fingerprint, scope, pattern, id FROM aliases
          WHERE NOT EXISTS (SELECT 1 FROM issues i
            WHERE i.project = aliases.project AND i.fingerprint = aliases.fingerprint)
        ORDER BY id"""
    ):
        aliases.note(project, fingerprint, scope, pattern)
    version = f"fingerprint_version_{VERSION}"
    db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (version, str(time.time())))
    since = float(db.execute("SELECT value FROM meta WHERE name = ?", (version,)).fetchone()[0])
    aliases.transition_ends = since + TRANSITION_SECONDS
    last: int = db.execute("SELECT coalesce(max(id), 0) FROM aliases").fetchone()[0]
    return last


def apply_alias(db: Connection, alias: AliasChange, change: int, at: float) -> None:
    """Write one merge, or take it back; the issues that it is about are written already.

    Raises:
        ERRORS: the store can't be written.
    """
    key = (alias.project, alias.fingerprint)
    if not alias.into:
        db.execute(
            "UPDATE aliases SET undone_at = ?, undone_by = ? WHERE project = ? AND fingerprint = ?",
            (alias.at, alias.by, *key),
        )
        return
    set_to = "merged_into = ?, reason = ?, at = ?, by = ?, undone_at = NULL, undone_by = NULL"
    merge = (alias.into, alias.reason, alias.at, alias.by)
    updated = db.execute(
        f"UPDATE aliases SET {set_to} WHERE project = ? AND fingerprint = ?",  # noqa: S608 (a constant)
        (*merge, *key),
    )
    if updated.rowcount:
        pass  # it was merged before
    elif alias.seen is not None:
        db.execute(
            "INSERT INTO aliases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            (alias.id, *key, *merge, alias.seen.title, alias.seen.pattern, alias.seen.scope),
        )
    else:
        db.execute(
            """INSERT INTO aliases SELECT id, project, fingerprint, ?, ?, ?, ?, title, pattern, scope, NULL, NULL
            FROM issues WHERE project = ? AND fingerprint = ?""",
            (*merge, *key),
        )
    for environment, is_exposed in alias.environments.items():
        db.execute(
            """INSERT INTO issue_environments
            SELECT root.id, here.environment, 0, 0, here.first_seen, here.last_seen, ?, ?, ?, here.noticed
            FROM issues root, issues merged JOIN issue_environments here ON here.issue = merged.id
            WHERE root.project = ? AND root.fingerprint = ? AND merged.project = ? AND merged.fingerprint = ?
              AND here.environment = ? ON CONFLICT DO NOTHING""",
            (is_exposed, change, at, alias.project, alias.into, *key, environment),
        )


def has_aliases(db: Connection) -> bool:
    """Whether anything is merged at all."""
    return db.execute("SELECT 1 FROM aliases WHERE undone_at IS NULL LIMIT 1").fetchone() is not None


def has_linked(db: Connection) -> bool:
    """Whether anything is merged that has counts of its own."""
    row = db.execute(
        """SELECT 1 FROM aliases a JOIN issues i ON i.project = a.project AND i.fingerprint = a.fingerprint
        WHERE a.undone_at IS NULL LIMIT 1"""
    ).fetchone()
    return row is not None


def root_of(db: Connection, project: str, fingerprint: str) -> str:
    """Return the fingerprint of the issue that events of a fingerprint count in."""
    seen = {fingerprint}
    while True:
        row = db.execute(
            "SELECT merged_into FROM aliases WHERE project = ? AND fingerprint = ? AND undone_at IS NULL",
            (project, fingerprint),
        ).fetchone()
        if row is None or row[0] in seen:
            return fingerprint
        fingerprint = row[0]
        seen.add(fingerprint)


def members(db: Connection, project: str, fingerprint: str) -> list[dict[str, Any]]:
    """Return what was merged into an issue, directly or by way of another, the newest first.

    ``events`` and ``issue_id`` are of what was counted before the merge, 0 and None when it was merged from the start.
    What an error would be called unread is left out where no event was it.
    """
    rows = db.execute(
        f"""{_MEMBERS}
        SELECT a.fingerprint, a.merged_into, a.reason, a.at, a.by, a.title, coalesce(i.events, 0) AS events,
          i.id AS issue_id
        FROM member m JOIN aliases a ON a.fingerprint = m.fingerprint AND a.project = :project AND a.undone_at IS NULL
          LEFT JOIN issues i ON i.project = :project AND i.fingerprint = a.fingerprint
        WHERE i.id IS NOT NULL OR a.reason <> :unread OR a.pattern <> ''
        ORDER BY a.at DESC, a.id DESC""",  # noqa: S608 (a constant)
        {"project": project, "fingerprint": fingerprint, "unread": UNRESOLVED},
    )
    return [dict(row) for row in rows]
