"""Sentry's API for releases and deploys, as continuous integration uses it, and errtally's own route for deploys."""

from __future__ import annotations

import json
import re

import pytest
from tests.exporter.inprocess import Answer, InProcess, envelope, environ

from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.search import short_ids

ORGANIZATION = "/api/0/organizations/errtally"
COMMIT = {
    "id": "fc1d5b66f6ea", "repository": "shop", "author_name": "Ann", "author_email": "ann@shop.example",
    "timestamp": "2026-11-29T05:42:06Z", "message": "Mend the price", "patch_set": [{"path": "a.py", "type": "M"}],
}  # fmt: skip


def ask(exporter, method: str, path: str, body: object = None) -> Answer:
    raw = b"" if body is None else json.dumps(body).encode()
    sent = environ(path, raw, {"Authorization": "Bearer any"}, method=method)
    with exporter.folding():
        return exporter.call(sent | {"CONTENT_TYPE": "application/json"})


def made(exporter, version: str = "shop@1.4.2", **more: object) -> Answer:
    return ask(exporter, "POST", f"{ORGANIZATION}/releases/", {"version": version, "projects": ["shop"], **more})


def test_a_release_is_made_once_and_said_to_be_there_the_second_time(exporter) -> None:
    first, second = made(exporter), made(exporter)
    assert (first.status, second.status) == (201, 208)
    found = first.json()
    assert (found["version"], found["shortVersion"], found["status"]) == ("shop@1.4.2", "1.4.2", "open")
    assert (found["dateReleased"], found["firstEvent"], found["lastCommit"]) == (None, None, None)
    assert [one["slug"] for one in found["projects"]] == ["shop"]


@pytest.mark.parametrize("version", ["shop@1.4.2", "1.4.2+build/7", "feature/x", "Ünicode 1"])
def test_any_name_of_a_release_can_stand_in_an_address(exporter, version) -> None:
    assert made(exporter, version).status == 201
    shown = version.encode().decode("latin-1")  # as WSGI hands a path over
    assert exporter.get(f"{ORGANIZATION}/releases/{shown}/").json()["version"] == version
    assert ask(exporter, "POST", f"{ORGANIZATION}/releases/{shown}/deploys/", {"environment": "prod"}).status == 201
    assert exporter.get(f"{ORGANIZATION}/releases/{shown}/deploys/").json()[0]["environment"] == "prod"


def test_commits_come_with_a_put_and_without_the_addresses_of_their_authors(exporter) -> None:
    made(exporter)
    answer = ask(exporter, "PUT", f"{ORGANIZATION}/releases/shop@1.4.2/", {"commits": [COMMIT, {"id": ""}, "odd"]})
    assert (answer.status, answer.json()["commitCount"], answer.json()["lastCommit"]["id"]) == (
        200,
        1,
        "fc1d5b66f6ea",
    )
    [commit] = exporter.get(f"{ORGANIZATION}/releases/shop@1.4.2/commits/").json()
    assert (commit["id"], commit["message"], commit["author"]) == (
        "fc1d5b66f6ea", "Mend the price", {"name": "Ann", "email": ""},
    )  # fmt: skip
    assert commit["dateCreated"] == "2026-11-29T05:42:06.000Z"


def test_the_release_before_that_has_commits_is_where_the_next_ones_begin(exporter) -> None:
    before = f"{ORGANIZATION}/releases/{{}}/previous-with-commits/"
    assert exporter.get(before.format("2.0")).json() == {}
    made(exporter, "1.0", commits=[COMMIT])
    made(exporter, "1.1")
    made(exporter, "2.0")
    assert exporter.get(before.format("2.0")).json()["lastCommit"]["id"] == "fc1d5b66f6ea"
    assert exporter.get(before.format("1.0")).json() == {}


def test_a_last_commit_has_what_clients_insist_on_although_nobody_told_it(exporter) -> None:
    made(exporter, "3.0", commits=[{"id": "fc1d5b66f6ea"}])
    commit = exporter.get(f"{ORGANIZATION}/releases/3.0/").json()["lastCommit"]
    assert (commit["id"], commit["message"], commit["dateCreated"][-1]) == ("fc1d5b66f6ea", "", "Z")


def test_a_project_may_be_named_by_its_number_which_sentry_cli_sends_as_one(exporter) -> None:
    answer = ask(exporter, "POST", f"{ORGANIZATION}/releases/", {"version": "1.0", "projects": [1]})
    assert (answer.status, [one["slug"] for one in answer.json()["projects"]]) == (201, ["1"])
    for unfit in ([True], [None], [{}], [""], "shop", 1):
        refused = ask(exporter, "POST", f"{ORGANIZATION}/releases/", {"version": "2.0", "projects": unfit})
        assert (refused.status, list(refused.json())) == (400, ["detail"])


def test_a_release_that_events_named_stays(exporter) -> None:
    body = {"events": [{"message": "no sku", "type": "PayError", "context": {"release": "2.0"}}]}
    assert exporter.post("/api/events?project=shop", body).status == 200
    exporter.fold()
    answer = ask(exporter, "DELETE", f"{ORGANIZATION}/releases/2.0/")
    assert (answer.status, list(answer.json())) == (409, ["detail"])
    made(exporter, "3.0")
    assert ask(exporter, "DELETE", f"{ORGANIZATION}/releases/3.0/").status == 204
    assert exporter.get(f"{ORGANIZATION}/releases/3.0/").status == 404


def test_a_deploy_makes_its_release_where_one_project_is_all_there_is(exporter) -> None:
    made(exporter, "1.0")
    answer = ask(exporter, "POST", f"{ORGANIZATION}/releases/2.0/deploys/", {"environment": "prod"})
    assert answer.status == 201
    assert exporter.get(f"{ORGANIZATION}/releases/2.0/").json()["lastDeploy"]["environment"] == "prod"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/releases/", {"version": "1"}, "at least one project"),
        ("POST", "/releases/", {"projects": ["shop"]}, "version is missing"),
        ("POST", "/releases/", {"projects": ["shop"], "version": 7}, "version has to be a text"),
        ("POST", "/releases/", {"projects": ["shop"], "version": "x" * 201}, "at most 200"),
        ("POST", "/releases/", {"projects": ["other"], "version": "1"}, "none of shop"),
        ("POST", "/releases/", {"projects": ["shop"], "version": "1", "dateReleased": "soon"}, "dateReleased is no"),
        ("POST", "/releases/", {"projects": ["shop"], "version": "1", "url": "javascript:1"}, "url is no address"),
        ("POST", "/releases/", {"projects": ["shop"], "version": "1", "status": "gone"}, "none of open, archived"),
        ("POST", "/releases/1/deploys/", {"projects": ["shop"]}, "environment is missing"),
        ("PUT", "/releases/1/", {"projects": ["other"]}, "none of shop"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_a_400_with_the_reason(tmp_path, method, path, body, words) -> None:
    exporter = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, projects=(Project("shop", id="1"),)))
    answer = ask(exporter, method, f"{ORGANIZATION}{path}", body)
    assert (answer.status, list(answer.json())) == (400, ["detail"])
    assert words in answer.json()["detail"]
    exporter.close()


def test_a_deploy_is_told_of_by_our_own_route_and_listed(exporter) -> None:
    sent = {"project": "shop", "release": "1.0", "environment": "prod", "started": 1_795_500_000, "name": "first"}
    answer = ask(exporter, "POST", "/api/deploys", sent)
    assert answer.status == 201
    told = answer.json()
    assert (told["started"], told["name"], told["url"]) == (1_795_500_000, "first", "")
    assert exporter.get("/api/deploys?project=shop&release=1.0").json() == {"deploys": [told]}
    assert exporter.get("/api/deploys?project=shop&release=2.0").json() == {"deploys": []}


@pytest.mark.parametrize(
    ("sent", "status", "place"),
    [
        ([], 400, "the body"),
        ({"release": "1", "environment": "e"}, 422, "$.project"),
        ({"project": "shop", "environment": "e"}, 422, "$.release"),
        ({"project": "shop", "release": "1"}, 422, "$.environment"),
        ({"project": "shop", "release": "1", "environment": "e", "finished": "soon"}, 422, "$.finished"),
        ({"project": "shop", "release": "1", "environment": "e", "url": "ftp://x"}, 422, "$.url"),
    ],
)
def test_a_deploy_that_can_not_be_is_refused_with_the_place(exporter, sent, status, place) -> None:
    answer = ask(exporter, "POST", "/api/deploys", sent)
    assert answer.status == status
    assert place in answer.json()["error"]["message"]


def test_what_the_writer_is_behind_with_is_answered_all_the_same(exporter, monkeypatch) -> None:
    monkeypatch.setattr("errtally.exporter.web.journaling.FOLD_WAIT_SECONDS", 0.05)
    for path, body in (
        ("/releases/", {"version": "1.0", "projects": ["shop"]}),
        ("/releases/1.0/deploys/", {"environment": "prod", "projects": ["shop"]}),
    ):
        answer = exporter.post(f"{ORGANIZATION}{path}", body)
        assert answer.status == 201, answer.body
    assert exporter.get(f"{ORGANIZATION}/releases/1.0/").status == 404
    exporter.fold()
    assert exporter.get(f"{ORGANIZATION}/releases/1.0/").json()["lastDeploy"]["environment"] == "prod"


def failed(exporter, release: str = "1.0") -> dict:
    frame = {"filename": "a.py", "abs_path": "/app/shop/a.py", "function": "f", "in_app": True}
    raised = {"type": "PayError", "value": "no sku", "stacktrace": {"frames": [frame]}}
    sent = {"release": release, "exception": {"values": [raised]}}
    exporter.post("/api/shop/envelope/?sentry_key=k", envelope(("event", sent)))
    exporter.fold()
    return exporter.reader.issues()[0]


def test_a_commit_that_fixes_an_issue_resolves_it_in_the_release_that_it_came_with(exporter) -> None:
    issue = failed(exporter)
    fixing = {**COMMIT, "message": f"Mend the price\n\nFixes {short_ids.encode('shop', issue['id'])}"}
    made(exporter, "1.1", commits=[fixing])
    found = exporter.reader.issue(issue["fingerprint"])
    assert (found["status"], found["condition"]["text"]) == ("resolved", "in 1.1")
    assert found["history"][0]["by"] == "Ann, commit fc1d5b66f6ea"
    ask(exporter, "PUT", f"/api/0/issues/{issue['id']}/", {"status": "unresolved"})
    ask(exporter, "PUT", f"{ORGANIZATION}/releases/1.1/", {"commits": [fixing]})
    assert exporter.reader.issue(issue["fingerprint"])["status"] == "unresolved", "it was told before"


def test_a_commit_that_fixes_an_issue_of_another_project_changes_nothing(exporter) -> None:
    issue = failed(exporter)
    for named in (f"BLOG-{issue['id']}", "SHOP-999"):
        made(exporter, f"of {named}", commits=[{**COMMIT, "id": named, "message": f"Fixes {named}"}])
    assert exporter.reader.issue(issue["fingerprint"])["status"] == "unresolved"


def test_an_issue_is_resolved_in_the_release_that_a_commit_is_in(exporter) -> None:
    issue = failed(exporter)
    made(exporter, "1.1", commits=[COMMIT])

    def resolve(commit: object) -> Answer:
        details = {"inCommit": {"commit": commit, "repository": "shop"}}
        return ask(exporter, "PUT", f"/api/0/issues/{issue['id']}/", {"status": "resolved", "statusDetails": details})

    for unknown in ("0123456789ab", "fc1d", "", 7):
        refused = resolve(unknown)
        assert (refused.status, "inCommit" in refused.json()["detail"]) == (400, True)
    assert resolve("fc1d5b6").status == 200
    assert exporter.reader.issue(issue["fingerprint"])["condition"]["text"] == "in 1.1"


def test_the_page_of_an_issue_names_the_commit_that_changed_where_it_fails(exporter) -> None:
    made(exporter, "1.0", commits=[{**COMMIT, "patch_set": [{"path": "shop/a.py", "type": "M"}]}])
    page = exporter.get(f"/issues/{failed(exporter)['fingerprint']}?project=shop").body.decode()
    assert re.search(r"(?s)Suspect commits.*fc1d5b66f6ea.*Mend the price.*Ann.*shop/a\.py", page)
