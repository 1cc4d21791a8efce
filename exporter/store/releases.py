"""Releases in the store: those that something came in of, those that were told of, their commits and deploys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.journal.records import ReleaseChange
    from errtally.exporter.store.connection import Connection

MAX_DEPLOYS = 1_000
"""Deploys of one project that are kept; the last ones."""


SHORTEST_COMMIT = 7
"""Characters by which a commit is told from others, as Git abbreviates them."""


def apply(db: Connection, changes: Changes) -> None:
    """Write a fold's releases, and what was told of them.

    Raises:
        ERRORS: the store can't be written.
    """
    for (project, name), release in changes.releases.items():
        if release is None:
            for table in ("releases", "release_commits", "deploys"):
                db.execute(f"DELETE FROM {table} WHERE project = ? AND release = ?", (project, name))  # noqa: S608 (constants)
        else:
            db.execute(
                """INSERT INTO releases (project, release, number, rank, seen) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (project, release) DO UPDATE SET seen = excluded.seen""",
                (project, name, release.number, release.rank, release.seen),
            )
    for project, told in changes.told_releases:
        _tell(db, project, told)
    for project, environment, deploy in changes.deploys:
        db.execute(
            "UPDATE releases SET told = coalesce(told, ?) WHERE project = ? AND release = ?",
            (deploy.at, project, deploy.release),
        )
        db.execute(
            """INSERT INTO deploys (project, release, environment, name, url, started, finished, by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (project, deploy.release, environment, deploy.name, deploy.url, deploy.started, deploy.finished, deploy.by),
        )
    for project in {project for project, _, _ in changes.deploys}:
        db.execute(
            """DELETE FROM deploys WHERE project = ? AND id NOT IN
            (SELECT id FROM deploys WHERE project = ? ORDER BY finished DESC, id DESC LIMIT ?)""",
            (project, project, MAX_DEPLOYS),
        )


def regressed_in(db: Connection, project: str, release: str) -> list[int]:
    """Return the numbers of issues that were resolved and came back with a release, those that did so last first.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT h.issue FROM history h JOIN issues i ON i.id = h.issue
        WHERE i.project = ? AND h.what LIKE 'regressed in %'
          AND coalesce(json_extract(h.details, '$.release'), '') = ?
        GROUP BY h.issue ORDER BY max(h.at) DESC LIMIT 200""",
        (project, release),
    )
    return [row[0] for row in rows]


def resolved_in(db: Connection, project: str, release: str, before: str) -> list[int]:
    """Return the numbers of issues that people resolved in a release, or in the one after that before it.

    Args:
        db: the store.
        project: its project.
        release: its name.
        before: the release before it, "" without one.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT h.issue FROM history h JOIN issues i ON i.id = h.issue
        WHERE i.project = :project AND i.status = 'resolved' AND h.what LIKE 'resolved in %'
          AND (json_extract(h.details, '$.in_release') = :release
            OR (:before <> '' AND json_extract(h.details, '$.after_release') = :before))
        GROUP BY h.issue ORDER BY max(h.at) DESC LIMIT 200""",
        {"project": project, "release": release, "before": before},
    )
    return [row[0] for row in rows]


def _tell(db: Connection, project: str, told: ReleaseChange) -> None:
    where = (project, told.release)
    db.execute(
        """UPDATE releases SET told = coalesce(told, ?), released = coalesce(?, released),
          ref = coalesce(nullif(?, ''), ref), url = coalesce(nullif(?, ''), url),
          status = coalesce(nullif(?, ''), status) WHERE project = ? AND release = ?""",
        (told.at, told.released, told.ref, told.url, told.status, *where),
    )
    if told.commits:
        db.execute("DELETE FROM release_commits WHERE project = ? AND release = ?", where)
        db.executemany(
            "INSERT INTO release_commits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*where, number, one.id, one.author, one.message, one.repository, one.at, json.dumps(one.paths))
                for number, one in enumerate(told.commits)
            ],
        )


def listed(db: Connection, project: str | None = None, release: str | None = None) -> list[dict[str, Any]]:
    """Return releases that something came in of, or that were told of, those that appeared last first.

    Each has ``project``, ``release``, ``seen`` and ``told`` (seconds since the epoch, or None), ``new_issues`` first
    seen in it, ``released``, ``ref``, ``url``, ``status``, ``commits`` and ``deploys`` (how many), and ``last_commit``.

    Args:
        db: the store.
        project: only of this one.
        release: only this one.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT project, release, seen, told, released, ref, url, status,
          (SELECT count(*) FROM issues i WHERE i.project = r.project AND i.first_release = r.release
            AND NOT EXISTS (SELECT 1 FROM aliases a WHERE a.project = i.project AND a.fingerprint = i.fingerprint
              AND a.undone_at IS NULL)) AS new_issues,
          (SELECT count(*) FROM release_commits c WHERE c.project = r.project AND c.release = r.release) AS commits,
          (SELECT id FROM release_commits c
            WHERE c.project = r.project AND c.release = r.release AND c.number = 0) AS last_commit,
          (SELECT count(*) FROM deploys d WHERE d.project = r.project AND d.release = r.release) AS deploys
        FROM releases r WHERE (seen IS NOT NULL OR told IS NOT NULL)
          AND (CAST(:project AS TEXT) IS NULL OR project = :project)
          AND (CAST(:release AS TEXT) IS NULL OR release = :release)
        ORDER BY coalesce(seen, told) DESC, number DESC""",
        {"project": project, "release": release},
    )
    return [dict(row) for row in rows]


def commits(db: Connection, project: str, release: str) -> list[dict[str, Any]]:
    """Return the commits of a release, the newest first.

    Each has ``id``, ``author``, ``message``, ``repository``, ``at`` (seconds since the epoch, or None) and ``paths``.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT id, author, message, repository, at, paths FROM release_commits
        WHERE project = ? AND release = ? ORDER BY number""",
        (project, release),
    )
    return [{**dict(row), "paths": json.loads(row["paths"])} for row in rows]


def of_commit(db: Connection, project: str, commit: str) -> str | None:
    """Return the first release of a project that was told of with a commit, named by its id or the beginning of it.

    Raises:
        ERRORS: the store can't be read.
    """
    row = db.execute(
        """SELECT r.release FROM release_commits c JOIN releases r ON r.project = c.project AND r.release = c.release
        WHERE c.project = ? AND substr(c.id, 1, length(?)) = ? AND length(?) >= ? ORDER BY r.number LIMIT 1""",
        (project, commit, commit, commit, SHORTEST_COMMIT),
    ).fetchone()
    return row["release"] if row is not None else None


def deploys(db: Connection, project: str, release: str | None = None) -> list[dict[str, Any]]:
    """Return deploys of a project, or of one of its releases, the last first.

    Each has ``id``, ``release``, ``environment``, ``name``, ``url``, ``started`` (or None), ``finished`` and ``by``.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT id, release, environment, name, url, started, finished, by FROM deploys
        WHERE project = :project AND (CAST(:release AS TEXT) IS NULL OR release = :release)
        ORDER BY finished DESC, id DESC""",
        {"project": project, "release": release},
    )
    return [dict(row) for row in rows]
