"""The versions of the store's schema: what brings each of them to the next one, in SQLite and in PostgreSQL.

A change of `schema.sql`, or of what exporters share in PostgreSQL (`postgres/shared.sql`, `postgres/functions.sql`,
the table of `tokens`), is a step more at the end of this list: a store that was made by it and one that was brought to
it are the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What brings a store to the next version, whole or not at all.

    Attributes:
        sql: statements in the words of `schema.sql`, which PostgreSQL gets translated as it does that file.
        sqlite: what SQLite alone does afterwards.
        postgres: what PostgreSQL alone does afterwards; ``{trigrams}`` stands for the schema of pg_trgm.
    """

    sql: str = ""
    sqlite: str = ""
    postgres: str = ""


FIRST_OF_POSTGRES = 12
"""The version in which the store was first kept in PostgreSQL."""

STEPS = {
    1: Step("""ALTER TABLE series ADD COLUMN created REAL NOT NULL DEFAULT 0;
    ALTER TABLE issue_environments ADD COLUMN noticed REAL NOT NULL DEFAULT 0"""),
    2: Step("""ALTER TABLE issues ADD COLUMN is_unhandled INTEGER NOT NULL DEFAULT 0;
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
    )"""),
    3: Step("""ALTER TABLE issue_hours RENAME TO old_issue_hours;
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
    CREATE INDEX issue_days_day ON issue_days (day)"""),
    4: Step("CREATE TABLE issue_counts (id INTEGER PRIMARY KEY, counts BLOB NOT NULL)"),
    5: Step("""ALTER TABLE series ADD COLUMN returned REAL NOT NULL DEFAULT 0;
    ALTER TABLE series ADD COLUMN returned_value REAL NOT NULL DEFAULT 0"""),
    6: Step("""ALTER TABLE releases ADD COLUMN told REAL;
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
    ) WITHOUT ROWID"""),
    7: Step("""CREATE TABLE issue_texts (
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
    DROP TABLE issue_words"""),
    8: Step("""CREATE INDEX issues_culprit ON issues (project, culprit);
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
    CREATE INDEX job_runs_job ON job_runs (project, environment, monitor, id)"""),
    9: Step("""ALTER TABLE issue_texts ADD COLUMN said REAL NOT NULL DEFAULT 0;
    UPDATE issue_texts SET said = CAST(strftime('%s', 'now') AS REAL);
    CREATE INDEX issue_texts_said ON issue_texts (said) WHERE mark <> 0;
    ALTER TABLE issue_people ADD COLUMN met REAL NOT NULL DEFAULT 0;
    UPDATE issue_people SET met = CAST(strftime('%s', 'now') AS REAL);
    CREATE INDEX issue_people_met ON issue_people (met)"""),
    10: Step("""ALTER TABLE issues ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
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
    CREATE INDEX issue_trends_order ON issue_trends (2 * short - long, issue)"""),
    11: Step("""DROP INDEX series_evicted;
    CREATE INDEX series_evicted ON series (metric, labels) WHERE evicted <> 0"""),
    12: Step(
        postgres="""CREATE TABLE artifacts (
      id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      project    TEXT COLLATE "C" NOT NULL,
      kind       TEXT COLLATE "C" NOT NULL,
      sha1       TEXT COLLATE "C" NOT NULL,
      size_bytes BIGINT NOT NULL,
      debug_id   TEXT COLLATE "C" NOT NULL,
      release    TEXT COLLATE "C" NOT NULL,
      dist       TEXT COLLATE "C" NOT NULL,
      url        TEXT COLLATE "C" NOT NULL,
      map_url    TEXT COLLATE "C" NOT NULL,
      uploaded   DOUBLE PRECISION NOT NULL,
      used       DOUBLE PRECISION NOT NULL,
      change     BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX artifacts_key ON artifacts (project, debug_id, kind, release, dist, md5(url));
    CREATE INDEX artifacts_content ON artifacts (sha1);
    CREATE INDEX artifacts_used ON artifacts (used);
    CREATE INDEX artifacts_change ON artifacts (change);
    CREATE TABLE artifact_contents (
      sha1       TEXT COLLATE "C" PRIMARY KEY,
      size_bytes BIGINT NOT NULL,
      kept       DOUBLE PRECISION NOT NULL
    );
    CREATE TABLE artifact_parts (
      sha1    TEXT COLLATE "C" NOT NULL REFERENCES artifact_contents (sha1) ON DELETE CASCADE,
      part    BIGINT NOT NULL,
      content BYTEA NOT NULL,
      PRIMARY KEY (sha1, part)
    );
    ALTER TABLE artifact_parts ALTER COLUMN content SET STORAGE EXTERNAL;
    CREATE TABLE artifact_changes (
      part    BIGINT PRIMARY KEY,
      name    TEXT NOT NULL,
      change  BIGINT NOT NULL,
      removed BIGINT NOT NULL
    );
    CREATE TABLE artifact_assembled (
      project  TEXT NOT NULL,
      checksum TEXT NOT NULL,
      release  TEXT NOT NULL,
      dist     TEXT NOT NULL,
      name     TEXT NOT NULL
    );
    CREATE INDEX artifact_assembled_checksum ON artifact_assembled (checksum);
    CREATE TABLE artifact_chunks (
      sha1    TEXT COLLATE "C" PRIMARY KEY,
      kept    DOUBLE PRECISION NOT NULL,
      content BYTEA NOT NULL
    );
    ALTER TABLE artifact_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
    CREATE TABLE quotas (
      day    BIGINT NOT NULL,
      name   TEXT COLLATE "C" NOT NULL,
      member TEXT NOT NULL,
      used   BIGINT NOT NULL,
      PRIMARY KEY (day, name, member)
    );
    CREATE TABLE failed_logins (
      id     BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      who    TEXT NOT NULL,
      member TEXT NOT NULL,
      at     DOUBLE PRECISION NOT NULL
    );
    CREATE TABLE committers (
      member TEXT PRIMARY KEY,
      number BIGINT NOT NULL,
      seen   DOUBLE PRECISION NOT NULL
    );
    ALTER TABLE shippers ADD COLUMN keeps BIGINT NOT NULL DEFAULT 1"""
    ),
}
"""By the version that they begin with."""

SCHEMA_VERSION = max(STEPS) + 1


def refusal(version: int) -> str:
    """Say why a store of another version is not used, and what to do."""
    if version > SCHEMA_VERSION:
        return (
            f"its schema has version {version}, which is newer than this errtally's ({SCHEMA_VERSION}): "
            "run the errtally that made it, or a newer one"
        )
    return (
        f"its schema has version {version}, which is older than this errtally's ({SCHEMA_VERSION}): "
        "`errtally serve` brings it up to date"
    )
