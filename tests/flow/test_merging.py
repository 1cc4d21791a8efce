"""One defect is one issue, through the real exporter: rules, merges by themselves, by hand, and back."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow.exporter import Exporter, running

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

RULES = """
grouping:
  rules:
    - match: {type: ChunkLoadError, environment: "!staging"}
      fingerprint: [chunk]
      title: A bundle of an old release is gone
"""


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    (tmp_path / "errtally.yml").write_text(RULES, encoding="utf-8")
    with running(tmp_path, "--config", str(tmp_path / "errtally.yml")) as one:
        yield one


def _send(exporter: Exporter, *events: dict[str, Any]) -> None:
    status, answer = exporter.post("/api/events", json.dumps({"events": events}).encode())
    assert status == 200, answer
    exporter.wait_until_folded()


def _issues(exporter: Exporter) -> dict[str, dict[str, Any]]:
    return {issue["title"]: issue for issue in exporter.get_json("/api/issues")["issues"]}


def _decide(exporter: Exporter, path: str, body: object = None) -> tuple[int, Any]:
    status, answer = exporter.post(
        f"/api/issues/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return status, json.loads(answer)


def test_rules_of_the_configuration_decide_and_look_at_more_than_the_message(exporter: Exporter) -> None:
    for environment in ("production", "staging"):
        _send(
            exporter,
            *[
                {"type": "ChunkLoadError", "message": f"{what} failed", "context": {"environment": environment}}
                for what in ("loading", "parsing")
            ],
        )
    issues = _issues(exporter)
    assert {title: issue["events"] for title, issue in issues.items()} == {
        "A bundle of an old release is gone": 2,
        "ChunkLoadError: loading failed": 1,
        "ChunkLoadError: parsing failed": 1,
    }
    assert issues["A bundle of an old release is gone"]["why"][1].startswith("rule grouping.rules[0]: type Chunk")


def test_what_varies_by_a_word_becomes_one_issue_and_can_be_taken_out(exporter: Exporter) -> None:
    words = ["alpha", "basket", "cobalt", "delta", "ember", "falcon"]
    _send(exporter, *[{"message": f"plugin {word} could not be loaded"} for word in words])
    (issue,) = _issues(exporter).values()
    assert issue["events"] == 6
    assert len(issue["merged_fingerprints"]) == 5
    assert exporter.total(names.NEW_ISSUES) == 4
    late = issue["merged_fingerprints"][0]["fingerprint"]
    assert exporter.get_json(f"/api/issues/{late}")["issue"] == issue["issue"]

    page = exporter.get(f"/issues/{late}").decode()  # leads to the issue's page
    assert f"<code>{late}</code>" in page
    token = re.search('name="form_token" value="([^"]+)"', page)
    assert token is not None
    form = urllib.parse.urlencode({"form_token": token[1], "project": "default"}).encode()
    status, answer = exporter.post(f"/issues/{late}/unmerge", form)
    assert status == 200
    assert f"<code>{late}</code>" not in answer.decode()
    _send(exporter, {"message": "plugin falcon could not be loaded"})
    assert set(_issues(exporter)) == {"plugin alpha could not be loaded", "plugin falcon could not be loaded"}


def test_people_merge_issues_and_take_it_back(exporter: Exporter) -> None:
    _send(exporter, {"message": "disk full"}, {"message": "no space left", "level": "fatal"})
    one, other = (_issues(exporter)[title]["issue"] for title in ("disk full", "no space left"))
    assert _decide(exporter, f"{one}/merge", {"into": other}) == (200, {"fingerprint": one, "issue": other})
    _send(exporter, {"message": "disk full"})
    assert {title: issue["events"] for title, issue in _issues(exporter).items()} == {"no space left": 3}
    assert exporter.total(names.ISSUE_EVENTS, issue=one) == 1
    assert exporter.total(names.ISSUE_EVENTS, issue=other) == 2
    assert exporter.total(names.ISSUES, status="unresolved") == 1
    assert _decide(exporter, f"{one}/unmerge") == (200, {"fingerprint": one, "issue": one})
    assert {title: issue["events"] for title, issue in _issues(exporter).items()} == {
        "disk full": 1,
        "no space left": 2,
    }


def test_what_can_not_be_merged_is_refused_with_the_reason(exporter: Exporter) -> None:
    _send(exporter, {"message": "disk full"})
    (issue,) = _issues(exporter).values()
    known, unknown = issue["issue"], "0" * 16
    for path, body, status, code in (
        (f"{known}/merge", None, 400, "malformed"),
        (f"{known}/merge", {"into": 17}, 400, "malformed"),
        (f"{known}/merge", {"into": unknown}, 404, "unknown_issue"),
        (f"{unknown}/merge", {"into": known}, 404, "unknown_issue"),
        (f"{known}/merge", {"into": known}, 409, "circular"),
        (f"{known}/unmerge", None, 409, "not_merged"),
        (f"{unknown}/unmerge", None, 404, "unknown_issue"),
    ):
        answered, answer = _decide(exporter, path, body)
        assert (answered, answer["error"]["code"]) == (status, code), path
    status, _ = exporter.post(f"/issues/{known}/merge", b"into=1")
    assert status == 403, "a form of another site"
