"""Decisions on issues over Sentry's web API."""

from __future__ import annotations

import json

import pytest
from tests.exporter.inprocess import NOW, InProcess, environ
from tests.exporter.web.sentry_api.issues.asking import BEARER, UTC_TIME, get, numbers, put, send, titles


@pytest.mark.parametrize(
    ("body", "status", "details", "substatus"),
    [
        pytest.param({"status": "resolved"}, "resolved", {}, None, id="resolved"),
        pytest.param(
            {"status": "resolved", "statusDetails": {"inRelease": "shop@2.0"}},
            "resolved", {"inRelease": "shop@2.0"}, None, id="resolved in a release",
        ),
        pytest.param(
            {"status": "resolved", "statusDetails": {"inRelease": "latest"}},
            "resolved", {"inRelease": "shop@1.4"}, None, id="resolved in the latest release",
        ),
        pytest.param(
            {"status": "resolvedInNextRelease"}, "resolved", {"inNextRelease": True}, None, id="in the next release"
        ),
        pytest.param({"status": "ignored"}, "ignored", {}, "archived_forever", id="ignored"),
        pytest.param({"status": "muted", "snoozeDuration": None}, "ignored", {}, "archived_forever", id="muted"),
        pytest.param(
            {"status": "ignored", "statusDetails": {"ignoreCount": 100}},
            "ignored", {"ignoreCount": 100}, "archived_until_condition_met", id="until so many events",
        ),
        pytest.param(
            {"status": "ignored", "ignoreUserCount": 3, "substatus": "archived_until_condition_met"},
            "ignored", {"ignoreUserCount": 3}, "archived_until_condition_met", id="until so many users, at the top",
        ),
        pytest.param({"status": "unresolved"}, "unresolved", {}, "new", id="open again"),
        pytest.param({"hasSeen": True, "isBookmarked": True}, "resolved", {}, None, id="nothing about the status"),
    ],
)  # fmt: skip
def test_a_decision_is_taken_and_shown(exporter, body: dict, status: str, details: dict, substatus: str | None) -> None:
    send(exporter, "AError", context={"release": "shop@1.4"})
    [number] = numbers(exporter).values()
    put(exporter, f"/issues/{number}/", {"status": "resolved"})
    answered = put(exporter, f"/organizations/errtally/issues/{number}/", body)
    read = get(exporter, f"/issues/{number}/").json()
    assert answered["status"] == read["status"] == status
    assert answered["statusDetails"].items() >= details.items()
    assert read["statusDetails"] == details
    assert read["substatus"] == substatus


def test_ignoring_for_a_time_says_until_when(exporter) -> None:
    send(exporter, "AError")
    [number] = numbers(exporter).values()
    answered = put(exporter, f"/issues/{number}/", {"status": "ignored", "statusDetails": {"ignoreDuration": 60}})
    assert answered["statusDetails"]["ignoreDuration"] == 60
    assert UTC_TIME.fullmatch(get(exporter, f"/issues/{number}/").json()["statusDetails"]["ignoreUntil"])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param({"status": "fixed"}, "status", id="an unknown status"),
        pytest.param({"status": 1}, "status", id="a status that is no text"),
        pytest.param({"status": "ignored", "ignoreCount": -1}, "ignoreCount", id="a count below one"),
        pytest.param({"status": "ignored", "statusDetails": {"ignoreCount": "x"}}, "ignoreCount", id="no number"),
        pytest.param({"status": "ignored", "ignoreWindow": 60, "ignoreCount": 1}, "ignoreWindow", id="a window"),
        pytest.param({"status": "resolved", "statusDetails": {"inRelease": 3}}, "inRelease", id="no release's name"),
        pytest.param({"status": "resolvedInNextRelease"}, "inNextRelease", id="no release is known"),
        pytest.param({"assignedTo": ["user:1"]}, "assignedTo", id="a list sees to it"),
        pytest.param({"priority": "urgent"}, "priority", id="a priority that there is not"),
    ],
)
def test_a_decision_that_can_t_be_is_refused_by_name_and_changes_nothing(exporter, body: dict, named: str) -> None:
    send(exporter, "AError")
    [number] = numbers(exporter).values()
    assert named in put(exporter, f"/issues/{number}/", body, 400)["detail"]
    assert get(exporter, f"/issues/{number}/").json()["status"] == "unresolved"


def test_several_are_decided_at_once(exporter) -> None:
    send(exporter, "AError", "BError", "CError")
    known = numbers(exporter)
    path = "/projects/errtally/shop/issues/"
    answered = put(exporter, f"{path}?id={known['AError']}&id={known['BError']}", {"status": "resolved"})
    assert answered == {"status": "resolved", "statusDetails": {}}
    assert titles(exporter) == ["CError"]
    assert put(exporter, f"{path}?status=resolved&query=", {"status": "ignored"})["status"] == "ignored"
    assert sorted(titles(exporter, query="is:ignored")) == ["AError", "BError"]
    assert put(exporter, f"{path}?query=nothing", {"status": "resolved"}, 204) is None
    put(exporter, path, {"status": "resolved"})  # what the list shows without a query
    assert titles(exporter) == []


def test_merging_keeps_the_oldest_and_the_other_s_number_leads_there(exporter) -> None:
    send(exporter, "AError", timestamp=NOW - 3600)
    send(exporter, "BError")
    known = numbers(exporter)
    path = f"/organizations/errtally/issues/?id={known['BError']}&id={known['AError']}"
    answered = put(exporter, path, {"merge": 1})
    assert answered == {"merge": {"parent": known["AError"], "children": [known["BError"]]}}
    merged = get(exporter, f"/issues/{known['BError']}/").json()
    assert (merged["id"], merged["count"]) == (known["AError"], "2")
    assert len(get(exporter, f"/issues/{known['AError']}/hashes/").json()) == 2


def test_a_deleted_issue_is_gone_and_the_error_that_comes_back_is_a_new_one(exporter) -> None:
    send(exporter, "AError")
    send(exporter, "BError")
    known = numbers(exporter)
    with exporter.folding():
        answer = exporter.call(environ(f"/api/0/issues/{known['AError']}/", b"", BEARER, method="DELETE"))
    assert (answer.status, answer.body) == (202, b"")
    assert exporter.call(environ(f"/api/0/issues/{known['AError']}/", b"", BEARER, method="GET")).status == 404
    assert list(numbers(exporter)) == ["BError"]
    send(exporter, "AError")
    again = numbers(exporter)
    assert again["AError"] not in known.values()
    assert get(exporter, f"/issues/{again['AError']}/").json()["count"] == "1"


def test_only_named_issues_are_deleted(exporter) -> None:
    for name in ("AError", "BError", "CError"):
        send(exporter, name)
    known = numbers(exporter)
    path = "/api/0/organizations/errtally/issues/"
    assert exporter.call(environ(path, b"", BEARER, method="DELETE", query="query=is:unresolved")).status == 400
    assert numbers(exporter) == known
    sent = f"id={known['AError']}&id={known['CError']}"
    with exporter.folding():
        assert exporter.call(environ(path, b"", BEARER, method="DELETE", query=sent)).status == 204
    assert list(numbers(exporter)) == ["BError"]


def test_an_issue_is_assigned_and_given_up(exporter) -> None:
    send(exporter, "AError")
    [number] = numbers(exporter).values()
    for sent, named in (("me", "token"), ("user:1", "token"), ("ann", "ann"), ("user:ann", "ann"), ("", None)):
        shown = put(exporter, f"/issues/{number}/", {"assignedTo": sent, "priority": "low"})
        assert (shown["assignedTo"] or {}).get("name") == named
        assert shown["priority"] == "low"
        found = get(exporter, "/organizations/errtally/issues/?query=assigned:me").json()
        assert [one["id"] for one in found] == ([number] if named == "token" else [])
    kinds = [one["type"] for one in get(exporter, f"/issues/{number}/activities/").json()["activity"]]
    assert kinds == ["unassigned", "assigned", "set_priority", "assigned", "first_seen"]


def test_notes_are_kept_and_counted(exporter) -> None:
    send(exporter, "AError")
    [number] = numbers(exporter).values()
    path = f"/api/0/organizations/errtally/issues/{number}/notes/"
    with exporter.folding():
        answer = exporter.call(environ(path, json.dumps({"text": "see <b>the log</b>"}).encode(), BEARER))
    assert answer.status == 201
    kept = answer.json()
    assert (kept["type"], kept["data"], kept["user"]["name"]) == ("note", {"text": "see <b>the log</b>"}, "token")
    assert get(exporter, f"/issues/{number}/notes/").json() == [kept]
    assert get(exporter, f"/issues/{number}/comments/").json() == [kept]
    assert get(exporter, f"/issues/{number}/").json()["numComments"] == 1
    for body in (b"", b"{}", b'{"text": ""}', b'{"text": 7}', b"[", rb'{"text": "\ud800"}', rb'{"text": "\u0000"}'):
        refused = exporter.call(environ(path, body, BEARER))
        assert isinstance(refused.json(), dict)
        assert refused.status == (201 if b"ud800" in body else 400)  # half a character is replaced


def test_a_form_of_another_site_decides_nothing(tmp_path) -> None:
    made = InProcess(tmp_path)  # without a login a browser would be let in
    send(made, "AError")
    number = json.loads(made.get("/api/0/organizations/errtally/issues/").body)[0]["id"]
    sent = environ(f"/api/0/issues/{number}/", b'{"status": "resolved"}', method="PUT")
    answer = made.call(sent | {"CONTENT_TYPE": "text/plain"})
    assert answer.status == 403
    made.close()
