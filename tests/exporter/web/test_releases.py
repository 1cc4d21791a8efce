"""The pages of releases: what runs where and how it does, and what one of them brought."""

from __future__ import annotations

import re
import time

import pytest
from tests.exporter.inprocess import envelope

from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.journal.records import Commit, DeployChange, ReleaseChange, StatusChange, Until, encoder
from errtally.exporter.web.release_health import by_release, percent

ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"


pytestmark = pytest.mark.usefixtures("any_database")


def send(exporter, type_: str, release: str, at: float) -> None:
    event = {"type": type_, "message": "broken", "timestamp": at, "context": {"release": release}}
    assert exporter.post("/api/events?project=shop", {"events": [event]}).status == 200
    exporter.fold()


def sessions(exporter, release: str, **counts: int) -> None:
    body = {"attrs": {"release": release, "environment": "prod"}, "aggregates": [counts]}
    assert exporter.post("/api/shop/envelope/?sentry_key=any", envelope(("sessions", body))).status == 200
    exporter.fold()


def tell(exporter, *records: object) -> None:
    for record in records:
        exporter.appender.append(encoder.encode(record), 0, time.time())
    exporter.fold()


def text(exporter, path: str) -> str:
    answer = exporter.get(path)
    assert answer.status == 200, answer.body
    return " ".join(re.sub("<[^>]*>", " ", answer.body.decode()).split())


def part(page: str, begin: str, end: str) -> str:
    return page[page.index(begin) : page.index(end, page.index(begin))]


def test_a_release_shows_what_it_brought_and_nothing_that_others_did(exporter) -> None:
    now = time.time()
    for type_, release, ago in (
        ("OldError", "1.0", 90), ("BackError", "1.0", 90), ("FixedError", "1.0", 90), ("NewError", "1.1", 10),
    ):  # fmt: skip
        send(exporter, type_, release, now - ago)
    found = {one["type"]: one["fingerprint"] for one in exporter.reader.issues()}
    tell(
        exporter,
        StatusChange("shop", found["BackError"], "resolved", now - 60, "ann"),
        StatusChange("shop", found["FixedError"], "resolved", now - 60, "ann", Until("in_release", "1.1")),
    )
    send(exporter, "BackError", "1.1", now - 5)
    page = text(exporter, "/releases/shop/1.1")
    assert "NewError" in part(page, "New in it", "Came back in it")
    assert "BackError" in part(page, "Came back in it", "Resolved in it")
    assert "FixedError" in part(page, "Resolved in it", "Deploys")
    assert "OldError" not in page
    assert "NewError" not in text(exporter, "/releases/shop/1.0")


def test_an_issue_that_was_merged_is_not_counted_beside_the_one_that_it_is_in(exporter) -> None:
    now = time.time()
    for number in range(6):
        body = {
            "type": "KeyError",
            "message": f"'rate_{'abcdef'[number]}x'",
            "timestamp": now,
            "context": {"release": "1"},
        }
        assert exporter.post("/api/events?project=shop", {"events": [body]}).status == 200
        exporter.fold()
    [release] = exporter.reader.releases("shop")
    listed = exporter.get("/api/issues?project=shop&query=first_release:1").json()["issues"]
    assert release["new_issues"] == len(listed)


def test_the_share_of_sessions_without_a_crash_stands_beside_that_of_the_release_before(exporter) -> None:
    sessions(exporter, "1.0", exited=199, crashed=1)
    sessions(exporter, "1.1", exited=45, crashed=5)
    page = text(exporter, "/releases/shop/1.1")
    assert "90.00 % of 50 sessions crash-free, 14 d; 99.50 % in 1.0" in page
    assert "20 % of the project's sessions of 24 h" in page
    listed = text(exporter, "/releases")
    assert listed.index("1.1") < listed.index("1.0")
    assert "99.50 %" in listed


def test_deploys_and_commits_are_shown_and_a_release_that_nothing_came_in_of(exporter) -> None:
    now = time.time()
    tell(
        exporter,
        ReleaseChange("shop", "2.0", now, ref="main", commits=(Commit("fc1d5b66f6ea", "Ann", "Mend it\n\nmore"),)),
        DeployChange("shop", "2.0", "prod", now, now - 5, name="build 42", url="https://ci.example/42", by="ci"),
    )
    page = text(exporter, "/releases/shop/2.0")
    for shown in ("nothing yet came in of it", "built of main", "build 42", "fc1d5b66", "Mend it", "Ann"):
        assert shown in page
    assert "https://ci.example/42" in exporter.get("/releases/shop/2.0").body.decode()
    assert "nothing came in yet" in text(exporter, "/releases?project=shop")


def test_uploaded_files_are_listed_with_what_they_are_found_by(exporter) -> None:
    tell(exporter, ReleaseChange("shop", "2.0", time.time()))
    assert "None: source maps come by" in text(exporter, "/releases/shop/2.0")
    archive = exporter.uploads.archive
    digest = archive.keep(b"{}")
    archive.add(
        Artifact("shop", "source_map", digest, 1234, ID, "2.0", "42", f"~/js/<b>{number}.js.map", uploaded=1.0)
        for number in range(120)
    )
    archive.add([Artifact("other", "source_map", digest, 2, url="~/theirs.js.map", release="2.0")])
    page = exporter.get("/releases/shop/2.0").body.decode()
    for shown in ("120 files", "And 20 more", "~/js/&lt;b&gt;7.js.map", ID, "1,234", "source map", ">42<"):
        assert shown in page, shown
    assert "theirs" not in page


def test_names_are_no_markup_and_what_is_not_there_is_not_found(exporter) -> None:
    tell(exporter, ReleaseChange("shop", "<b>1</b>", time.time(), commits=(Commit("a", "<i>", "<script>"),)))
    body = exporter.get("/releases/shop/<b>1</b>").body.decode()
    for raw in ("<b>1</b>", "<i>", "<script>x"):
        assert raw not in body
    assert exporter.get("/releases/shop/3.0").status == 404
    assert exporter.get("/releases/none/1.0").status == 404


def test_nothing_is_there_at_first_and_the_page_says_how_to_begin(exporter) -> None:
    assert "sentry-cli releases new" in text(exporter, "/releases")


@pytest.mark.parametrize(
    ("share", "digits", "expected"),
    [
        (None, 2, "none"), (1.0, 2, "100.00 %"), (0.0, 2, "0.00 %"), (0.995, 2, "99.50 %"),
        (0.999999, 2, "> 99.99 %"), (0.000001, 2, "< 0.01 %"), (0.004, 0, "< 1 %"), (0.5, 0, "50 %"),
    ],
)  # fmt: skip
def test_a_part_is_never_shown_as_all_or_nothing(share, digits, expected) -> None:
    assert percent(share, digits) == expected


def test_adoption_is_of_the_last_day_and_of_the_own_project() -> None:
    rows = [
        (100, "shop", "prod", "1", "started", 30.0), (100, "shop", "prod", "2", "started", 10.0),
        (70, "shop", "prod", "2", "started", 99.0), (100, "mail", "prod", "1", "started", 500.0),
        (100, "shop", "prod", "2", "unhandled", 2.0),
    ]  # fmt: skip
    found = by_release(rows, 100)
    assert found["shop", "2"].adoption == 0.25
    assert found["shop", "2"].crash_free == pytest.approx(107 / 109)
    assert found["mail", "1"].adoption == 1.0
