"""What people say of an issue, and deleting it, through the real journal, writer and store, also over restarts."""

from __future__ import annotations

import pytest
from tests.exporter.databases import database_at
from tests.exporter.life import Life

from errtally import names
from errtally.exporter.digest.budget import Budget
from errtally.exporter.journal.records import (
    Batch,
    DeletionChange,
    EventSeen,
    FieldChange,
    IssueSeen,
    MergeChange,
    NoteChange,
)
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.audit import AuditQuery


def tell(life: Life, record: object) -> None:
    life.append(record)
    life.fold()


def delete(life: Life, fingerprint: str = "f1") -> None:
    life.now += 1
    tell(life, DeletionChange("p", fingerprint, life.now, "ann"))


def test_fields_are_set_and_taken_back_and_the_history_says_so(life: Life) -> None:
    life.event()
    for field, value in (
        ("assignee", "bob"),
        ("priority", "high"),
        ("ticket", "https://t.example/1"),
        ("assignee", ""),
    ):
        life.now += 1
        tell(life, FieldChange("p", "f1", field, value, life.now, "ann"))
    found = life.issue()
    assert (found["assignee"], found["priority"], found["ticket"]) == ("", "high", "https://t.example/1")
    assert life.said() == ["assigned to bob", "priority high", "linked to https://t.example/1", "assigned to nobody"]
    assert {entry["by"] for entry in found["history"]} == {"ann"}


def test_a_note_is_in_the_history_and_counted(life: Life) -> None:
    life.event()
    tell(life, NoteChange("p", "f1", "look at the log", life.now, "ann"))
    assert life.issue()["notes"] == 1
    assert life.issue()["history"][0]["details"] == {"text": "look at the log"}


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(FieldChange("p", "gone", "assignee", "bob", 1.0), id="an issue that is not there"),
        pytest.param(FieldChange("p", "f1", "colour", "red", 1.0), id="a field of a newer exporter"),
        pytest.param(NoteChange("q", "f1", "text", 1.0), id="an issue of another project"),
        pytest.param(DeletionChange("p", "gone", 1.0), id="deleting what is not there"),
    ],
)
def test_what_makes_no_sense_changes_nothing(life: Life, record: object) -> None:
    life.event()
    before = life.issue()
    tell(life, record)
    assert life.issue() == before


def test_what_is_said_of_a_merged_fingerprint_is_said_of_its_issue(life: Life) -> None:
    life.event(fingerprint="f1")
    life.event(fingerprint="f2")
    tell(life, MergeChange("p", "f2", "f1", life.now, "ann"))
    tell(life, FieldChange("p", "f2", "assignee", "bob", life.now, "ann"))
    assert life.issue("f1")["assignee"] == "bob"


def test_an_event_that_nothing_caught_marks_its_issue_for_good(life: Life) -> None:
    seen = IssueSeen("f1", "T", "title", "culprit")
    for is_unhandled in (False, True, False):
        event = EventSeen(0, "prod", "error", life.now, "e" * 32, is_unhandled=is_unhandled)
        before = life.reader.issue("f1", "p")
        life.take(issues=[seen], events=[event])
        assert life.issue()["is_unhandled"] == (is_unhandled or bool(before and before["is_unhandled"]))


def test_a_tag_s_value_has_its_first_and_last_time(life: Life) -> None:
    seen = IssueSeen("f1", "T", "title", "culprit")
    start = life.now
    for after, region in ((5, "eu"), (9, "us"), (2, "eu"), (40, "eu")):
        event = EventSeen(0, "prod", "error", start + after, "e" * 32, sample=b"{}", tags={"region": region})
        life.take(issues=[seen], events=[event])
    times = life.reader.tag_times(life.issue()["ids"])
    assert times["region", "eu"] == (start + 2, start + 40)
    assert times["region", "us"] == (start + 9, start + 9)
    assert times["environment", "prod"] == (start + 2, start + 40)


def test_a_deleted_issue_leaves_no_series_and_the_service_keeps_its_counts(life: Life) -> None:
    life.event(fingerprint="f1", user=7)
    life.event(fingerprint="f2")
    delete(life)
    assert life.reader.issue("f1", "p") is None
    assert {labels for labels in life.samples(names.ISSUE_INFO.name) if "f1" in labels} == set()
    assert {labels for labels in life.samples(names.ISSUE_EVENTS.name) if "f1" in labels} == set()
    assert life.total(names.ISSUES.name, "p", "unresolved") == 1
    assert life.total(names.EVENTS.name, "p") == 2
    db = life.writer._store._db
    for table in ("samples", "issue_tags", "issue_hours", "issue_environments", "issue_texts", "issue_people"):
        [(count,)] = db.execute(f"SELECT count(*) FROM {table} WHERE issue NOT IN (SELECT id FROM issues)").fetchall()
        assert count == 0
    assert db.execute("SELECT count(*) FROM user_set_members m JOIN user_sets s ON s.id = m.set_id "
                      "WHERE s.subject LIKE 'issue %'").fetchall() == [(0,)]  # fmt: skip


def test_the_error_that_happens_again_is_a_new_issue_with_a_new_number(life: Life) -> None:
    life.event()
    number = life.issue()["id"]
    life.decide("ignored")
    delete(life)
    life.restart()
    life.event()
    found = life.issue()
    assert found["id"] > number
    assert (found["status"], found["events"]) == ("unresolved", 1)
    assert life.total(names.NEW_ISSUES.name, "p", "prod") == 2
    assert life.total(names.ISSUES.name, "p", "unresolved") == 1
    assert len([labels for labels in life.samples(names.ISSUE_INFO.name) if "f1" in labels]) == 1


def test_what_was_merged_into_it_goes_with_it(life: Life) -> None:
    for fingerprint in ("f1", "f2", "f3"):
        life.event(fingerprint=fingerprint)
    tell(life, MergeChange("p", "f2", "f1", life.now, "ann"))
    delete(life, "f2")  # stands for the issue that it is in
    assert life.reader.issue("f1", "p") is None
    assert life.reader.issue("f2", "p") is None
    assert life.issue("f3")["events"] == 1
    life.event(fingerprint="f2")
    assert life.issue("f2")["fingerprint"] == "f2"


def test_all_in_one_fold(tmp_path) -> None:
    life = Life(tmp_path)
    life.event(fingerprint="f1")
    before = life.issue()["id"]
    seen = IssueSeen("f1", "T", "title f1", "culprit")
    batch = {"issues": [seen], "events": [EventSeen(0, "prod", "error", life.now, "e" * 32)]}
    life.append(Batch("p", life.now, **batch))
    life.append(DeletionChange("p", "f1", life.now, "ann"))
    life.append(Batch("p", life.now, **batch))
    life.fold()
    assert life.issue()["id"] > before
    assert life.issue()["events"] == 1
    assert life.total(names.EVENTS.name, "p") == 3
    assert life.total(names.ISSUE_EVENTS.name, "f1") == 3  # a counter never goes down
    life.close()


def test_the_log_still_says_what_was_deleted(life: Life) -> None:
    life.event()
    tell(life, NoteChange("p", "f1", "look", life.now, "ann"))
    delete(life)
    entries = life.reader.audit(AuditQuery(project="p"))
    assert [(entry["what"], entry["by"], entry["issue"], entry["title"]) for entry in entries] == [
        ("deleted", "ann", None, "title f1"),
        ("note", "ann", None, "title f1"),
    ]


def test_a_running_scrape_forgets_a_deleted_issue(tmp_path) -> None:
    life = Life(tmp_path)
    life.event()
    view = StoreView(database_at(tmp_path), tmp_path, Budget({}))
    assert b'issue="f1"' in view.render(life.now, openmetrics=False)
    delete(life)
    assert b'issue="f1"' not in view.render(life.now, openmetrics=False)
    view._db.close()
    life.close()
