"""Decisions that end by themselves, by API and by the page's forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.exporter.inprocess import InProcess, environ
from tests.exporter.web.sending import submit

from errtally.exporter.config import ExporterConfig
from errtally.exporter.web import decisions as decisions_module


def send(exporter, **context):
    event = {"message": "no milk left", "context": {"release": "shop@1.4.2", **context}}
    assert exporter.post("/api/events?project=shop", {"events": [event]}).status == 200
    exporter.fold()
    return exporter.reader.issues()[0]["fingerprint"]


def decide(exporter, fingerprint, action, body):
    with exporter.folding():
        answer = exporter.post(f"/api/issues/{fingerprint}/{action}", body)
    return answer.status, answer.json()


@pytest.mark.parametrize(
    ("action", "body", "what", "details"),
    [
        pytest.param("resolve", {}, "resolved", {}, id="now"),
        pytest.param(
            "resolve",
            {"in": "next_release"},
            "resolved in the next release after shop@1.4.2",
            {"after_release": "shop@1.4.2"},
            id="in the next release",
        ),
        pytest.param(
            "resolve",
            {"in_release": "shop@1.5.0"},
            "resolved in shop@1.5.0",
            {"in_release": "shop@1.5.0"},
            id="in a release",
        ),
        pytest.param("ignore", {}, "ignored", {}, id="for good"),
        pytest.param(
            "ignore", {"until_events": 100}, "ignored until 100 more events", {"until_events": 100}, id="until events"
        ),
        pytest.param(
            "ignore", {"until_users": 7}, "ignored until 7 more users", {"until_users": 7}, id="until users"
        ),
        pytest.param(
            "ignore",
            {"until": "2031-02-03T04:05:06+01:00"},
            "ignored until 2031-02-03T03:05:06Z",
            {"until": "2031-02-03T03:05:06Z"},
            id="until a time",
        ),
    ],
)  # fmt: skip
def test_the_api_decides_with_parameters(exporter, action, body, what, details):
    fingerprint = send(exporter)
    status = decisions_module.STATUS_OF[action]
    assert decide(exporter, fingerprint, action, body) == (200, {"issue": fingerprint, "status": status})
    found = exporter.get(f"/api/issues/{fingerprint}").json()
    assert (found["status"], found["history"][0]["what"], found["history"][0]["details"]) == (status, what, details)
    if details:
        assert details.items() <= found["condition"].items()
        assert (
            f"{status.capitalize()} {found['condition']['text']}"
            in exporter.get(f"/issues/{fingerprint}").body.decode()
        )
    else:
        assert found["condition"] is None


def test_hours_are_counted_from_now(exporter):
    fingerprint = send(exporter)
    before = datetime.now(UTC)
    decide(exporter, fingerprint, "ignore", {"for_hours": 1.5})
    until = datetime.fromisoformat(exporter.get(f"/api/issues/{fingerprint}").json()["condition"]["until"])
    assert timedelta(hours=1.5, seconds=-1) <= until - before < timedelta(hours=1.5, seconds=10)


@pytest.mark.parametrize(
    ("action", "body", "status", "place"),
    [
        pytest.param("resolve", {"in": "the_next_one"}, 422, "$.in", id="another place"),
        pytest.param("resolve", {"in_release": ""}, 422, "$.in_release", id="a release without a name"),
        pytest.param("resolve", {"in_release": " \x00"}, 422, "$.in_release", id="a release of spaces"),
        pytest.param("resolve", {"in_release": "x" * 201}, 422, "$.in_release", id="a release that is too long"),
        pytest.param("resolve", {"in_release": 7}, 422, "$.in_release", id="a release that is a number"),
        pytest.param("resolve", {"in": "next_release", "in_release": "1"}, 422, "only one of", id="two conditions"),
        pytest.param("resolve", {"until_events": 5}, 422, "until_events", id="a condition of another decision"),
        pytest.param("ignore", {"until_events": 0}, 422, "$.until_events", id="no events"),
        pytest.param("ignore", {"until_events": 1_000_000_001}, 422, "$.until_events", id="too many events"),
        pytest.param("ignore", {"until_events": "5"}, 422, "$.until_events", id="a text in JSON"),
        pytest.param("ignore", {"until_events": True}, 422, "$.until_events", id="a truth"),
        pytest.param("ignore", {"until_users": 2.5}, 422, "$.until_users", id="half a user"),
        pytest.param("ignore", {"until_users": 100_001}, 422, "$.until_users", id="more users than are remembered"),
        pytest.param("ignore", {"until": "tomorrow"}, 422, "$.until", id="no time"),
        pytest.param("ignore", {"until": "2031-02-03T04:05:06"}, 422, "$.until", id="a time without a zone"),
        pytest.param("ignore", {"until": "2001-02-03T04:05:06Z"}, 422, "$.until", id="a time that has passed"),
        pytest.param("ignore", {"for_hours": 0}, 422, "$.for_hours", id="no hours"),
        pytest.param("ignore", {"for_hours": 1e9}, 422, "$.for_hours", id="hours without end"),
        pytest.param("ignore", {"until_event": 5}, 422, "until_event", id="a field that is written wrong"),
        pytest.param("reopen", {"in": "next_release"}, 422, "in", id="a condition of reopening"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(exporter, action, body, status, place):
    fingerprint = send(exporter)
    answered, answer = decide(exporter, fingerprint, action, body)
    assert (answered, answer["error"]["code"]) == (status, "unprocessable")
    assert place in answer["error"]["message"]
    exporter.fold()
    assert exporter.reader.issue(fingerprint)["history"] == []


@pytest.mark.parametrize("body", [b"[]", b"7", b"{"], ids=["a list", "a number", "half an object"])
def test_a_body_that_is_no_object_is_refused(exporter, body):
    fingerprint = send(exporter)
    sent = environ(f"/api/issues/{fingerprint}/ignore", body) | {"CONTENT_TYPE": "application/json"}
    answer = exporter.call(sent)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "malformed")


def test_where_no_release_is_known_none_can_be_the_next(exporter):
    fingerprint = send(exporter, release=None)
    status, answer = decide(exporter, fingerprint, "resolve", {"in": "next_release"})
    assert (status, answer["error"]["code"]) == (409, "no_release")
    assert "'shop'" in answer["error"]["message"]


def test_an_issue_that_is_not_there_is_404(exporter):
    assert decide(exporter, "0" * 16, "ignore", {"until_events": 5})[0] == 404


def test_the_page_has_a_form_for_each_choice_and_each_works(exporter):
    fingerprint = send(exporter)
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    for action, fields, what in (
        ("resolve", {"in": "next_release"}, "resolved in the next release after shop@1.4.2"),
        ("resolve", {"in_release": "shop@1.5.0"}, "resolved in shop@1.5.0"),
        ("ignore", {"until_events": "100"}, "ignored until 100 more events"),
        ("ignore", {"until_users": "10"}, "ignored until 10 more users"),
        ("ignore", {"for_hours": "24"}, "ignored until 2"),
        ("reopen", {}, "unresolved"),
    ):
        for name in fields:
            assert f'name="{name}"' in page
        with exporter.folding():
            answer = submit(exporter, f"/issues/{fingerprint}/{action}", form_token=token, project="shop", **fields)
        assert answer.status == 303
        assert exporter.reader.issue(fingerprint)["history"][0]["what"].startswith(what)
    assert "ignored until 10 more users" in exporter.get(f"/issues/{fingerprint}").body.decode()


def test_a_form_with_a_bad_value_or_without_its_token_changes_nothing(exporter):
    fingerprint = send(exporter)
    token = exporter.access.form_token()
    path = f"/issues/{fingerprint}/ignore"
    assert submit(exporter, path, form_token=token, project="shop", until_events="many").status == 422
    assert submit(exporter, path, project="shop", until_events="5").status == 403
    exporter.fold()
    assert exporter.reader.issue(fingerprint)["status"] == "unresolved"


def test_decisions_need_the_login_that_pages_need(tmp_path):
    exporter = InProcess(tmp_path, ExporterConfig(web_token="secret"))
    fingerprint = send(exporter)
    assert exporter.post(f"/api/issues/{fingerprint}/ignore", {"until_events": 5}).status == 401
    with exporter.folding():
        answer = exporter.post(
            f"/api/issues/{fingerprint}/ignore", {"until_events": 5}, {"Authorization": "Bearer secret"}
        )
    assert answer.status == 200
    assert exporter.reader.issue(fingerprint)["history"][0]["by"] == "token"
    exporter.close()


def test_what_is_decided_holds_through_real_events(exporter):
    fingerprint = send(exporter)
    decide(exporter, fingerprint, "ignore", {"until_users": 2})
    for user in ("u1", "u1", "u2"):
        assert exporter.reader.issue(fingerprint)["status"] == "ignored"
        send(exporter, user={"id": user})
    assert exporter.get(f"/api/issues/{fingerprint}").json()["status"] == "unresolved"
    decide(exporter, fingerprint, "resolve", {"in": "next_release"})
    send(exporter)
    assert exporter.reader.issue(fingerprint)["status"] == "resolved"
    send(exporter, release="shop@1.4.10")
    assert exporter.reader.issue(fingerprint)["status"] == "regressed"
