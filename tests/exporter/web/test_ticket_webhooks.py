"""Webhooks of trackers: a closed ticket resolves its issue, a reopened one reopens it, and nobody else does."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import InProcess, environ

from errtally.exporter.config import ExporterConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "it's a secret"
LOGIN = {"Authorization": "Basic " + b64encode(b"errtally:closed to everybody else").decode()}
TICKETS = {
    "github": "https://github.com/acme/shop/issues/7",
    "gitlab": "https://gitlab.example.com/acme/shop/-/issues/7",
    "gitea": "https://gitea.example.com/acme/shop/issues/7",
    "jira": "https://acme.atlassian.net/browse/SHOP-7",
}


def body(tracker: str, action: str, url: str = "", **more: Any) -> dict[str, Any]:
    """Return what a tracker sends, with the fields that its documentation has."""
    url = url or TICKETS[tracker]
    is_closed = action == "closed"
    if tracker == "gitlab":
        attributes = {"iid": 7, "action": {"closed": "close", "reopened": "reopen"}.get(action, action), "url": url}
        return {"object_kind": "issue", "user": {"username": "ann"}, "object_attributes": attributes, **more}
    if tracker == "jira":
        category = {"key": "done" if is_closed else "indeterminate"}
        issue = {
            "key": url.rpartition("/")[2],
            "self": f"{url.partition('/browse/')[0]}/rest/api/2/issue/10007",
            "fields": {"status": {"name": "Done", "statusCategory": category}},
        }
        changes = {"items": [{"field": "status", "from": "3", "to": "5"}]}
        return {"webhookEvent": "jira:issue_updated", "user": {"displayName": "ann"}, "issue": issue,
                "changelog": changes, **more}  # fmt: skip
    issue = {"number": 7, "html_url": url, "state": "closed" if is_closed else "open"}
    return {"action": action, "issue": issue, "sender": {"login": "ann"}, **more}


def signed(tracker: str, sent: bytes, secret: str = SECRET) -> dict[str, str]:
    if tracker == "gitlab":
        return {"X-Gitlab-Token": secret}
    digest = hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()
    return {
        "github": {"X-GitHub-Event": "issues", "X-Hub-Signature-256": f"sha256={digest}"},
        "gitea": {"X-Gitea-Event": "issues", "X-Gitea-Signature": digest},
        "jira": {"X-Hub-Signature": f"sha256={digest}"},
    }[tracker]


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[InProcess]:
    config = ExporterConfig(data_dir=tmp_path, ticket_secrets=dict.fromkeys(TICKETS, SECRET))
    made = InProcess(tmp_path, replace(config, web_password="closed to everybody else"))
    yield made
    made.close()


def linked(exporter: InProcess, ticket: str) -> str:
    """Return an issue with a ticket."""
    exporter.post("/api/events?project=shop", {"events": [{"message": "no milk left"}]})
    exporter.fold()
    fingerprint: str = exporter.reader.issues()[0]["fingerprint"]
    with exporter.folding():
        answer = exporter.post(f"/api/issues/{fingerprint}/link", {"ticket": ticket}, headers=LOGIN)
    assert answer.status == 200, answer.body
    return fingerprint


def tell(exporter: InProcess, tracker: str, sent: bytes, headers: dict[str, str]) -> Any:
    made = environ(f"/api/tickets/{tracker}", sent, headers)
    made["CONTENT_TYPE"] = headers.get("Content-Type", "application/json")
    with exporter.folding():
        return exporter.call(made)


def status(exporter: InProcess, fingerprint: str) -> str:
    found = exporter.reader.issue(fingerprint)
    assert found is not None
    return str(found["status"])


@pytest.mark.parametrize("tracker", TICKETS)
def test_an_issue_follows_its_ticket(exporter: InProcess, tracker: str) -> None:
    fingerprint = linked(exporter, TICKETS[tracker])
    for action, expected in (("closed", "resolved"), ("closed", "resolved"), ("reopened", "unresolved")):
        sent = json.dumps(body(tracker, action)).encode()
        assert tell(exporter, tracker, sent, signed(tracker, sent)).status == 200
        assert status(exporter, fingerprint) == expected
    found = exporter.reader.issue(fingerprint)
    assert found is not None
    said = [(one["by"], one["what"]) for one in found["history"] if one["by"].startswith(tracker)]
    assert sorted(said) == [(f"{tracker}: ann", "resolved"), (f"{tracker}: ann", "unresolved")]


@pytest.mark.parametrize(
    ("tracker", "kind"),
    [
        (tracker, kind)
        for tracker in TICKETS
        for kind in ("nothing", "another secret", "another body")
        if (tracker, kind) != ("gitlab", "another body")  # GitLab sends the secret itself and signs nothing
    ],
)
def test_what_is_not_signed_changes_nothing(exporter: InProcess, tracker: str, kind: str) -> None:
    fingerprint = linked(exporter, TICKETS[tracker])
    sent = json.dumps(body(tracker, "closed")).encode()
    headers = {
        "nothing": {},
        "another secret": signed(tracker, sent, "guessed"),
        "another body": signed(tracker, sent + b" "),
    }[kind]
    answer = tell(exporter, tracker, sent, headers)
    assert (answer.status, answer.json()["error"]["code"]) == (401, "signature")
    assert status(exporter, fingerprint) == "unresolved"


@pytest.mark.parametrize(
    ("tracker", "sent"),
    [
        pytest.param("github", body("github", "labeled"), id="another action"),
        pytest.param("github", {"zen": "Keep it logically awesome.", "hook_id": 1}, id="GitHub's ping"),
        pytest.param("github", body("github", "closed", "https://github.com/acme/shop/issues/8"), id="another ticket"),
        pytest.param(
            "github",
            {**body("github", "closed"), "issue": {"html_url": TICKETS["github"], "pull_request": {"url": "x"}}},
            id="a pull request",
        ),
        pytest.param("gitlab", body("gitlab", "closed", object_kind="merge_request"), id="a merge request"),
        pytest.param("jira", body("jira", "closed", changelog={"items": [{"field": "labels"}]}), id="Jira's labels"),
        pytest.param("jira", body("jira", "closed", issue=None), id="Jira without an issue"),
        pytest.param("gitea", {"action": ["closed"], "issue": 7}, id="other types"),
    ],
)
def test_what_tells_of_something_else_changes_nothing(exporter: InProcess, tracker: str, sent: dict[str, Any]) -> None:
    fingerprint = linked(exporter, TICKETS[tracker])
    text = json.dumps(sent).encode()
    answer = tell(exporter, tracker, text, signed(tracker, text))
    assert (answer.status, answer.json()) == (200, {"issues": []})
    assert status(exporter, fingerprint) == "unresolved"


def test_an_ignored_issue_stays_ignored_when_its_ticket_is_opened_again(exporter: InProcess) -> None:
    fingerprint = linked(exporter, TICKETS["github"])
    with exporter.folding():
        exporter.post(f"/api/issues/{fingerprint}/ignore", {}, headers=LOGIN)
    sent = json.dumps(body("github", "reopened")).encode()
    assert tell(exporter, "github", sent, signed("github", sent)).json() == {"issues": []}
    assert status(exporter, fingerprint) == "ignored"


@pytest.mark.parametrize(
    ("ticket", "sent"),
    [
        pytest.param(
            "https://gitlab.example.com/acme/shop/-/issues/7",
            body("gitlab", "closed", "https://gitlab.example.com/acme/shop/issues/7"),
            id="GitLab before version 13",
        ),
        pytest.param(
            "https://gitlab.example.com/acme/shop/-/issues/7",
            body("gitlab", "closed", "https://gitlab.example.com/acme/shop/-/work_items/7", object_kind="work_item"),
            id="GitLab's work item",
        ),
        pytest.param(
            "https://gitea.example.com/acme/shop/issues/7",
            {
                "action": "closed",
                "issue": {"number": 7, "pull_request": None},
                "repository": {"html_url": "https://gitea.example.com/acme/shop"},
            },
            id="Gitea that tells the repository's address alone",
        ),
    ],
)
def test_a_ticket_is_found_by_whatever_address_the_tracker_has_for_it(
    exporter: InProcess, ticket: str, sent: dict[str, Any]
) -> None:
    fingerprint = linked(exporter, ticket)
    tracker = "gitea" if "gitea" in ticket else "gitlab"
    text = json.dumps(sent).encode()
    tell(exporter, tracker, text, signed(tracker, text))
    assert status(exporter, fingerprint) == "resolved"


@pytest.mark.parametrize(
    ("ticket", "url"),
    [
        ("https://GitHub.com/acme/shop/issues/7/", TICKETS["github"]),
        ("https://github.com/acme/shop/issues/7#issuecomment-1", TICKETS["github"]),
        ("https://github.com/acme/shop/issues/7?notification=1", TICKETS["github"]),
    ],
)
def test_an_address_that_leads_to_the_ticket_is_its_address(exporter: InProcess, ticket: str, url: str) -> None:
    fingerprint = linked(exporter, ticket)
    sent = json.dumps(body("github", "closed", url)).encode()
    tell(exporter, "github", sent, signed("github", sent))
    assert status(exporter, fingerprint) == "resolved"


def test_a_form_holds_the_body_where_the_webhook_sends_one(exporter: InProcess) -> None:
    fingerprint = linked(exporter, TICKETS["github"])
    sent = urlencode({"payload": json.dumps(body("github", "closed"))}).encode()
    headers = {**signed("github", sent), "Content-Type": "application/x-www-form-urlencoded"}
    assert tell(exporter, "github", sent, headers).status == 200
    assert status(exporter, fingerprint) == "resolved"


@pytest.mark.parametrize(
    ("sent", "code"), [(b"{", "malformed"), (b"[]", "malformed"), (b"", "malformed"), (b"[" * 100_000, "malformed")]
)
def test_a_body_that_is_none_is_refused(exporter: InProcess, sent: bytes, code: str) -> None:
    answer = tell(exporter, "github", sent, signed("github", sent))
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)


def test_a_tracker_without_a_secret_is_refused_and_an_unknown_one_is_not_there(tmp_path: Path) -> None:
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path))
    try:
        refused = tell(made, "github", b"{}", {})
        assert (refused.status, refused.json()["error"]["code"]) == (401, "no_secret")
        assert tell(made, "trello", b"{}", {}).status == 404
    finally:
        made.close()
