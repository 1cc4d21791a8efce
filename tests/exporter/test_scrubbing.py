"""Scrubbing as the configuration file chooses it, for all projects and for one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.exporter.inprocess import InProcess
from tests.waiting import LINEAR_SECONDS

from errtally import config as files
from errtally.errors import ConfigError
from errtally.event.scrub import ScrubSettings
from errtally.exporter.config import build, from_json, to_json
from errtally.exporter.scrubbing import scrubber

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.config import ExporterConfig


def settings(text: str) -> ExporterConfig:
    return build(files.parse(text, "f"), "f")


def test_a_file_that_says_nothing_has_the_defaults() -> None:
    assert settings("{}").scrubbing == ScrubSettings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{keys: [vehicle_id, kfz]}", ScrubSettings(keys=("vehicle_id", "kfz")), id="further keys"),
        pytest.param("{patterns: ['ORD-[0-9]{6}']}", ScrubSettings(patterns=("ORD-[0-9]{6}",)), id="further patterns"),
        pytest.param("{allow: [retry_token, a.b]}", ScrubSettings(allow=("retry_token", "a.b")), id="an allow list"),
        pytest.param("{emails: false, phones: true}", ScrubSettings(emails=False, phones=True), id="switches"),
        pytest.param(
            "{ip_addresses: all, home_directories: false}",
            ScrubSettings(ip_addresses="all", home_directories=False),
            id="addresses and homes",
        ),
    ],
)
def test_every_setting_is_read(text: str, expected: ScrubSettings) -> None:
    made = settings(f"scrubbing: {text}")
    assert made.scrubbing == expected
    assert from_json(to_json(made)).scrubbing == expected, "a worker gets the same"


def test_a_project_adds_to_the_lists_and_has_switches_of_its_own() -> None:
    made = settings(
        "scrubbing: {keys: [a1], patterns: ['x+'], emails: false}\n"
        "projects: [{name: p, keys: [k], scrubbing: {keys: [b2], allow: [c3], emails: true}}, {name: q, keys: [l]}]\n"
    )
    own, other = (project.scrubbing for project in made.projects)
    assert own == ScrubSettings(keys=("a1", "b2"), patterns=("x+",), allow=("c3",), emails=True)
    assert other == made.scrubbing


def test_every_mistake_is_named_with_its_place() -> None:
    text = r"""
scrubbing:
  patterns: ['ok', '(', 'x*', '\b', '(?=a)b', '(?P<a>x)(?P=a)', '(\w{1,500}){1,500}']
projects:
  - {name: p, keys: [k], scrubbing: {patterns: ['[']}}
"""
    with pytest.raises(ConfigError) as raised:
        settings(text)
    places = [problem.partition(" ")[2].partition(": ")[0] for problem in raised.value.problems]
    assert places == [*(f"scrubbing.patterns[{n}]" for n in range(1, 7)), "projects[0].scrubbing.patterns[0]"]
    assert "matches the empty text" in raised.value.problems[1]
    assert "matches the empty text" in raised.value.problems[2]
    assert "'(?=a)b' is not a regular expression" in raised.value.problems[3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{keys: ['--']}", "f:1: scrubbing.keys[0]: '--' is not a key of", id="a key without a letter"),
        pytest.param("{keys: ['пароль']}", "scrubbing.keys[0]", id="a key of letters that keys are not told by"),
        pytest.param("{patterns: ['']}", "scrubbing.patterns[0]", id="an empty pattern"),
        pytest.param("{patterns: x}", "scrubbing.patterns", id="a pattern that is no list"),
        pytest.param("{ip_addresses: some}", "scrubbing.ip_addresses", id="a mode that there is not"),
        pytest.param("{emails: 1}", "scrubbing.emails", id="a switch that is a number"),
        pytest.param("{keyz: []}", "unknown key 'keyz'", id="a setting that there is not"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=r".*") as raised:
        settings(f"scrubbing: {text}")
    assert problem in str(raised.value)


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|a)*b", r"a+a+a+b", r"a+b", r"(.*)(.*)(.*)c"])
def test_no_pattern_makes_a_hostile_text_slow(pattern: str) -> None:
    own = scrubber(ScrubSettings(patterns=(pattern,)))
    text = "a" * 200_000
    started = time.process_time()
    assert own.scrub_text(text) == text
    assert time.process_time() - started < LINEAR_SECONDS, "minutes and more under a backtracking engine"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no stock for ORD-123456 in ORD-1", "no stock for [REDACTED] in ORD-1"),
        ("é ORD-123456 ü ORD-654321", "é [REDACTED] ü [REDACTED]"),
        ("half of a pair \ud800 ORD-123456", "half of a pair ? [REDACTED]"),
    ],
)
def test_a_pattern_redacts_in_any_text(text: str, expected: str) -> None:
    counts: dict[str, int] = {}
    own = scrubber(ScrubSettings(patterns=("ORD-[0-9]{6}",)))
    assert own.scrub_text(text, counts) == expected
    assert counts == {"pattern": expected.count("[REDACTED]")}
    assert own.scrub_text(expected) == expected


def test_each_project_is_scrubbed_as_it_says(tmp_path: Path) -> None:
    made = settings(
        "scrubbing: {keys: [member], emails: false}\n"
        "projects:\n"
        "  - {name: a, keys: [k1]}\n"
        "  - {name: b, keys: [k2], scrubbing: {patterns: ['ORD-[0-9]+'], emails: true, allow: [member]}}\n"
    )
    exporter = InProcess(tmp_path, made)
    event = {
        "message": "no stock for ORD-17 of bob@corp.example",
        "transaction": "/ORD-17",
        "context": {"extra": {"member": "m-4711"}},
    }
    for key in ("k1", "k2", "k1"):
        assert exporter.post("/api/events", event, {"Authorization": f"Bearer {key}"}).status == 200
    exporter.fold()
    shown = {}
    for project in ("a", "b"):
        (issue,) = exporter.reader.issues(project=project, status=None, limit=9)
        found = exporter.reader.issue(issue["fingerprint"], project)
        assert found is not None
        sample = exporter.reader.sample(found["ids"], found["samples"][0]["event_id"])
        assert sample is not None
        shown[project] = (sample["message"], sample["transaction"], sample["extra"]["member"])
    exporter.close()
    assert shown == {
        "a": ("no stock for ORD-17 of bob@corp.example", "/ORD-17", "[REDACTED]"),
        "b": ("no stock for [REDACTED] of [REDACTED]", "/[REDACTED]", "m-4711"),
    }
