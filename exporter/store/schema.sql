-- The store: folded state and nothing else. Times are seconds since the epoch.
-- `change` is the number of the transaction that last touched a row: readers ask for what is newer than they know.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Up to where each journal segment is folded; written in the same transaction as what came out of it.
CREATE TABLE positions (
  segment TEXT PRIMARY KEY,
  "offset" INTEGER NOT NULL
) WITHOUT ROWID;

-- One row for each counter or gauge, and for each bucket and sum of a histogram (part = upper bound, or 'sum').
-- A bucket's value is what lies between the next lower bound of its time and its own, so bounds may be added.
CREATE TABLE series (
  id       INTEGER PRIMARY KEY,
  metric   TEXT NOT NULL,
  labels   TEXT NOT NULL,  -- JSON array in the catalogue's order
  part     TEXT NOT NULL DEFAULT '',
  value    REAL NOT NULL,
  exemplar TEXT,           -- JSON: labels, value, time
  change   INTEGER NOT NULL,
  touched  REAL NOT NULL DEFAULT 0,    -- when the newest record of the fold that last changed it came in
  evicted  INTEGER NOT NULL DEFAULT 0, -- 1 while it is not exposed because it was idle and room was needed
  created  REAL NOT NULL DEFAULT 0,    -- since when it can be seen; 0 where an older version did not note it
  returned REAL NOT NULL DEFAULT 0,    -- when it last came back after it had been evicted; 0 for never
  returned_value REAL NOT NULL DEFAULT 0 -- what it had then
);
CREATE INDEX series_change ON series (change);
CREATE INDEX series_evicted ON series (metric, labels) WHERE evicted <> 0;

CREATE TABLE issues (
  id            INTEGER PRIMARY KEY,
  project       TEXT NOT NULL,
  fingerprint   TEXT NOT NULL,
  type          TEXT NOT NULL,
  title         TEXT NOT NULL,
  culprit       TEXT NOT NULL,
  pattern       TEXT NOT NULL,
  scope         TEXT NOT NULL,  -- what another issue has to share for their patterns to be compared
  platform      TEXT NOT NULL,
  why           TEXT NOT NULL,  -- JSON array
  status        TEXT NOT NULL,
  level         TEXT NOT NULL,
  events        INTEGER NOT NULL,
  first_seen    REAL NOT NULL,
  last_seen     REAL NOT NULL,
  first_release TEXT NOT NULL,
  last_release  TEXT NOT NULL,
  resolved      REAL,
  regressed     REAL,
  change        INTEGER NOT NULL,
  is_unhandled  INTEGER NOT NULL DEFAULT 0,   -- 1 when nothing caught one of its events
  assignee      TEXT NOT NULL DEFAULT '',     -- who sees to it, by name
  priority      TEXT NOT NULL DEFAULT '',     -- high, medium, low; '' for what its level says
  ticket        TEXT NOT NULL DEFAULT '',     -- address of its ticket elsewhere
  users         INTEGER NOT NULL DEFAULT 0,   -- sum of those in its environments
  UNIQUE (project, fingerprint)
);
-- Lists are read in this order until a page is full. What lists are narrowed and ordered by stands here too: rows are wide,
-- and one that is not shown is not read. An index more for each order would be written to with every event.
CREATE INDEX issues_last_seen ON issues (last_seen, id, status, project, level, events, users, first_seen, is_unhandled,
  assignee, priority, first_release, last_release);
CREATE INDEX issues_culprit ON issues (project, culprit);
CREATE INDEX issues_type ON issues (project, type, last_seen);
CREATE INDEX issues_resolved ON issues (resolved) WHERE status = 'resolved';

-- Issues that people deleted: their numbers are not given again, and the history goes on naming them.
CREATE TABLE deleted_issues (
  id          INTEGER PRIMARY KEY,
  project     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  title       TEXT NOT NULL,
  change      INTEGER NOT NULL
);

-- Fingerprints whose events count in another issue. One that was merged by hand has a row in issues too, with what was
-- counted before. A merge that was taken back stays, so that it is not made again by itself.
CREATE TABLE aliases (
  id          INTEGER PRIMARY KEY,  -- from the same numbers as issues: the order in which fingerprints appeared
  project     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  merged_into TEXT NOT NULL,
  reason      TEXT NOT NULL,
  at          REAL NOT NULL,
  by          TEXT NOT NULL,
  title       TEXT NOT NULL,
  pattern     TEXT NOT NULL,
  scope       TEXT NOT NULL,
  undone_at   REAL,
  undone_by   TEXT,
  UNIQUE (project, fingerprint)
);
CREATE INDEX aliases_merged_into ON aliases (project, merged_into) WHERE undone_at IS NULL;

CREATE TABLE issue_environments (
  issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  environment TEXT NOT NULL,
  events      INTEGER NOT NULL,
  users       INTEGER NOT NULL,
  first_seen  REAL NOT NULL,
  last_seen   REAL NOT NULL,
  is_exposed  INTEGER NOT NULL,  -- 0 when the budget of series was used up, or it gave its place up
  change      INTEGER NOT NULL,
  touched     REAL NOT NULL,     -- as of series
  noticed     REAL NOT NULL DEFAULT 0,  -- when it was first stored, whatever time its events bring; 0 as of series
  PRIMARY KEY (issue, environment)
) WITHOUT ROWID;
CREATE INDEX issue_environments_change ON issue_environments (change);
CREATE INDEX issue_environments_environment ON issue_environments (environment);

-- Where a project's events came from, and when the first of them was.
CREATE TABLE project_environments (
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  first_seen  REAL NOT NULL,
  PRIMARY KEY (project, environment)
) WITHOUT ROWID;

-- Events of an issue over time, and users who were new to it; hours become days when they are old.
CREATE TABLE issue_hours (
  issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  hour        INTEGER NOT NULL,  -- since the epoch
  environment TEXT NOT NULL,     -- '' where an older version counted
  events      INTEGER NOT NULL,
  users       INTEGER NOT NULL,
  PRIMARY KEY (issue, hour, environment)
) WITHOUT ROWID;
CREATE INDEX issue_hours_hour ON issue_hours (hour);

CREATE TABLE issue_days (
  issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  day         INTEGER NOT NULL,  -- since the epoch
  environment TEXT NOT NULL,     -- as of hours
  events      INTEGER NOT NULL,
  users       INTEGER NOT NULL,
  PRIMARY KEY (issue, day, environment)
) WITHOUT ROWID;
CREATE INDEX issue_days_day ON issue_days (day);

-- Events of a project by the minute in which they were folded; the last hour.
CREATE TABLE project_minutes (
  project TEXT NOT NULL,
  minute  INTEGER NOT NULL,  -- since the epoch
  events  INTEGER NOT NULL,
  PRIMARY KEY (project, minute)
) WITHOUT ROWID;

-- What an issue's events have in common: environment, level, release and transaction of all, tags of those kept whole.
CREATE TABLE issue_tags (
  issue  INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  tag    TEXT NOT NULL,
  value  TEXT NOT NULL,
  events INTEGER NOT NULL,
  first_seen REAL,  -- NULL where an older version counted
  last_seen  REAL,
  PRIMARY KEY (issue, tag, value)
) WITHOUT ROWID;

-- What is not in the tables of hours, tags and trends yet, one row a fold (see store/waiting.py).
CREATE TABLE issue_counts (
  id     INTEGER PRIMARY KEY,
  counts BLOB NOT NULL  -- MessagePack
);

-- What free words are looked for in, with case folded: what the issue is (mark 0), and what its events say.
CREATE TABLE issue_texts (
  id    INTEGER PRIMARY KEY,
  issue INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  mark  INTEGER NOT NULL,  -- hash of what an event says, so that it stands here once
  text  TEXT NOT NULL,
  said  REAL NOT NULL DEFAULT 0,  -- when an event said it last, to a day
  UNIQUE (issue, mark)
);
CREATE INDEX issue_texts_said ON issue_texts (said) WHERE mark <> 0;

-- Every value of every tag once: names and values are looked for here, the issues that have them in issue_tags.
CREATE TABLE tag_values (
  id     INTEGER PRIMARY KEY,
  tag    TEXT NOT NULL,
  value  TEXT NOT NULL,
  folded TEXT NOT NULL,  -- the value with case folded
  UNIQUE (tag, value)
);
CREATE INDEX tag_values_folded ON tag_values (tag, folded);
CREATE INDEX issue_tags_value ON issue_tags (tag, value);

-- Which texts have three characters in a row. Where these stand it does not know, which is a third of the work: what it
-- finds is looked at once more (see search/texts.py).
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

-- Users of kept events by what they are called: keyed hashes of id, email, name and address, never these themselves.
CREATE TABLE issue_people (
  person INTEGER NOT NULL,
  issue  INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  met    REAL NOT NULL DEFAULT 0,  -- when an event of theirs was last kept, to a day
  PRIMARY KEY (person, issue)
) WITHOUT ROWID;
CREATE INDEX issue_people_met ON issue_people (met);
CREATE INDEX issue_people_issue ON issue_people (issue);

-- How often an issue happens of late: base 2 logarithms of its events, each of them worth half when it is older by
-- a half-life (see store/trends.py).
CREATE TABLE issue_trends (
  issue INTEGER PRIMARY KEY REFERENCES issues (id) ON DELETE CASCADE,
  short REAL NOT NULL,
  long  REAL NOT NULL
);
CREATE INDEX issue_trends_order ON issue_trends (2 * short - long, issue);

-- Sets of distinct users, of an issue for good or of a slot of time. `sketch` is a HyperLogLog sketch of those who are
-- not in user_set_members. Keyed hashes of users, never the users.
CREATE TABLE user_sets (
  id      INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  span    INTEGER NOT NULL,  -- length of the slot in seconds, 0 without slots
  slot    INTEGER NOT NULL,
  sketch  BLOB,
  UNIQUE (subject, span, slot)
);
CREATE INDEX user_sets_slot ON user_sets (span, slot) WHERE span > 0;

CREATE TABLE user_set_members (
  set_id INTEGER NOT NULL,
  "user"   INTEGER NOT NULL,
  PRIMARY KEY (set_id, "user")
) WITHOUT ROWID;

-- Requests by Apdex zone in slots of 10 s; the score is taken over the newest ones.
CREATE TABLE apdex_slots (
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  trans       TEXT NOT NULL,
  slot        INTEGER NOT NULL,
  satisfied   INTEGER NOT NULL,
  tolerating  INTEGER NOT NULL,
  frustrated  INTEGER NOT NULL,
  PRIMARY KEY (project, environment, trans, slot)
) WITHOUT ROWID;

-- Sample events, scrubbed, as zlib-compressed JSON. `number` counts the samples of an issue; which are kept goes by it.
CREATE TABLE samples (
  id          INTEGER PRIMARY KEY,
  issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  event_id    TEXT NOT NULL,
  environment TEXT NOT NULL,
  happened    REAL NOT NULL,
  page        BLOB NOT NULL
);
CREATE UNIQUE INDEX samples_issue ON samples (issue, number);
CREATE INDEX samples_happened ON samples (happened);
CREATE INDEX samples_event ON samples (event_id);

-- What the live stream tells, a ring of the newest: one row for each fold that counted events.
CREATE TABLE stream (
  last   INTEGER PRIMARY KEY,  -- number of its last event: events are numbered in the order in which they were folded
  events INTEGER NOT NULL,     -- how many it counted
  items  INTEGER NOT NULL,     -- how many of them it tells
  batch  BLOB NOT NULL         -- MessagePack
);

-- Firings of alerts, as Alertmanager's webhook told; `told` is when it last did.
CREATE TABLE alerts (
  fingerprint TEXT NOT NULL,
  starts_at   REAL NOT NULL,
  ends_at     REAL,
  told        REAL NOT NULL,
  name        TEXT NOT NULL,
  severity    TEXT NOT NULL,
  labels      TEXT NOT NULL,  -- JSON object
  summary     TEXT NOT NULL,
  links       TEXT NOT NULL,  -- JSON object: alertmanager, source, runbook to their addresses
  PRIMARY KEY (fingerprint, starts_at)
) WITHOUT ROWID;

-- Gauges that clients push, one for each of their processes; one that is not renewed is removed.
CREATE TABLE client_gauges (
  metric  TEXT NOT NULL,
  labels  TEXT NOT NULL,  -- JSON array in the catalogue's order
  value   REAL NOT NULL,
  renewed REAL NOT NULL,
  PRIMARY KEY (metric, labels)
) WITHOUT ROWID;

-- Hashes of what was counted already (events with an id of their own, ended sessions, reports), one row a fold.
CREATE TABLE seen (
  id     INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
);

CREATE TABLE history (
  id      INTEGER PRIMARY KEY,
  issue   INTEGER NOT NULL,
  at      REAL NOT NULL,
  by      TEXT NOT NULL,
  what    TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{}'  -- JSON object: the parameters of a decision
);
CREATE INDEX history_issue ON history (issue, id);

-- What ends an issue's being resolved or ignored by itself; no row for what holds until somebody decides again.
CREATE TABLE conditions (
  issue          INTEGER PRIMARY KEY REFERENCES issues (id) ON DELETE CASCADE,
  kind           TEXT NOT NULL,  -- next_release, in_release, events, users, time
  at             REAL NOT NULL,
  release        TEXT NOT NULL,
  release_number INTEGER NOT NULL,
  release_rank   INTEGER NOT NULL,
  amount         REAL NOT NULL,
  events         INTEGER NOT NULL
);

-- Users that an ignored issue hit since, where it is ignored until so many are; keyed hashes.
CREATE TABLE condition_users (
  issue INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  "user"  INTEGER NOT NULL,
  PRIMARY KEY (issue, "user")
) WITHOUT ROWID;

-- Releases in the order in which they appeared; `rank` orders those whose names do not (see digest/releases.py).
CREATE TABLE releases (
  project TEXT NOT NULL,
  release TEXT NOT NULL,
  number  INTEGER NOT NULL,
  rank    INTEGER NOT NULL,
  seen    REAL,  -- NULL while only a person named it
  -- What was told of it (see digest/deploys.py): when first, when it came out, what it was built of, and its page.
  told     REAL,
  released REAL,
  ref      TEXT NOT NULL DEFAULT '',
  url      TEXT NOT NULL DEFAULT '',
  status   TEXT NOT NULL DEFAULT 'open',
  PRIMARY KEY (project, release)
) WITHOUT ROWID;

CREATE TABLE release_commits (
  project    TEXT NOT NULL,
  release    TEXT NOT NULL,
  number     INTEGER NOT NULL,  -- the newest has 0
  id         TEXT NOT NULL,
  author     TEXT NOT NULL,
  message    TEXT NOT NULL,
  repository TEXT NOT NULL,
  at         REAL,
  paths      TEXT NOT NULL,  -- JSON
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

-- Sessions by the hour in which they were told of (see store/session_hours.py).
CREATE TABLE session_hours (
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  release     TEXT NOT NULL,
  hour        INTEGER NOT NULL,
  status      TEXT NOT NULL,
  sessions    REAL NOT NULL,
  PRIMARY KEY (hour, project, environment, release, status)
) WITHOUT ROWID;

-- Users with sessions of a release: a sample of them by their hashes, bounded (see store/session_users.py).
CREATE TABLE session_users (
  project      TEXT NOT NULL,
  environment  TEXT NOT NULL,
  release      TEXT NOT NULL,
  "user"         INTEGER NOT NULL,
  last_seen    REAL NOT NULL,
  last_crashed REAL NOT NULL,
  PRIMARY KEY (project, environment, release, "user")
) WITHOUT ROWID;

-- One user in 2 to the power of `level` is in the sample.
CREATE TABLE session_samples (
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  release     TEXT NOT NULL,
  level       INTEGER NOT NULL,
  kept        INTEGER NOT NULL,  -- at least as many as there are
  PRIMARY KEY (project, environment, release)
) WITHOUT ROWID;

-- Scheduled jobs whose schedule is known.
CREATE TABLE monitors (
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  monitor     TEXT NOT NULL,
  schedule    TEXT NOT NULL,  -- JSON object
  expected    REAL NOT NULL,  -- the earliest planned time that no report answered
  judged_next REAL NOT NULL,  -- the planned time that is missed or not next
  runs        TEXT NOT NULL,  -- JSON object: runs under way, to when they have taken too long
  PRIMARY KEY (project, environment, monitor)
) WITHOUT ROWID;

-- What scheduled jobs reported of their runs, and which they missed; the newest of each (see store/jobs.py).
CREATE TABLE job_runs (
  id          INTEGER PRIMARY KEY,
  project     TEXT NOT NULL,
  environment TEXT NOT NULL,
  monitor     TEXT NOT NULL,
  run         TEXT NOT NULL,  -- '' where the client did not name it
  began       REAL,           -- NULL where only the end was told, or the run is missed
  ended       REAL,           -- NULL while it runs; when it was planned where it is missed
  status      TEXT NOT NULL,
  seconds     REAL            -- how long it took, as the client says
);
CREATE UNIQUE INDEX job_runs_run ON job_runs (project, environment, monitor, run) WHERE run <> '';
CREATE INDEX job_runs_job ON job_runs (project, environment, monitor, id);
