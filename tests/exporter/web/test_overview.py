"""The overview, and how to connect a program."""

from __future__ import annotations

import time

import pytest
from tests.exporter.inprocess import InProcess

from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.store import rates
from errtally.exporter.store.overview import ProjectNumbers
from errtally.exporter.web import connect, overview

SHOP = Project("shop", "7", keys=frozenset({"k1"}))
BEARER = {"Authorization": "Bearer k1"}


def test_projects_have_their_numbers(exporter) -> None:
    for project, messages in (("shop", ["a", "a", "bb cc"]), ("mail", ["a"])):
        body = {"events": [{"message": message} for message in messages]}
        assert exporter.post(f"/api/events?project={project}", body, BEARER).status == 200
    timings = [{"transaction": "/", "duration_seconds": seconds, "status": 200} for seconds in (0.1, 0.1, 1.0, 9.0)]
    assert exporter.post("/api/requests?project=shop", {"requests": timings}, BEARER).status == 200
    assert exporter.post("/api/events?project=shop", {"no": "message"}, BEARER).status == 400
    exporter.fold()
    now = time.time()
    found, ingest, *_ = exporter.reader.overview(now)
    shop, mail = found["shop"], found["mail"]
    assert (shop.events_day, shop.new_day, shop.unresolved, shop.regressed, shop.apdex) == (3, 2, 2, 0, 0.625)
    assert (mail.events_day, mail.new_day, mail.apdex) == (1, 1, None)
    assert shop.events_per_minute == pytest.approx(3 / (now / 60 - (now // 60 - 4)), rel=0.3)
    assert shop.events_per_minute == pytest.approx(3 * mail.events_per_minute)
    assert ingest.since > 0
    page = exporter.get("/overview").body.decode()
    assert page.index(">shop<") < page.index(">mail<")
    assert "0.62" in page
    assert "poor" in page


def test_a_rate_is_over_the_last_minutes_and_old_ones_are_forgotten(exporter) -> None:
    db = exporter.writer._store._db
    now = 30_000_000 * 60.0 + 30
    minutes = [(0, 7), (4, 20), (5, 1000), (60, 5), (61, 5)]
    db.executemany("INSERT INTO project_minutes VALUES ('shop', ?, ?)", [(30_000_000 - ago, n) for ago, n in minutes])
    assert rates.per_minute(db, now) == {"shop": 27 / 4.5}
    rates.prune(db, now)
    assert db.execute("SELECT count(*) FROM project_minutes").fetchone() == (4,)


def test_a_configured_project_that_sent_nothing_is_listed() -> None:
    listed = overview.listed({"mail": ProjectNumbers("mail", events_per_minute=2.0)}, ["shop", "mail"])
    assert [(one.name, one.events_per_minute) for one in listed] == [("mail", 2.0), ("shop", 0.0)]


@pytest.mark.parametrize(
    ("state", "count"),
    [
        pytest.param({"unready": None, "lag": 0.4}, 0, id="all is well"),
        pytest.param({"unready": "the writer stopped", "lag": 0.4}, 1, id="the writer stopped"),
        pytest.param({"unready": "the disk is full", "lag": 60.0}, 2, id="everything at once"),
    ],
)
def test_what_is_wrong_with_ingest_is_told(state, count) -> None:
    assert len(overview.problems(**state)) == count


@pytest.mark.parametrize(
    ("score", "word"),
    [(1.0, "excellent"), (0.94, "excellent"), (0.85, "good"), (0.7, "fair"), (0.5, "poor"), (0.0, "unacceptable")],
)
def test_a_score_has_a_word(score, word) -> None:
    assert overview.apdex_word(score) == word


def test_the_dsn_is_the_real_one() -> None:
    config = ExporterConfig(projects=(SHOP,), external_url="https://errors.example")
    found = connect.connection(config, "shop", is_logged_in=True)
    assert (found.dsn, found.has_key, found.notice) == ("https://k1@errors.example/7", True, "")
    assert all("k1" in snippet.text for snippet in found.snippets)
    assert connect.connection(config, "mail", is_logged_in=True) is None


def test_keys_are_for_people_who_are_logged_in(tmp_path) -> None:
    config = ExporterConfig(projects=(SHOP,))
    assert "k1" not in str(connect.connection(config, "shop", is_logged_in=False))
    exporter = InProcess(tmp_path, config)
    page = exporter.get("/overview").body.decode()
    assert "k1" not in page
    assert "YOUR_KEY" in page
    exporter.close()


def test_a_project_without_a_number_says_what_sdks_need() -> None:
    open_ = connect.connection(ExporterConfig(), "mail", is_logged_in=False)
    assert (open_.dsn, "project 1" in open_.notice) == ("http://any@127.0.0.1:9765/1", True)
    assert connect.connection(ExporterConfig(), "7", is_logged_in=False).notice == ""
    named = ExporterConfig(projects=(Project("shop", "shop", keys=frozenset({"k"})),))
    assert "such as id: '7'" in connect.connection(named, "shop", is_logged_in=True).notice


def test_a_hostile_name_of_a_project_never_stands_in_what_is_pasted() -> None:
    found = connect.connection(ExporterConfig(), "x'; rm -rf ~; '", is_logged_in=False)
    assert "rm -rf" not in str(found)


def test_only_a_known_project_is_connected(exporter) -> None:
    assert exporter.get("/overview?project=nobody").status == 404
    assert exporter.get("/overview").status == 200
