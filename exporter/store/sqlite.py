"""A store in an SQLite file: made once, its schema checked, the same settings for the writer and every reader."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.journal.backlog import Backlog
from errtally.exporter.store.sqlite_place import SqlitePlace

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

FILE_NAME = "errtally.sqlite3"
SCHEMA_VERSION = 12
_UPGRADES = {
    1: """ALTER TABLE series ADD COLUMN created REAL NOT NULL DEFAULT 0;
    ALTER TABLE issue_environments ADD COLUMN noticed REAL NOT NULL DEFAULT 0""",
    2: """ALTER TABLE issues ADD COLUMN is_unhandled INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE issues ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
    ALTER TABLE issues ADD COLUMN priority TEXT NOT NULL DEFAULT '';
    ALTER TABLE issues ADD COLUMN ticket TEXT NOT NULL DEFAULT '';
    ALTER TABLE issue_tags ADD COLUMN first_seen REAL;
    ALTER TABLE issue_tags ADD COLUMN last_seen REAL;
    CREATE TABLE deleted_issues (
      id          INTEGER PRIMARY KEY,
      project     TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      title       TEXT NOT NULL,
      change      INTEGER NOT NULL
    )""",
    3: """ALTER TABLE issue_hours RENAME TO old_issue_hours;
    CREATE TABLE issue_hours (
      issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
      hour        INTEGER NOT NULL,
      environment TEXT NOT NULL,
      events      INTEGER NOT NULL,
      users       INTEGER NOT NULL,
      PRIMARY KEY (issue, hour, environment)
    ) WITHOUT ROWID;
    INSERT INTO issue_hours SELECT issue, hour, '', events, users FROM old_issue_hours;
    DROP TABLE old_issue_hours;
    CREATE INDEX issue_hours_hour ON issue_hours (hour);
    ALTER TABLE issue_days RENAME TO old_issue_days;
    CREATE TABLE issue_days (
      issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
      day         INTEGER NOT NULL,
      environment TEXT NOT NULL,
      events      INTEGER NOT NULL,
      users       INTEGER NOT NULL,
      PRIMARY KEY (issue, day, environment)
    ) WITHOUT ROWID;
    INSERT INTO issue_days SELECT issue, day, '', events, users FROM old_issue_days;
    DROP TABLE old_issue_days;
    CREATE INDEX issue_days_day ON issue_days (day)""",
    4: "CREATE TABLE issue_counts (id INTEGER PRIMARY KEY, counts BLOB NOT NULL)",
    5: """ALTER TABLE series ADD COLUMN returned REAL NOT NULL DEFAULT 0;
    ALTER TABLE series ADD COLUMN returned_value REAL NOT NULL DEFAULT 0""",
    6: """ALTER TABLE releases ADD COLUMN told REAL;
    ALTER TABLE releases ADD COLUMN released REAL;
    ALTER TABLE releases ADD COLUMN ref TEXT NOT NULL DEFAULT '';
    ALTER TABLE releases ADD COLUMN url TEXT NOT NULL DEFAULT '';
    ALTER TABLE releases ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
    CREATE TABLE release_commits (
      project    TEXT NOT NULL,
      release    TEXT NOT NULL,
      number     INTEGER NOT NULL,
      id         TEXT NOT NULL,
      author     TEXT NOT NULL,
      message    TEXT NOT NULL,
      repository TEXT NOT NULL,
      at         REAL,
      paths      TEXT NOT NULL,
      PRIMARY KEY (project, release, number)
    ) WITHOUT ROWID;
    CREATE TABLE deploys (
      id          INTEGER PRIMARY KEY,
      project     TEXT NOT NULL,
      release     TEXT NOT NULL,
      environment TEXT NOT NULL,
      name        TEXT NOT NULL,
      url         TEXT NOT NULL,
      started     REAL,
      finished    REAL NOT NULL,
      by          TEXT NOT NULL
    );
    CREATE INDEX deploys_release ON deploys (project, release);
    CREATE TABLE session_hours (
      project     TEXT NOT NULL,
      environment TEXT NOT NULL,
      release     TEXT NOT NULL,
      hour        INTEGER NOT NULL,
      status      TEXT NOT NULL,
      sessions    REAL NOT NULL,
      PRIMARY KEY (hour, project, environment, release, status)
    ) WITHOUT ROWID""",
    7: """CREATE TABLE issue_texts (
      id    INTEGER PRIMARY KEY,
      issue INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
      mark  INTEGER NOT NULL,
      text  TEXT NOT NULL,
      UNIQUE (issue, mark)
    );
    CREATE TABLE tag_values (
      id     INTEGER PRIMARY KEY,
      tag    TEXT NOT NULL,
      value  TEXT NOT NULL,
      folded TEXT NOT NULL,
      UNIQUE (tag, value)
    );
    CREATE INDEX tag_values_folded ON tag_values (tag, folded);
    CREATE INDEX issue_tags_value ON issue_tags (tag, value);
    CREATE VIRTUAL TABLE issue_text_trigrams USING fts5 (
      text, content = 'issue_texts', content_rowid = 'id', tokenize = 'trigram case_sensitive 1', detail = none
    );
    CREATE TRIGGER issue_texts_inserted AFTER INSERT ON issue_texts BEGIN
      INSERT INTO issue_text_trigrams (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE TRIGGER issue_texts_deleted AFTER DELETE ON issue_texts BEGIN
      INSERT INTO issue_text_trigrams (issue_text_trigrams, rowid, text) VALUES ('delete', old.id, old.text);
    END;
    CREATE TRIGGER issue_texts_updated AFTER UPDATE OF text ON issue_texts BEGIN
      INSERT INTO issue_text_trigrams (issue_text_trigrams, rowid, text) VALUES ('delete', old.id, old.text);
      INSERT INTO issue_text_trigrams (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE VIRTUAL TABLE tag_value_trigrams USING fts5 (
      folded, content = 'tag_values', content_rowid = 'id', tokenize = 'trigram case_sensitive 1', detail = none
    );
    CREATE TRIGGER tag_values_inserted AFTER INSERT ON tag_values BEGIN
      INSERT INTO tag_value_trigrams (rowid, folded) VALUES (new.id, new.folded);
    END;
    CREATE TABLE issue_people (
      person INTEGER NOT NULL,
      issue  INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
      PRIMARY KEY (person, issue)
    ) WITHOUT ROWID;
    CREATE INDEX issue_people_issue ON issue_people (issue);
    INSERT INTO issue_texts (issue, mark, text) SELECT issue, 0, own FROM issue_words;
    INSERT INTO tag_values (tag, value, folded)
      SELECT DISTINCT tag, value, casefold(value) FROM issue_tags ORDER BY tag, value;
    DROP TABLE issue_words""",
    8: """CREATE INDEX issues_culprit ON issues (project, culprit);
    CREATE INDEX issues_type ON issues (project, type, last_seen);
    CREATE TABLE job_runs (
      id          INTEGER PRIMARY KEY,
      project     TEXT NOT NULL,
      environment TEXT NOT NULL,
      monitor     TEXT NOT NULL,
      run         TEXT NOT NULL,
      began       REAL,
      ended       REAL,
      status      TEXT NOT NULL,
      seconds     REAL
    );
    CREATE UNIQUE INDEX job_runs_run ON job_runs (project, environment, monitor, run) WHERE run <> '';
    CREATE INDEX job_runs_job ON job_runs (project, environment, monitor, id)""",
    9: """ALTER TABLE issue_texts ADD COLUMN said REAL NOT NULL DEFAULT 0;
    UPDATE issue_texts SET said = CAST(strftime('%s', 'now') AS REAL);
    CREATE INDEX issue_texts_said ON issue_texts (said) WHERE mark <> 0;
    ALTER TABLE issue_people ADD COLUMN met REAL NOT NULL DEFAULT 0;
    UPDATE issue_people SET met = CAST(strftime('%s', 'now') AS REAL);
    CREATE INDEX issue_people_met ON issue_people (met)""",
    10: """ALTER TABLE issues ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
    UPDATE issues SET users =
      (SELECT coalesce(sum(e.users), 0) FROM issue_environments e WHERE e.issue = issues.id);
    DROP INDEX issues_last_seen;
    CREATE INDEX issues_last_seen ON issues (last_seen, id, status, project, level, events, users, first_seen,
      is_unhandled, assignee, priority, first_release, last_release);
    CREATE TABLE project_environments (
      project     TEXT NOT NULL,
      environment TEXT NOT NULL,
      first_seen  REAL NOT NULL,
      PRIMARY KEY (project, environment)
    ) WITHOUT ROWID;
    INSERT INTO project_environments SELECT i.project, e.environment, min(e.first_seen)
      FROM issue_environments e JOIN issues i ON i.id = e.issue GROUP BY i.project, e.environment;
    CREATE INDEX issue_trends_order ON issue_trends (2 * short - long, issue)""",
    11: """DROP INDEX series_evicted;
    CREATE INDEX series_evicted ON series (metric, labels) WHERE evicted <> 0""",
}
"""What brings the store of an older version to the next one."""
BUSY_TIMEOUT_SECONDS = 5.0

STEP_PAGES = 500
"""Free pages that one step gives back to the system, 2 MB: some milliseconds."""

FREE_SHARE = 0.05
FREE_PAGES = 256
"""Free pages are used again; they go back only when there are more than these, and more than that share of all."""


class SqliteConnection(sqlite3.Connection):
    """A connection that is closed with its holder: a reader's thread may end at any time, and nobody asks it to."""

    def __del__(self) -> None:
        """Close it where nobody did; sqlite3 itself would warn of that from Python 3.13 on."""
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()

    @property
    def is_ours(self) -> bool:
        """Whether it can be written: the file belongs to this process."""
        return True

    def used_bytes(self) -> int:
        """Return the size of the pages that hold something.

        Raises:
            sqlite3.Error: the store can't be read.
        """
        used: int = self.execute(
            """SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""
        ).fetchone()[0]
        return used

    def size_bytes(self) -> int:
        """Return the size of the files.

        Raises:
            sqlite3.Error: the store can't be read.
            OSError: one can't be looked at.
        """
        path = Path(self.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0])
        return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))

    def vacuum(self) -> bool:
        """Give some free pages back to the system; whether there are more that should go.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        if not self._is_roomy():
            return False
        # `execute` would stop at the first page, since the statement has no columns.
        self.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
        return self._is_roomy()

    def _is_roomy(self) -> bool:
        pages, free = self.execute(
            "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
        ).fetchone()
        return bool(free > max(FREE_PAGES, FREE_SHARE * pages))


def create(path: Path, *, synchronous: str = "NORMAL") -> SqliteConnection:
    """Open the store for writing; make it when it is not there, bring one of an older version up to date.

    Args:
        path: the database file.
        synchronous: NORMAL survives the death of the process, FULL also the loss of power.

    Raises:
        StoreError: the file can't be opened, is no database, or was made by a newer version.
    """
    connection = None
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=SqliteConnection,
        )
        # Takes effect in an empty file only; then pages that are free can go back to the system in small steps.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -8000")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            schema = resources.files("errtally.exporter.store").joinpath("schema.sql").read_text(encoding="utf-8")
            connection.executescript(
                f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {SCHEMA_VERSION};"  # noqa: S608 (constants of our own)
                f"INSERT INTO meta VALUES ('created', '{time.time()}'), ('change', '0'); COMMIT;"
            )
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            connection.executescript(f"BEGIN IMMEDIATE; {_UPGRADES[older]}; PRAGMA user_version = {older + 1}; COMMIT;")
        if version > SCHEMA_VERSION:
            connection.close()
            raise StoreError(f"{path}: its schema has version {version}, this errtally needs {SCHEMA_VERSION}")
    except sqlite3.Error as exc:
        if connection is not None:
            connection.close()
        raise StoreError(f"{path}: {exc}") from exc
    return connection


def read_only(path: Path) -> SqliteConnection:
    """Open the store for reading.

    Raises:
        StoreError: the file is not there or can't be opened.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",  # a path may hold ?, # and %
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=SqliteConnection,
        )
        connection.execute("PRAGMA cache_size = -2000")
        connection.row_factory = sqlite3.Row
    except sqlite3.Error as exc:
        raise StoreError(f"{path}: {exc}") from exc
    return connection


class SqliteDatabase:
    """The store of one data directory.

    Args:
        data_dir: of the exporter.
        synchronous: as in `create`.
    """

    def __init__(self, data_dir: Path, *, synchronous: str = "NORMAL") -> None:
        self.path = data_dir / FILE_NAME
        self._synchronous = synchronous

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    def writer(self) -> SqliteConnection:
        """Open it for writing, as `create`."""
        return create(self.path, synchronous=self._synchronous)

    def reader(self) -> SqliteConnection:
        """Open it for reading, as `read_only`."""
        return read_only(self.path)

    def place(self) -> SqlitePlace:
        """Return what watches its files."""
        return SqlitePlace(self.path)

    def positions(self, db: Connection) -> dict[str, int]:
        """Return up to where each segment of the journal is folded.

        Raises:
            sqlite3.Error: the store can't be read.
        """
        return dict(db.execute('SELECT segment, "offset" FROM positions').fetchall())

    def waiting(self, db: Connection) -> Backlog:  # noqa: ARG002 (others ask it)
        """Return that nothing waits beside the journal of the data directory."""
        return Backlog()
