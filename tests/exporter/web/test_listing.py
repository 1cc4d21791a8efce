"""The issues list: pages and API, places in it that hold while events arrive, and decisions on several issues."""

from __future__ import annotations

import re
from html import unescape
from random import Random
from urllib.parse import parse_qs, urlencode

import pytest
from tests.exporter.inprocess import NOW, InProcess, environ
from tests.exporter.web.listing import api, send, submit, types

from errtally.exporter.config import ExporterConfig
from errtally.exporter.web.sparkline import sparkline

pytestmark = pytest.mark.usefixtures("any_database")


HOSTILE = "<script>alert('x')</script>\"'&{{ 7*7 }}"


AUTH = {"HTTP_AUTHORIZATION": "Basic b3BzOnNlY3JldA=="}  # ops:secret


LETTERS = [f"{letter}Error" for letter in "ABCDEFGHIJ"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"query": "aerr*HAPP"}, ["AError"], id="a wildcard"),
        pytest.param({"query": "type:berror"}, ["BError"], id="a type"),
        pytest.param({"query": "browser:safari"}, ["CError"], id="a tag"),
        pytest.param({"query": "Safari"}, ["CError"], id="a word in a tag"),
        pytest.param({"query": "project:bank"}, ["CError"], id="a project in the query"),
        pytest.param({"project": "bank"}, ["CError"], id="a project beside the query"),
        pytest.param({"environment": "staging"}, ["BError"], id="an environment"),
        pytest.param({"level": "warning"}, ["BError"], id="a level"),
        pytest.param({"query": "events:>1"}, ["AError"], id="events"),
        pytest.param({"query": "users:>=2"}, ["AError"], id="users"),
        pytest.param({"query": "is:new -type:AError", "project": "shop"}, ["BError"], id="new, and not of a type"),
        pytest.param({"query": "is:resolved"}, [], id="nothing"),
        pytest.param({"status": "resolved"}, [], id="a status without issues"),
    ],
)
def test_what_is_asked_for_is_listed_on_page_and_api(exporter, parameters, expected) -> None:
    for user in ("u1", "u2"):
        send(exporter, "AError", context={"user": {"id": user}})
    send(exporter, "BError", level="warning", context={"environment": "staging"})
    send(exporter, "CError", project="bank", context={"tags": {"browser": "Safari"}})
    assert sorted(types(exporter, **parameters)) == expected
    page = exporter.get("/?" + urlencode(parameters))
    assert page.status == 200
    assert sorted(set(re.findall(r"Select [^\"]*?(\w+Error)", page.body.decode()))) == expected


@pytest.mark.parametrize("order", ["last_seen", "first_seen", "events", "users", "trend"])
def test_orders(exporter, order: str) -> None:
    hour = 3600
    old = [NOW - 30 * hour] * 30 + [NOW - 20 * hour]
    for name, moments, users in (
        ("AError", old, 1),  # the most events, long ago
        ("BError", [NOW - 2 * hour] * 20, 3),  # many of late, and none before
        ("CError", [NOW - hour] * 2, 1),  # the latest
        ("DError", [NOW - 29 * hour] * 3 + [NOW - 3 * hour], 4),
    ):
        for index, moment in enumerate(moments):
            send(exporter, name, timestamp=moment, context={"user": {"id": f"u{index % users}"}})
    expected = {
        "last_seen": ["CError", "BError", "DError", "AError"],
        "first_seen": ["CError", "BError", "DError", "AError"],
        "events": ["AError", "BError", "DError", "CError"],
        "users": ["DError", "BError", "CError", "AError"],
        "trend": ["BError", "CError", "DError", "AError"],
    }[order]
    assert types(exporter, sort=order) == expected


@pytest.mark.parametrize("order", ["last_seen", "first_seen", "events", "users", "trend"])
@pytest.mark.parametrize("seed", range(3))
def test_pages_show_each_issue_once_while_events_arrive(exporter, order: str, seed: int) -> None:
    random = Random(seed)
    send(exporter, *LETTERS)
    cursor, shown, pages = {}, [], 0
    while True:
        answer = api(exporter, sort=order, limit=3, **cursor)
        shown += [issue["type"] for issue in answer["issues"]]
        pages += 1
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
        # What was shown, what was not and what is new happen between two pages, and move in the order.
        again = random.choices(LETTERS, k=5)
        send(exporter, *again, f"N{'abcdef'[pages]}Error", context={"user": {"id": f"u{pages}"}})
    assert sorted(shown) == LETTERS
    assert pages == 4


def test_a_page_is_the_same_when_it_is_loaded_again(exporter) -> None:
    send(exporter, *LETTERS)
    second = {"cursor": api(exporter, limit=4)["next"], "limit": 4}
    assert types(exporter, **second) == types(exporter, **second)


def names_on(page: str) -> set[str]:
    return set(re.findall(r"Select [^\"]*?(\w+Error)", page))


def follow(exporter, page: str, rel: str) -> str:
    [address] = re.findall(rf'href="(/[^"]*)" rel="{rel}"|rel="{rel}" href="(/[^"]*)"', page)
    return exporter.get(unescape("".join(address))).body.decode()


@pytest.mark.parametrize("order", ["last_seen", "first_seen", "events", "users", "trend"])
def test_pages_lead_back_one_by_one_and_on_again(exporter, order: str) -> None:
    letters = "ABCDEFGHIJKLM"
    send(exporter, *[f"{a}{b}Error" for a in letters for b in letters])
    pages = [exporter.get(f"/?query=happened&sort={order}").body.decode()]
    while 'rel="next"' in pages[-1]:
        pages.append(follow(exporter, pages[-1], "next"))
    assert [len(names_on(page)) for page in pages] == [50, 50, 50, 19]
    assert 'rel="prev"' not in pages[0]
    third = follow(exporter, pages[3], "prev")
    second = follow(exporter, third, "prev")
    first = follow(exporter, second, "prev")
    assert [names_on(page) for page in (first, second, third)] == [names_on(page) for page in pages[:3]]
    assert names_on(follow(exporter, third, "next")) == names_on(pages[3])
    assert 'rel="prev"' not in first


@pytest.mark.parametrize("address", ["/?back=1", "/?back=1&cursor=nonsense", "/?back=x&sort=events"])
def test_going_back_from_nowhere_is_no_failure_of_the_server(exporter, address: str) -> None:
    send(exporter, "AError")
    assert exporter.get(address).status in {200, 400}


def test_the_page_leads_to_the_next_and_says_when_there_is_something_newer(exporter) -> None:
    send(exporter, *[f"{a}{b}Error" for a in "ABCDEFGH" for b in "ABCDEFGH"])
    first = exporter.get("/?query=happened&sort=events").body.decode()
    follow = unescape(re.search(r'rel="next" href="/\?([^"]+)"', first)[1])
    assert parse_qs(follow)["query"] == ["happened"]
    assert parse_qs(follow)["sort"] == ["events"]
    second = exporter.get("/?" + follow).body.decode()
    names = [re.findall(r"Select [^\"]*?(\w+Error)", page) for page in (first, second)]
    assert (len(set(names[0])), len(set(names[1]))) == (50, 14)
    assert not set(names[0]) & set(names[1])
    assert 'rel="next"' not in second
    assert "appeared since" not in second
    send(exporter, "ZZError")
    assert "appeared since" in exporter.get("/?" + follow).body.decode()


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        pytest.param({"query": "a is:bad"}, "at character 6", id="a query"),
        pytest.param({"query": "\udcff"}, None, id="a query that is no text"),
        pytest.param({"status": "closed"}, "status: 'closed' is none of open, all", id="a status"),
        pytest.param({"sort": "title"}, "sort: 'title' is none of last_seen", id="an order"),
        pytest.param({"level": "bad"}, "level: 'bad' is none of debug", id="a level"),
        pytest.param({"limit": "501"}, "limit: '501' is not a number from 0 to 500", id="a limit too high"),
        pytest.param({"limit": "-1"}, "limit: '-1'", id="a limit below 0"),
        pytest.param({"cursor": "nonsense"}, "cursor: ", id="a cursor"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(exporter, parameters, told) -> None:
    asked = urlencode(parameters, errors="surrogateescape")
    answer = exporter.get("/api/issues?" + asked)
    page = exporter.get("/?" + asked)
    if told is None:  # what is no UTF-8 comes with replacement characters
        assert (answer.status, page.status) == (200, 200)
        return
    assert (answer.status, page.status) == (400, 400)
    assert answer.json()["error"]["code"] == "malformed_query"
    assert told in answer.json()["error"]["message"]
    assert told in unescape(page.body.decode())


def test_the_api_tells_the_position_and_the_page_marks_it(exporter) -> None:
    assert exporter.get("/api/issues?query=ab+is:x%3Cb%3E").json()["error"]["detail"] == {"position": 6}
    page = exporter.get("/?query=ab+is:%3Cb%3E").body.decode()
    assert "<pre>ab is:<mark>&lt;</mark>b&gt;</pre>" in page
    assert 'value="ab is:&lt;b&gt;"' in page
    assert "<pre>users:<mark> </mark></pre>" not in page


def test_a_query_that_names_a_state_is_not_narrowed_to_open_issues(exporter) -> None:
    send(exporter, "AError", "BError")
    submit(exporter, "AError")
    assert "AError" not in exporter.get("/").body.decode()
    assert "AError" in exporter.get("/?query=is:resolved").body.decode()
    assert "AError" not in exporter.get("/?query=is:resolved&status=open").body.decode()


def test_hostile_texts_stay_texts(exporter) -> None:
    send(exporter, HOSTILE, context={"environment": "<i>", "release": HOSTILE[:40]})
    for path in ("/", "/?" + urlencode({"query": f'"{HOSTILE[:10]}', "project": HOSTILE}), "/history"):
        page = exporter.get(path).body.decode()
        assert "<script>alert" not in page
        assert "<i>" not in page
        assert "{{" in page or "alert(" not in page


def test_only_own_scripts_run_and_no_style_stands_within_the_page(exporter) -> None:
    send(exporter, "AError")
    answer = exporter.get("/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    page = answer.body.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"\son\w+=", page)
    scripts = ["completion.js", "list.js", "times.js"]
    assert re.findall(r"<script[^>]*>", page) == [f'<script src="/static/{name}" defer>' for name in scripts]


def test_a_full_page_is_small(exporter) -> None:
    send(exporter, *[f"{a}{b}Error" for a in "ABCDEFG" for b in "ABCDEFGH"], context={"release": "shop@1.4.2"})
    assert len(exporter.get("/").body) < 100_000


@pytest.mark.parametrize(
    ("hours", "path", "text"),
    [
        pytest.param({}, "", "0 events in the last 3 hours", id="nothing"),
        pytest.param({9: 1}, "M4 20v-20h3V20z", "1 event in the last 3 hours", id="one event"),
        pytest.param(
            {8: 1, 10: 1000, 11: 5, 7: 5},
            "M0 20v-1h3V20zM8 20v-20h3V20z",
            "1001 events in the last 3 hours, at most 1000 in an hour, from 10:00 UTC",
            id="few beside many are seen, others are left out",
        ),
    ],
)
def test_sparklines(hours, path, text) -> None:
    made = sparkline(hours, 10, 3)
    assert (made.width, made.path, made.text) == (12, path, text)


@pytest.fixture
def guarded(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(web_username="ops", web_password="secret"))
    yield made
    made.close()


def test_the_history_over_all_issues_says_who_did_what(guarded) -> None:
    send(guarded, "AError", "BError")
    send(guarded, "CError", project="bank")
    assert submit(guarded, "AError", "CError", headers=AUTH).status == 303
    send(guarded, "AError", timestamp=NOW + 9e8)
    assert guarded.get("/history").status == guarded.get("/api/history").status == 401

    def history(query: str = "") -> list[tuple[str, str, str]]:
        answer = guarded.call(environ("/api/history", method="GET", query=query) | AUTH)
        assert answer.status == 200, answer.body
        return [
            (entry["by"], entry["what"].split()[0], entry["title"].split()[-2]) for entry in answer.json()["entries"]
        ]

    assert [entry[:2] for entry in history()][-2:] == [("ops", "resolved")] * 2
    assert len(history("project=bank")) == 1
    assert {entry[0] for entry in history("by=ops")} == {"ops"}
    assert history("by=nobody") == []
    page = guarded.call(environ("/history", method="GET") | AUTH).body.decode()
    assert "ops" in page
    assert "secret" not in page
    assert "resolved" in page


def test_the_history_is_paged_and_grows_only_at_its_head(exporter) -> None:
    send(exporter, *LETTERS)
    for name in LETTERS[:5]:
        submit(exporter, name, action="ignore")
    first = exporter.get("/api/history?limit=2").json()
    submit(exporter, LETTERS[6], action="ignore")
    second = exporter.get(f"/api/history?limit=2&before={first['next']}").json()
    third = exporter.get(f"/api/history?limit=2&before={second['next']}").json()
    titles = [entry["title"] for page in (first, second, third) for entry in page["entries"]]
    assert [title.split()[0].rstrip(":") for title in titles] == LETTERS[4::-1]
    assert third["next"] is None
    page = exporter.get("/history?before=" + str(second["next"])).body.decode()
    assert "AError" in page
    assert 'rel="next"' not in page


@pytest.mark.parametrize("query", ["before=x", "before=-1", "limit=501", "limit=1e3", "before=" + "9" * 30])
def test_a_wrong_parameter_of_the_history_is_named(exporter, query: str) -> None:
    answer = exporter.get("/api/history?" + query)
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith(query.split("=", maxsplit=1)[0])
    assert exporter.get("/history?" + query).status == 400


def test_with_an_environment_the_numbers_and_the_order_are_its_own(exporter) -> None:
    """An issue that is loud in staging does not lead the list of production."""
    for number in range(5):
        fields = {"context": {"environment": "staging", "user": {"id": f"s{number}"}}, "timestamp": NOW - 60}
        send(exporter, "LoudError", **fields)
    for type_, age, count in (("LoudError", 7200, 1), ("QuietError", 3600, 2)):
        for number in range(count):
            fields = {"context": {"environment": "production", "user": {"id": f"p{number}"}}, "timestamp": NOW - age}
            send(exporter, type_, **fields)
    assert types(exporter) == ["LoudError", "QuietError"]
    for sort in ("last_seen", "first_seen", "events", "users"):
        assert types(exporter, environment="production", sort=sort) == ["QuietError", "LoudError"], sort
    quiet, loud = api(exporter, environment="production")["issues"]
    assert [(one["events"], one["users"], one["last_seen"], one["first_seen"]) for one in (quiet, loud)] == [
        (2, 2, NOW - 3600, NOW - 3600),
        (1, 1, NOW - 7200, NOW - 7200),
    ]
    assert types(exporter, environment="production", query="events:>1") == ["QuietError"]
    assert types(exporter, environment="production", query="users:1") == ["LoudError"]
    assert types(exporter, environment="staging", query="events:5 users:5") == ["LoudError"]
    page = exporter.get("/?environment=production&status=all").body.decode()
    assert re.findall(r'href="(/issues/\w+\?[^"]+)"', page) == [
        f"/issues/{one['issue']}?project=shop&amp;environment=production" for one in (quiet, loud)
    ]


def test_numbers_of_an_environment_are_those_of_all_that_was_merged(exporter) -> None:
    for type_, user, age in (("OneError", "a", 60), ("TwoError", "a", 120), ("TwoError", "b", 180)):
        fields = {"context": {"environment": "production", "user": {"id": user}}, "timestamp": NOW - age}
        send(exporter, type_, **fields)
    send(exporter, "OneError", context={"environment": "staging"}, timestamp=NOW)
    one, two = (issue["issue"] for issue in sorted(api(exporter)["issues"], key=lambda issue: issue["type"]))
    answer = exporter.post(f"/api/issues/{two}/merge", {"into": one}, {"Authorization": "Bearer t"})
    assert answer.status == 200, answer.body
    exporter.fold()
    [found] = api(exporter, environment="production", query="events:3")["issues"]
    assert (found["events"], found["users"]) == (3, 2)
    assert (found["first_seen"], found["last_seen"]) == (NOW - 180, NOW - 60)


def test_the_list_says_how_many_issues_there_are(exporter) -> None:
    send(exporter, *LETTERS)
    assert '<p class="list-total">10 issues</p>' in exporter.get("/").body.decode()
    assert '<p class="list-total">1 issue</p>' in exporter.get("/?query=type:AError").body.decode()
    assert '<p class="list-total">10 issues</p>' in exporter.get("/?limit=3").body.decode()


def test_the_first_page_has_what_sends_the_first_event_and_then_no_more(exporter) -> None:
    page = exporter.get("/").body.decode()
    assert "Send the first event" in page
    assert "http://any@127.0.0.1:9765/1" in page
    assert "/static/first.js" in page
    # A script without the part that it looks for fails.
    unread = exporter.get("/?query=is:broken").body.decode()
    assert ("Send the first event" in unread, "/static/first.js" in unread) == (False, False)
    send(exporter, "AError")
    assert "Send the first event" not in exporter.get("/?query=nothing").body.decode()
