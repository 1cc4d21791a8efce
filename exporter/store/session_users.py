"""Distinct users with sessions of a release over the last day, and those of them whose sessions crashed: bounded.

A release has a sample of its users, chosen by their hashes: one in 1, 2, 4 ... so that never more than a bound are kept
(adaptive sampling: Flajolet, "On adaptive sampling", 1990). Both counts come from the same sample, so their ratio, the
share of users without a crash, is that of real users; and since each user has a time, the window moves on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from errtally.exporter.digest.changes import SessionUser
    from errtally.exporter.store.connection import Connection

MAX_SAMPLED = 4096
"""Users of a release in one environment that are kept; estimates beyond are within 2 % two times in three."""
KEEP_SECONDS = names.SESSION_USERS_WINDOW_SECONDS + 3600

_KEY = "project = ? AND environment = ? AND release = ?"


def apply(db: Connection, changes: Mapping[tuple[str, str, str], Mapping[int, SessionUser]]) -> None:
    """Note users with sessions.

    Args:
        db: the store, in a transaction.
        changes: project, environment, release to users (keyed hashes) and when they were there.

    Raises:
        ERRORS: the store can't be written.
    """
    for key, users in changes.items():
        row = db.execute(f"SELECT level, kept FROM session_samples WHERE {_KEY}", key).fetchone()  # noqa: S608 (constants)
        level, kept = row or (0, 0)
        chosen = [(*key, user, at) for user, at in users.items() if user & ((1 << level) - 1) == 0]
        kept += db.executemany(
            "INSERT INTO session_users VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(*one[:4], one[4].last_seen, one[4].last_crashed) for one in chosen],
        ).rowcount
        db.executemany(
            f"UPDATE session_users SET last_seen = max(last_seen, ?), last_crashed = max(last_crashed, ?) "  # noqa: S608
            f'WHERE {_KEY} AND "user" = ?',
            [(one[4].last_seen, one[4].last_crashed, *one[:4]) for one in chosen],
        )
        if kept > MAX_SAMPLED:
            kept = _count(db, key)  # less than was added up, since old ones are pruned
        while kept > MAX_SAMPLED:
            level += 1
            mask = (1 << level) - 1
            others = f'DELETE FROM session_users WHERE {_KEY} AND "user" & ? <> 0'  # noqa: S608 (constants)
            kept -= db.execute(others, (*key, mask)).rowcount
        db.execute(
            """INSERT INTO session_samples VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (project, environment, release) DO UPDATE SET level = excluded.level, kept = excluded.kept""",
            (*key, level, kept),
        )


def counts(db: Connection, now: float) -> Iterator[tuple[tuple[str, str, str], int, int]]:
    """Yield project, environment and release, with users of the window and those of them with a crash in it.

    Raises:
        ERRORS: the store can't be read.
    """
    since = max(now - names.SESSION_USERS_WINDOW_SECONDS, 0.0)  # 0 is never
    for project, environment, release, level, users, crashed in db.execute(
        """SELECT project, environment, release, level, count(*), count(*) FILTER (WHERE last_crashed > :since)
        FROM session_users JOIN session_samples USING (project, environment, release)
        WHERE last_seen > :since GROUP BY project, environment, release, level""",
        {"since": since},
    ):
        yield (project, environment, release), users << level, crashed << level


def prune(db: Connection, now: float) -> None:
    """Remove users that no window reaches, and samples that have become empty.

    Raises:
        ERRORS: the store can't be written.
    """
    removed = db.execute("DELETE FROM session_users WHERE last_seen < ?", (now - KEEP_SECONDS,)).rowcount
    if removed:
        db.execute(
            """DELETE FROM session_samples WHERE NOT EXISTS (SELECT 1 FROM session_users u
              WHERE u.project = session_samples.project AND u.environment = session_samples.environment
                AND u.release = session_samples.release)"""
        )


def _count(db: Connection, key: tuple[str, str, str]) -> int:
    found: int = db.execute(f"SELECT count(*) FROM session_users WHERE {_KEY}", key).fetchone()[0]  # noqa: S608
    return found
