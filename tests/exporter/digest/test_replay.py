"""Whatever happens, in whatever order: an exporter that dies after every fold ends with the store of one that runs."""

from __future__ import annotations

import os
import random
from contextlib import closing

import pytest
from tests.exporter.databases import database_at
from tests.exporter.life import Life

from errtally import names
from errtally.event.signals import Schedule
from errtally.exporter.journal.records import CheckInSeen, MergeChange, SessionSeen, Until

RUNS = int(os.environ.get("ERRTALLY_REPLAY_RUNS", "4"))
STEPS = 25
RELEASES = ("", "1.4.2", "1.4.3-rc.1", "1.4.3", "1.10.0", "9f3c2a1", "web@2.0")
SCHEDULES = (None, Schedule("crontab", "*/5 * * * *"), Schedule("interval", "10", "minute"))
TABLES = ("issues", "history", "conditions", "condition_users", "releases", "monitors", "session_users", "aliases")


def take_a_step(life, chosen):
    fingerprint = chosen.choice(["f1", "f2"])
    untils = [None, Until("next_release"), Until("in_release", chosen.choice(RELEASES[1:])),
              Until("events", amount=chosen.randint(1, 3)), Until("users", amount=chosen.randint(1, 2)),
              Until("time", amount=life.now + chosen.randint(1, 900))]  # fmt: skip
    match chosen.randrange(7):
        case 0 | 1:
            late = life.now - 30 if chosen.random() < 0.2 else None
            life.event(release=chosen.choice(RELEASES), user=chosen.randrange(3), fingerprint=fingerprint, at=late)
        case 2 | 3:
            status = chosen.choice(["resolved", "ignored", "unresolved"])
            life.decide(status, chosen.choice(untils), fingerprint=fingerprint)
        case 4:
            status = chosen.choice(["in_progress", "ok", "error"])
            run, schedule = chosen.choice(["", "a", "b"]), chosen.choice(SCHEDULES)
            life.take(check_ins=[CheckInSeen("prod", "backup", status, life.now, run, schedule)])
        case 5:
            release, status = chosen.choice(RELEASES), chosen.choice(["started", "crashed"])
            life.take(sessions=[SessionSeen("prod", release, status, 1, "", chosen.randrange(5))])
            life.append(MergeChange("p", "f1", chosen.choice(["", "f2"]), life.now, "ann"))
            life.fold()
        case _:
            life.wait(chosen.choice([7, 70, 700, 7000]))


NOTICED = [metric.name for metric in (names.LAST_NEW_ISSUE, names.LAST_REGRESSION, names.CHECK_IN_LAST_FAILED)]
"""Times at which something was stored."""


def contents(life):
    """The tables, without what numbers transactions and says when they were; counters of issues, releases and jobs."""
    with closing(database_at(life.folder).reader()) as db:
        found = {
            table: sorted(
                tuple((name, row[name]) for name in row.keys() if name not in {"change", "id", "noticed"})  # noqa: SIM118 (a row)
                for row in db.execute(f"SELECT * FROM {table}")
            )
            for table in TABLES
        }
        found["series"] = sorted(
            (*row[:3], row[3] > 0 if row[0] in NOTICED else row[3])
            for row in db.execute("SELECT metric, labels, part, value FROM series WHERE metric NOT LIKE '%digest%'")
        )
    return found


@pytest.mark.parametrize("seed", range(RUNS))
def test_an_exporter_that_dies_after_every_fold_ends_with_the_same_store(tmp_path, seed):
    lives = []
    for dies in (False, True):
        folder = tmp_path / str(dies)
        folder.mkdir()
        life, chosen = Life(folder, dies=dies), random.Random(seed)
        for _ in range(STEPS):
            take_a_step(life, chosen)
        lives.append(life)
    running, dying = (contents(life) for life in lives)
    for life in lives:
        life.close()
    assert running["series"]
    assert running == dying
