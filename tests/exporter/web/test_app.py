"""Pages and API."""

from __future__ import annotations

import re

import pytest
from tests.exporter.inprocess import envelope, environ
from tests.exporter.web.sending import send

from errtally.errors import JournalError
from errtally.exporter.web import journaling
from errtally.exporter.web.times import ago, utc

HOSTILE = "<script>alert('x')</script>\"'&{{ 7*7 }}"


@pytest.mark.parametrize(
    "path", ["/", "/issues/nothing", "/metrics", "/-/healthy", "/api/issues", "/static/errtally.css", "/nowhere"]
)
def test_every_answer_has_the_headers_that_protect(exporter, path):
    answer = exporter.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_health_and_readiness(exporter):
    assert exporter.get("/-/healthy").status == 200
    assert exporter.get("/-/ready").status == 200
    exporter.unready = "the disk is gone"
    answer = exporter.get("/-/ready")
    assert (answer.status, b"the disk is gone" in answer.body) == (503, True)


def test_an_empty_exporter_says_how_to_send_the_first_event(exporter):
    page = exporter.get("/").body.decode()
    assert "No issues here" in page
    assert "http://any@127.0.0.1:9765/1" in page


def test_issues_are_listed_with_links(exporter):
    fingerprint = send(exporter)
    page = exporter.get("/").body.decode()
    assert "no milk left" in page
    assert f"/issues/{fingerprint}?project=shop" in page
    assert "<b>1</b> event<" in page
    assert "no milk left" not in exporter.get("/?status=resolved").body.decode()
    assert "no milk left" in exporter.get("/?status=all&project=shop").body.decode()
    assert "no milk left" not in exporter.get("/?project=other").body.decode()


def test_hostile_text_is_shown_as_text(exporter):
    event = {
        "event_id": "1" * 32,
        "message": HOSTILE,
        "transaction": HOSTILE,
        "release": HOSTILE,
        "environment": HOSTILE,
        "tags": {HOSTILE: HOSTILE},
        "extra": {HOSTILE: HOSTILE},
        "request": {"url": HOSTILE},
        "breadcrumbs": [{"message": HOSTILE, "category": HOSTILE, "data": {HOSTILE: HOSTILE}}],
        "exception": {
            "values": [
                {
                    "type": HOSTILE,
                    "value": HOSTILE,
                    "stacktrace": {
                        "frames": [
                            {
                                "function": HOSTILE,
                                "module": HOSTILE,
                                "filename": HOSTILE,
                                "context_line": HOSTILE,
                                "pre_context": [HOSTILE],
                                "post_context": [HOSTILE],
                                "vars": {HOSTILE: HOSTILE},
                                "lineno": 3,
                                "in_app": True,
                            }
                        ]
                    },
                }
            ]
        },
    }
    assert exporter.post("/api/shop/envelope/", envelope(("event", event))).status == 200
    exporter.fold()
    [found] = exporter.reader.issues()
    pages = [exporter.get(f"/issues/{found['fingerprint']}").body.decode(), exporter.get("/").body.decode()]
    for whole in pages:
        page = re.sub(r'<script src="/static/\w+\.js" defer></script>', "", whole)
        assert "&lt;script&gt;" in page
        assert not re.search(r"<script(?! src=\"/static/\w+\.js\" defer>)", page, re.IGNORECASE)
        assert "alert('x')" not in page
        assert "{{ 7*7 }}" in page
    assert "&lt;script&gt;" in exporter.get(f"/nowhere/{HOSTILE}").body.decode()


ODD = [5, "text", [1, None, "x"], {"a": [1]}, None, True]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_page_shows_events_of_any_shape(exporter, odd):
    frame = {"function": odd, "lineno": odd, "vars": odd, "pre_context": odd, "post_context": odd, "context_line": odd}
    for index, event in enumerate(
        [
            {"exception": {"values": [{"type": "T", "value": odd, "stacktrace": {"frames": [frame]}}]}},
            {"message": "m", "stacktrace": {"frames": [frame]}},
            {
                "message": odd,
                "tags": odd,
                "extra": odd,
                "request": odd,
                "user": odd,
                "contexts": odd,
                "breadcrumbs": odd,
            },
            {"message": "n", "breadcrumbs": [{"message": odd, "category": odd, "data": odd}], "extra": {"e": odd}},
            {"exception": odd, "threads": odd, "stacktrace": odd, "message": "o"},
        ]
    ):
        assert exporter.post(f"/api/p{index}/envelope/", envelope(("event", event))).status == 200
    native = {"message": "native", "breadcrumbs": odd, "context": {"extra": {"e": odd}, "request": {"r": odd}}}
    assert exporter.post("/api/events", native).status == 200
    exporter.fold()
    issues = exporter.reader.issues()
    assert len(issues) == 6
    for issue in issues:
        answer = exporter.get(f"/issues/{issue['fingerprint']}?project={issue['project']}")
        assert answer.status == 200, answer.body


def test_an_issue_shows_its_events_one_by_one(exporter):
    ids = [f"{number:032x}" for number in range(3)]
    fingerprint = send(exporter, *({"message": "no milk left", "event_id": id_, "stack": "Traceback x"} for id_ in ids))
    newest = exporter.get(f"/issues/{fingerprint}").body.decode()
    assert ids[2] in newest
    assert f"event={ids[1]}" in newest
    assert ">newer<" not in newest
    middle = exporter.get(f"/issues/{fingerprint}?event={ids[1]}").body.decode()
    assert f"event={ids[0]}" in middle
    assert f"event={ids[2]}" in middle
    oldest = exporter.get(f"/issues/{fingerprint}?event={ids[0]}").body.decode()
    assert ">older<" not in oldest
    gone = exporter.get(f"/issues/{fingerprint}?event={'f' * 32}")
    assert (gone.status, "This event is not kept" in gone.body.decode()) == (200, True)


@pytest.mark.parametrize(
    "path",
    ["/issues/nothing", "/nowhere", "/issues/a/b/c", "/static/nothing.css", "/runbooks/Nothing", "/runbooks/..%2f"],
)
def test_what_is_not_there_is_a_page_that_says_so(exporter, path):
    answer = exporter.get(path)
    assert answer.status == 404
    assert "Nothing here" in answer.body.decode()


def test_a_runbook_is_shown(exporter):
    answer = exporter.get("/runbooks/NewIssue")
    assert (answer.status, "<h1>" in answer.body.decode()) == (200, True)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("limit=x", "limit: 'x' is not a number from 0 to 500", id="no number"),
        pytest.param("limit=-5", "limit: '-5' is not", id="a negative limit"),
        pytest.param("limit=501", "limit: '501' is not", id="more than a page"),
        pytest.param("limit=" + "9" * 5000, "limit: '99999999999999999999' is not", id="a number without end"),
        pytest.param("status=open,resolved", "status: 'open,resolved' is none of open, all", id="no status"),
        pytest.param("status=", "status: '' is none of", id="an empty status"),
    ],
)
def test_a_list_that_can_not_be_is_refused(exporter, query, says):
    answer = exporter.get(f"/api/issues?{query}")
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, "malformed_query")
    assert error["message"].startswith(says)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/-/healthy"), ("GET", "/-/ready"), ("POST", "/-/reload"), ("GET", "/-/x")]
)
def test_operation_answers_in_plain_text(exporter, method, path):
    answer = exporter.call(environ(path, method=method))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"<" not in answer.body


def test_the_api_lists_issues(exporter):
    fingerprint = send(exporter)
    send(exporter, {"message": "something else"}, project="mail")
    listed = exporter.get("/api/issues").json()["issues"]
    assert [item["project"] for item in listed] == ["mail", "shop"]
    assert listed[1]["issue"] == fingerprint
    assert not {"id", "fingerprint"} & set(listed[0])
    assert len(exporter.get("/api/issues?limit=1").json()["issues"]) == 1
    assert exporter.get("/api/issues?limit=0").json() == {"issues": [], "next": None}
    assert len(exporter.get("/api/issues?limit=500&status=all").json()["issues"]) == 2
    assert [item["issue"] for item in exporter.get("/api/issues?project=shop&status=open").json()["issues"]] == [
        fingerprint
    ]
    assert len(exporter.get("/api/issues?status=all").json()["issues"]) == 2
    assert exporter.get("/api/issues?status=resolved").json()["issues"] == []


def test_the_api_tells_of_one_issue(exporter):
    fingerprint = send(exporter, {"message": "no milk left", "context": {"environment": "stage"}})
    found = exporter.get(f"/api/issues/{fingerprint}").json()
    assert (found["issue"], found["events"], found["status"]) == (fingerprint, 1, "unresolved")
    assert [item["environment"] for item in found["environments"]] == ["stage"]
    assert len(found["samples"]) == 1
    missing = exporter.get("/api/issues/nothing")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "unknown_issue")
    assert exporter.get(f"/api/issues/{fingerprint}?project=other").status == 404


@pytest.mark.parametrize(
    ("action", "status"), [("resolve", "resolved"), ("ignore", "ignored"), ("reopen", "unresolved")]
)
def test_the_api_decides(exporter, action, status):
    fingerprint = send(exporter)
    with exporter.folding():
        answer = exporter.post(f"/api/issues/{fingerprint}/{action}", {})
    assert (answer.status, answer.json()) == (200, {"issue": fingerprint, "status": status})
    assert exporter.get(f"/api/issues/{fingerprint}").json()["status"] == status


def test_a_decision_is_answered_when_the_writer_does_not_fold(exporter, monkeypatch):
    monkeypatch.setattr(journaling, "FOLD_WAIT_SECONDS", 0.03)
    fingerprint = send(exporter)
    assert exporter.post(f"/api/issues/{fingerprint}/resolve", {}).status == 200
    exporter.fold()
    assert exporter.get(f"/api/issues/{fingerprint}").json()["status"] == "resolved"


def test_a_resolved_issue_that_comes_back_is_regressed_on_its_page(exporter):
    fingerprint = send(exporter)
    with exporter.folding():
        exporter.post(f"/api/issues/{fingerprint}/resolve", {})
    assert send(exporter) == fingerprint
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    assert "regressed in production" in page
    assert "resolved by anonymous" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/api/issues/{}/explode", 404, "not_found"),
        ("POST", "/api/issues/nothing/resolve", 404, "not_found"),
        ("GET", "/api/nowhere", 404, "not_found"),
        ("DELETE", "/api/issues", 405, "method_not_allowed"),
        ("PUT", "/api/issues/{}/resolve", 405, "method_not_allowed"),
        ("GET", "/api/events", 405, "method_not_allowed"),
        ("DELETE", "/api/events", 405, "method_not_allowed"),
    ],
)
def test_errors_of_the_api_are_json(exporter, method, path, status, code):
    made = environ(path.format(send(exporter)), b"{}", method=method)
    made["CONTENT_TYPE"] = "application/json"
    answer = exporter.call(made)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_wrong_method_for_a_page_is_405(exporter):
    assert exporter.call(environ("/metrics", method="DELETE")).status == 405


def test_a_journal_that_fails_refuses_a_decision(exporter, monkeypatch):
    fingerprint = send(exporter)

    def append(*_):
        raise JournalError("the disk is full")

    monkeypatch.setattr(exporter.appender, "append", append)
    answer = exporter.post(f"/api/issues/{fingerprint}/resolve", {})
    assert (answer.status, answer.json()["error"]["message"]) == (503, "the disk is full")


def test_a_store_that_fails_is_503(exporter):
    exporter.writer._store._db.execute("DROP TABLE issues")
    for path in ("/", "/api/issues", "/metrics"):
        answer = exporter.get(path)
        assert (answer.status, answer.json()["error"]["code"]) == (503, "store")


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (86400, "1 d ago"),
        (10**7, "115 d ago"),
    ],
)
def test_how_long_ago(elapsed, text):
    assert ago(1e9 - elapsed, 1e9) == text


def test_a_moment_is_shown_in_utc():
    assert utc(0.0) == "1970-01-01 00:00:00 UTC"


JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.mark.parametrize(
    ("method", "path", "headers", "key"),
    [
        pytest.param("POST", "/api/42/envelopes/", {}, "detail", id="Sentry, by the path"),
        pytest.param("POST", "/hook", {"X-Sentry-Auth": "Sentry sentry_key=k"}, "detail", id="Sentry, by its key"),
        pytest.param("POST", "/api/1/occurrences/", {}, "err", id="Rollbar"),
        pytest.param("POST", "/api/v3/projects/1/queues", {"Accept": JAVA}, "message", id="Airbrake from Java"),
        pytest.param("POST", "/v1/exceptions", {"X-API-Key": "k"}, "error", id="Honeybadger"),
        pytest.param("GET", "/v1/nothing/x/check_in", {"Bugsnag-Api-Key": "k"}, "errors", id="Bugsnag, by its key"),
        pytest.param("POST", "/builds/7", {"Accept": JAVA}, "errors", id="Bugsnag, by the path"),
        pytest.param("POST", "/v1development/profiles", {}, "code", id="OTLP"),
        pytest.param("POST", "/nowhere", {}, "error", id="whoever it is"),
        pytest.param("POST", "/nowhere", {"Accept": JAVA}, "error", id="whoever it is, from Java"),
        pytest.param("PUT", "/", {"Accept": "*/*"}, "error", id="a page that takes no such method"),
    ],
)
def test_a_program_that_asks_for_what_is_not_served_is_told_so_in_its_own_form(exporter, method, path, headers, key):
    made = environ(path, b"{}", headers, method=method)
    made["CONTENT_TYPE"] = "application/json"
    answer = exporter.call(made)
    assert answer.status in {404, 405}
    assert answer.headers["Content-Type"] == "application/json"
    assert key in answer.json()


def test_a_collector_that_sends_protobuf_to_nowhere_is_told_so_in_protobuf(exporter):
    made = environ("/v1/nothing", b"")
    made["CONTENT_TYPE"] = "application/x-protobuf"
    answer = exporter.call(made)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/x-protobuf")
    assert b"/v1/nothing" in answer.body


def test_a_form_of_a_page_that_is_gone_is_answered_with_a_page(exporter):
    made = environ("/issues/nothing/resolve", b"a=b", {"Accept": "text/html"})
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    answer = exporter.call(made)
    assert (answer.status >= 400, answer.headers["Content-Type"][:9]) == (True, "text/html")
