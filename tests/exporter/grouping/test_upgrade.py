"""A store of version 1 keeps its issues: what was known goes on under its old name, and nothing is new."""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.exporter.inprocess import InProcess

from errtally.exporter.grouping import grouper, version_1

DATA = Path(__file__).parents[2] / "data"
STACKS = sorted((DATA / "stacks").glob("*.txt"))
MESSAGES = json.loads((DATA / "grouping" / "log_messages.json").read_text(encoding="utf-8"))
PAIRS = [json.loads(line) for line in (DATA / "grouping" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
LABELLED = [
    json.loads(line) for line in (DATA / "grouping" / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
]


def send(exporter):
    events = [{"message": message, "level": "error"} for message in MESSAGES]
    events += [{"message": "", "stack": path.read_text(encoding="utf-8"), "level": "error"} for path in STACKS]
    events += [row[side] for row in PAIRS for side in ("a", "b")] + [row["event"] for row in LABELLED]
    for event in events:
        assert exporter.post("/api/events", event).status == 200
    for folder in ("pybrake", "bugsnag-python"):
        for head in sorted((DATA / "captures" / folder).glob("*.head")):
            first, *lines = head.read_text().strip().splitlines()
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            assert exporter.post(first.split()[1], head.with_suffix(".body").read_bytes(), headers).status < 300
    exporter.fold()


def issues(exporter):
    """The issues that events count in, by their label, with the events of each."""
    counts = Counter()
    for (name, labels), value in exporter.series().items():
        if name == "errtally_issue_events_total":
            counts[dict(labels)["issue"]] += value
    return counts


def counted(exporter):
    return exporter.total("errtally_new_issues_total"), exporter.total("errtally_events_total")


@pytest.fixture
def version_1_only(monkeypatch):
    """The exporter of the release before."""
    with monkeypatch.context() as patched:
        patched.setattr(grouper, "fingerprint", lambda event, rule, _: version_1.fingerprint(event, rule))
        patched.setattr(grouper, "with_former", lambda grouping, *_: grouping)
        yield patched


def test_after_an_upgrade_the_same_traffic_makes_no_new_issue(tmp_path, version_1_only):
    exporter = InProcess(tmp_path)
    send(exporter)
    known, (new, events) = issues(exporter), counted(exporter)
    assert len(known) > len(STACKS)
    exporter.close()

    version_1_only.undo()
    exporter = InProcess(tmp_path)
    send(exporter)
    assert issues(exporter).keys() == known.keys()
    assert counted(exporter) == (new, 2 * events)
    assert sum(issues(exporter).values()) == 2 * sum(known.values())
    exporter.close()
