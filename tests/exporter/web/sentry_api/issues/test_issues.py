"""Sentry's API for issues: forms that its clients insist on, lists and their pages, decisions."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from tests.exporter.inprocess import InProcess, envelope, environ
from tests.exporter.web.sentry_api.issues.asking import BEARER, TOKEN, UTC_TIME, get, numbers, put, send, titles

from errtally.exporter.config import ExporterConfig, Project

EVENT_ID = "1f" * 16


def test_an_issue_has_the_types_that_clients_decode(exporter) -> None:
    send(exporter, "StockError", project="shop.eu", context={"release": "shop@1.4", "user": {"id": "7"}})
    [issue] = get(exporter, "/projects/errtally/shop-eu/issues/").json()
    assert re.fullmatch(r"\d+", issue["id"])
    assert re.fullmatch(r"SHOP-EU-[0-9A-Z]+", issue["shortId"])
    assert (issue["count"], issue["userCount"]) == ("1", 1)
    assert all(UTC_TIME.fullmatch(issue[name]) for name in ("firstSeen", "lastSeen"))
    assert issue["permalink"] == f"https://errors.example.com/organizations/errtally/issues/{issue['id']}/"
    assert issue["metadata"]["value"] == "StockError happened"
    assert issue["project"]["slug"] == "shop-eu"
    assert (issue["status"], issue["statusDetails"], issue["substatus"]) == ("unresolved", {}, "new")
    assert issue["level"] == "error"
    assert issue["firstRelease"]["shortVersion"] == "1.4"
    assert len(issue["stats"]["24h"]) == 24
    assert sum(events for _, events in issue["stats"]["24h"]) == 1


@pytest.mark.parametrize("named", ["number", "short id", "short id in small letters"])
@pytest.mark.parametrize("prefix", ["", "/organizations/errtally", "/organizations/1"])
def test_an_issue_is_found_by(exporter, named: str, prefix: str) -> None:
    send(exporter, "StockError")
    [issue] = get(exporter, "/organizations/errtally/issues/").json()
    name = {"number": issue["id"], "short id": issue["shortId"]}.get(named, issue["shortId"].lower())
    found = get(exporter, f"{prefix}/issues/{name}/").json()
    assert found["id"] == issue["id"]
    assert found["activity"][-1]["type"] == "first_seen"
    assert exporter.get(f"/api/0{prefix}/issues/{name}", BEARER).status == 200  # without the last slash


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, ["CError", "AError"], id="without a query the unresolved ones"),
        pytest.param({"query": ""}, ["CError", "BError", "AError"], id="with an empty query all"),
        pytest.param({"query": "is:resolved"}, ["BError"], id="a status"),
        pytest.param({"query": "is:archived"}, [], id="Sentry's word for ignored"),
        pytest.param({"query": "error.type:[AError, BError]"}, ["BError", "AError"], id="a list of values"),
        pytest.param({"query": "timesSeen:>1"}, ["CError"], id="a number of events"),
        pytest.param({"query": "firstSeen:-24h is:unresolved"}, ["CError", "AError"], id="first seen within a day"),
        pytest.param({"query": "firstSeen:+24h"}, [], id="first seen before that"),
        pytest.param({"query": "has:user"}, ["CError"], id="with users"),
        pytest.param({"query": "!has:user", "sort": "new"}, ["BError", "AError"], id="without users"),
        pytest.param({"query": "issue.priority:[high, medium] is:unresolved"}, ["CError", "AError"], id="a priority"),
        pytest.param({"query": "assigned:me"}, [], id="nothing is assigned"),
        pytest.param({"query": "", "project": "bank"}, ["CError"], id="a project by slug"),
        pytest.param({"query": "", "project": ["-1"]}, ["CError", "BError", "AError"], id="all projects"),
        pytest.param({"query": "", "environment": "staging"}, ["CError"], id="an environment"),
        pytest.param({"query": "", "statsPeriod": "24h"}, ["CError", "BError", "AError"], id="a period"),
        pytest.param({"query": "", "end": "2020-01-01T00:00:00"}, [], id="a time before all"),
        pytest.param({"query": "", "sort": "freq", "limit": 1}, ["CError"], id="an order and a limit"),
    ],
)
def test_a_list_shows(exporter, parameters: dict, expected: list[str]) -> None:
    send(exporter, "AError", "BError")
    send(exporter, "CError", "CError", project="bank", context={"environment": "staging", "user": {"id": "u"}})
    put(exporter, f"/issues/{numbers(exporter)['BError']}/", {"status": "resolved"})
    assert sorted(titles(exporter, **parameters)) == sorted(expected)


def test_an_event_id_or_a_short_id_alone_is_found_at_once(exporter) -> None:
    send(exporter, "AError", event_id=EVENT_ID)
    send(exporter, "BError")
    short_id = next(
        one["shortId"]
        for one in get(exporter, "/organizations/errtally/issues/").json()
        if one["metadata"]["type"] == "AError"
    )
    for query in (EVENT_ID, f"{EVENT_ID[:8]}-{EVENT_ID[8:]}", short_id):
        answer = get(exporter, f"/organizations/errtally/issues/?query={query}")
        assert [one["metadata"]["type"] for one in answer.json()] == ["AError"]
        assert answer.headers["X-Sentry-Direct-Hit"] == "1"
    assert get(exporter, f"/organizations/errtally/issues/?query={EVENT_ID}").json()[0]["matchingEventId"] == EVENT_ID


@pytest.mark.parametrize("path", ["/organizations/errtally/issues/", "/projects/errtally/shop/issues/"])
def test_pages_hold_each_issue_once_and_their_links_work(exporter, path: str) -> None:
    send(exporter, *(f"{letter}Error" for letter in "ABCDEFG"))
    address, shown = f"/api/0{path}?limit=3&query=-%22a%2Cb%22", []
    while True:
        answer = exporter.get(address, BEARER)
        assert answer.status == 200
        shown += [one["id"] for one in answer.json()]
        previous, following = answer.headers["Link"].split(",")  # no comma stands within an address
        assert 'rel="previous"; results="false"' in previous
        found = re.fullmatch(
            r' <https://errors\.example\.com(/[^>]+)>; rel="next"; results="(true|false)"; cursor="[^"]+"', following
        )
        assert found is not None, following
        if found[2] == "false":
            break
        address = found[1]
        assert "limit=3" in address
    assert len(shown) == len(set(shown)) == 7


def test_every_answer_has_numbers_in_its_rate_headers(exporter) -> None:
    for path in ("/", "/organizations/", "/nowhere/"):
        headers = exporter.get(f"/api/0{path}", BEARER).headers
        for name in ("Limit", "Remaining", "Reset", "ConcurrentLimit", "ConcurrentRemaining"):
            assert headers[f"X-Sentry-Rate-Limit-{name}"].isdigit()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/nosuch/", 404, id="an unknown address"),
        pytest.param("/organizations/other/issues/", 404, id="another organisation"),
        pytest.param("/projects/errtally/nosuch/issues/", 404, id="an unknown project"),
        pytest.param("/issues/999999999/", 404, id="an unknown number"),
        pytest.param(f"/issues/{'9' * 400}/", 404, id="a number beyond all"),
        pytest.param("/issues/BANK-1/", 404, id="a short id of another project"),
        pytest.param("/issues/98097ced7021711c/", 404, id="a fingerprint is no issue's name here"),
        pytest.param(
            "/organizations/errtally/issues/?query=" + quote('title:"x'), 400, id="a quote that is not closed"
        ),
        pytest.param(
            "/organizations/errtally/issues/?query=regressed_in_release:x", 400, id="a key that can't be searched by"
        ),
        pytest.param("/organizations/errtally/issues/?query=a%20OR%20b", 400, id="there is no OR"),
        pytest.param("/organizations/errtally/issues/?sort=colour", 400, id="an unknown order"),
        pytest.param("/organizations/errtally/issues/?cursor=abc", 400, id="a cursor that no list made"),
        pytest.param("/organizations/errtally/issues/?statsPeriod=14x", 400, id="no period"),
        pytest.param("/organizations/errtally/issues/?start=yesterday", 400, id="no time"),
    ],
)
def test_an_error_is_json_with_the_one_key_detail(exporter, path: str, status: int) -> None:
    send(exporter, "AError")
    body = get(exporter, path, status).json()
    assert list(body) == ["detail"]
    assert body["detail"]


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        pytest.param({}, 401, "Authentication credentials were not provided.", id="nothing"),
        pytest.param({"Authorization": "Bearer wrong"}, 401, "Invalid token", id="a wrong token"),
        pytest.param({"Authorization": "Basic d3Jvbmc6"}, 401, "Invalid token", id="a wrong token as a name"),
        pytest.param(BEARER, 200, None, id="the token"),
        pytest.param(
            {"Authorization": "Basic YS10b2tlbi1vZi0yNC1jaGFyYWN0ZXJzOg=="}, 200, None, id="the token as a name"
        ),
    ],
)
def test_who_may_read(exporter, headers: dict, status: int, detail: str | None) -> None:
    answer = exporter.get("/api/0/organizations/", headers)
    assert answer.status == status
    if detail is not None:
        assert answer.json() == {"detail": detail}


def test_a_method_that_is_not_taken_is_said_so(exporter) -> None:
    answer = exporter.call(environ("/api/0/organizations/", b"{}", BEARER))
    assert (answer.status, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})
    assert "GET" in answer.headers["Allow"]


STRANGE = [
    "",
    "\x00",
    "é",
    "'",
    '"',
    "\\",
    "%",
    "[",
    "]",
    "[]",
    "[a",
    "a:b",
    "-1",
    "9" * 30,
    "a" * 2000,
    "{}",
    "*",
    "\ud800",
]


PARAMETERS = [
    "query", "cursor", "limit", "per_page", "sort", "statsPeriod", "start", "end", "project", "project[]",
    "environment", "group", "groupStatsPeriod", "full", "id", "status",
]  # fmt: skip


PATHS = [
    "/organizations/errtally/issues/", "/projects/errtally/shop/issues/", "/issues/1/events/",
    "/projects/errtally/shop/events/", "/organizations/errtally/releases/", "/projects/",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", PARAMETERS)
def test_strange_parameters_are_never_a_failure_of_ours_nor_a_page(exporter, path: str, name: str) -> None:
    send(exporter, "AError")
    for value in STRANGE:
        answer = exporter.get(f"/api/0{path}?{name}={quote(value.encode('utf-8', 'surrogatepass'))}", BEARER)
        assert answer.status in {200, 400, 404}, (value, answer.body)
        assert answer.headers["Content-Type"] == "application/json"


def test_the_addresses_that_clients_print_lead_to_pages(exporter) -> None:
    send(exporter, "AError", event_id=EVENT_ID)
    [issue] = get(exporter, "/organizations/errtally/issues/").json()
    page = exporter.get("/issues/" + get(exporter, f"/issues/{issue['id']}/hashes/").json()[0]["id"], BEARER)
    assert page.status == 200
    for path in (
        f"/organizations/errtally/issues/{issue['id']}/",
        f"/organizations/errtally/issues/{issue['shortId']}/events/{EVENT_ID}/",
        f"/errtally/shop/issues/{issue['id']}",
        "/organizations/errtally/issues/?query=is%3Aunresolved&project=shop",
    ):
        answer = exporter.get(path, BEARER)
        assert answer.status == 302
        assert exporter.get(answer.headers["Location"], BEARER).status == 200
    assert exporter.get(f"/organizations/other/issues/{issue['id']}/", BEARER).status == 404


def test_a_configured_project_keeps_its_number_and_shows_keys_only_behind_a_login(tmp_path) -> None:
    shop = Project("shop", "42", keys=frozenset({"k3y"}))
    for token, keys in ((TOKEN, ["k3y"]), (None, [])):
        made = InProcess(tmp_path / str(token), ExporterConfig(projects=(shop,), web_token=token))
        [project] = made.get("/api/0/organizations/errtally/projects/", BEARER).json()
        assert (project["id"], project["environments"]) == ("42", ["production"])
        shown = made.get("/api/0/projects/errtally/42/keys/", BEARER).json()
        assert [one["public"] for one in shown] == keys
        assert all(one["dsn"]["public"].endswith("k3y@127.0.0.1:9765/42") for one in shown)
        made.close()


def test_releases_and_jobs_are_listed(exporter) -> None:
    send(exporter, "AError", context={"release": "shop@1.4.2"})
    check_in = {"check_in_id": "ab" * 16, "monitor_slug": "nightly", "status": "ok"}
    check_in["monitor_config"] = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "checkin_margin": 5}
    assert exporter.post("/api/shop/envelope/?sentry_key=any", envelope(("check_in", check_in))).status == 200
    exporter.fold()
    [release] = get(exporter, "/organizations/errtally/releases/").json()
    assert (release["version"], release["shortVersion"], release["newGroups"]) == ("shop@1.4.2", "1.4.2", 1)
    assert get(exporter, "/organizations/errtally/releases/shop@1.4.2/").json() == release
    assert get(exporter, "/projects/errtally/shop/releases/?query=1.5").json() == []
    [job] = get(exporter, "/organizations/errtally/monitors/").json()
    assert (job["slug"], job["config"]["schedule"], job["config"]["checkin_margin"]) == ("nightly", "0 3 * * *", 5)
