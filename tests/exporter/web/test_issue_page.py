"""What the page of an issue shows."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import InProcess, envelope, environ

from errtally import names
from errtally.exporter.config import ExporterConfig
from errtally.exporter.web import issue_page, links
from errtally.exporter.web.issue_page import Steps


@pytest.mark.parametrize(
    ("shown", "steps"),
    [
        pytest.param("a", Steps(1, 3, "", "", "b", "c"), id="from the first on"),
        pytest.param("b", Steps(2, 3, "a", "a", "c", "c"), id="from the middle both ways"),
        pytest.param("c", Steps(3, 3, "a", "b", "", ""), id="from the latest back"),
        pytest.param("x", Steps(0, 3, "a", "", "", "c"), id="from one that is gone to the ends"),
    ],
)
def test_events_are_stepped_through(shown, steps) -> None:
    assert issue_page.steps(["a", "b", "c"], shown) == steps


def test_without_events_there_are_no_steps() -> None:
    assert issue_page.steps([], "x") == Steps(0, 0, "", "", "", "")


def shares(*values: tuple[str, int]) -> list[tuple[str, int, int]]:
    [tag] = issue_page.tags({"browser": values})
    return [(share.value, share.events, share.percent) for share in tag.shares]


def test_tags_have_shares_in_percent() -> None:
    assert shares(("Firefox", 75), ("Chrome", 25)) == [("Firefox", 75, 75), ("Chrome", 25, 25)]


def test_what_is_there_is_never_0_percent_and_what_is_not_all_never_100() -> None:
    assert shares(("a", 9_999), ("b", 1)) == [("a", 9_999, 99), ("b", 1, 1)]


def test_values_beyond_the_bound_are_one() -> None:
    found = shares(*((f"v{number}", 10) for number in range(9)), (names.OTHER, 10))
    assert len(found) == issue_page.MAX_TAG_VALUES_SHOWN + 1
    assert found[-1] == ("other values", 40, 40)


def test_one_value_more_than_fits_is_shown_itself() -> None:
    assert shares(*((f"v{number}", 10) for number in range(7)))[-1][0] == "v6"


def stored(name: str, **labels: str) -> dict:
    return {
        "name": name,
        "severity": "warning",
        "summary": "s",
        "starts_at": 1.0,
        "ends_at": None,
        "labels": labels,
        "links": {},
    }


def test_alerts_are_of_the_issue_or_of_the_project() -> None:
    firing = [stored("A", project="shop", issue="f1"), stored("B", project="shop"), stored("C", issue="other")]
    of_issue, of_project = issue_page.alerts_of(firing, {"f1", "f2"})
    assert ([one.name for one in of_issue], [one.name for one in of_project]) == (["A"], ["B"])


def test_links_of_an_alert_are_of_http_or_not_at_all() -> None:
    told = {"alertmanager": "javascript:alert(1)", "source": "data:text/html,x", "runbook": "//evil"}
    assert links.alert({**stored("Unknown"), "links": told}).links == ()
    told = {"alertmanager": "https://am.example/", "source": "http://prom/graph", "runbook": "https://wiki/x"}
    assert [(one.text, one.url) for one in links.alert({**stored('A"b'), "links": told}).links] == [
        ("Runbook", "https://wiki/x"),
        ("Alertmanager", "https://am.example/#/alerts?filter=%7Balertname%3D%22A%5C%22b%22%7D"),
        ("Prometheus", "http://prom/graph"),
    ]
    assert links.alert({**stored("NewIssue"), "links": told}).links[0].url == "/runbooks/NewIssue"


def test_dashboards_are_linked_where_grafana_is_told() -> None:
    assert links.dashboards("", "shop", "f1") == ()
    assert [link.url for link in links.dashboards("https://g", "a&b", "f1")] == [
        "https://g/d/errtally-issue?var-project=a%26b&var-issue=f1",
        "https://g/d/errtally-service?var-project=a%26b",
    ]


pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(grafana_url="https://g.example"))
    yield made
    made.close()


def send(exporter: InProcess, **fields) -> str:
    event = {"event_id": "1" * 32, "message": "no milk", **fields}
    assert exporter.post("/api/shop/envelope/", envelope(("event", event))).status == 200
    exporter.fold()
    return exporter.reader.issues()[0]["fingerprint"]


def notify(exporter: InProcess, status: str, **labels: str) -> None:
    alert = {
        "status": status,
        "fingerprint": "a" * 16,
        "startsAt": "2026-11-24T05:46:17Z",
        "endsAt": "2026-11-24T05:56:17Z",
        "generatorURL": "http://prom/graph",
        "labels": {"alertname": "NewIssue", "severity": "critical", **labels},
        "annotations": {"summary": "a new error"},
    }
    body = {"version": "4", "externalURL": "javascript:alert(1)", "alerts": [alert]}
    assert exporter.post("/api/alerts", body, {"Authorization": "Bearer k"}).status == 200
    exporter.fold()


def test_an_alert_that_fires_stands_on_its_issue_until_it_ends(exporter) -> None:
    fingerprint = send(exporter)
    notify(exporter, "firing", project="shop", issue=fingerprint)
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    assert "Firing now" in page
    assert "a new error" in page
    assert 'href="http://prom/graph"' in page
    assert "javascript:" not in page
    assert exporter.get("/issues/none").status == 404
    notify(exporter, "resolved", project="shop", issue=fingerprint)
    assert "Firing now" not in exporter.get(f"/issues/{fingerprint}").body.decode()


def test_an_alert_of_another_project_is_not_shown(exporter) -> None:
    fingerprint = send(exporter)
    notify(exporter, "firing", project="mail")
    assert "NewIssue" not in exporter.get(f"/issues/{fingerprint}").body.decode()


def test_the_json_of_an_event_is_what_was_kept(exporter) -> None:
    fingerprint = send(exporter, extra={"password": "hunter2", "text": "<b>"})
    answer = exporter.get(f"/issues/{fingerprint}/events/{'1' * 32}.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(answer.body)["extra"] == {"password": "[REDACTED]", "text": "<b>"}
    assert exporter.get(f"/issues/{fingerprint}/events/{'2' * 32}.json").status == 404
    assert exporter.get(f"/issues/none/events/{'1' * 32}.json").status == 404


def rich_event() -> dict[str, Any]:
    """An event as large as SDKs send them: 34 calls of 12 variables each in a chain of two, 100 breadcrumbs.

    Each thing in it has a word of its own, so that one can look for it.
    """

    def frame(number: int) -> dict[str, Any]:
        return {
            "function": f"function{number}x", "filename": f"lib/file{number}x.py", "in_app": number % 7 == 0,
            "lineno": 40 + number, "pre_context": [f"before{number}x{line}" for line in range(5)],
            "context_line": f"here{number}x", "post_context": [f"after{number}x{line}" for line in range(5)],
            "vars": {f"name{number}x{at}": f"value{number}x{at} " + "<&'" * 20 for at in range(12)},
        }  # fmt: skip

    frames = [frame(number) for number in range(34)]
    return {
        "exception": {
            "values": [
                {"type": "Cause", "value": "cause_text", "stacktrace": {"frames": frames[:9]}},
                {"type": "Raised", "value": "raised_text", "stacktrace": {"frames": frames[9:]}},
            ]
        },
        "breadcrumbs": [{"message": f"crumb{number}x", "category": f"kind{number % 3}x"} for number in range(100)],
        "tags": {f"tag{number}x": f"tagged{number}x" for number in range(50)},
        "user": {"id": "user_id_x", "username": "user_name_x"},
        "request": {"url": "https://e/x", "headers": {f"Head{number}x": f"sent{number}x" for number in range(60)}},
        "contexts": {f"context{number}x": {"key": f"meant{number}x"} for number in range(60)},
        "extra": {f"extra{number}x": "<" * 900 + f"more{number}x" for number in range(30)},
    }


def linked_parts(page: str) -> set[str]:
    return {html.unescape(link) for link in re.findall(r'href="(/issues/\w+/events/\w+/[^"#]+)"', page)}


def test_nothing_of_a_rich_event_is_out_of_reach_and_every_page_is_under_100_kb(exporter) -> None:
    fingerprint = send(exporter, **rich_event())
    first = exporter.get(f"/issues/{fingerprint}").body
    assert len(first) < 100_000
    page = first.decode()
    for said in ("raised_text", "cause_text", "user_id_x", "crumb99x", "tagged0x", "meant0x", "https://e/x"):
        assert said in page, said
    assert all(f"function{number}x" in page for number in range(34))
    for number in (28, 7):  # where each of the two began: the newest call of the application
        assert f"here{number}x" in page
        assert f"value{number}x11" in page
    waiting, seen, everything = linked_parts(page), set(), page
    while waiting:
        link = waiting.pop()
        seen.add(link)
        answer = exporter.get(link)
        assert (answer.status, len(answer.body) < 100_000) == (200, True), link
        everything += answer.body.decode()
        waiting |= linked_parts(answer.body.decode()) - seen
    words = [f"{word}{number}x{at}" for word in ("name", "value") for number in range(34) for at in range(12)]
    words += [f"{word}{number}x{line}" for word in ("before", "after") for number in range(34) for line in range(5)]
    words += [f"crumb{number}x" for number in range(100)] + [f"tagged{number}x" for number in range(50)]
    words += [f"{word}{number}x" for word in ("sent", "meant") for number in range(60)]
    words += [f"more{number}x" for number in range(30)]
    assert [word for word in words if word not in everything] == []


def test_the_largest_event_makes_a_page_under_100_kb(exporter) -> None:
    frame = {"function": "<f>" * 20, "filename": "&" * 90, "in_app": True, "lineno": 7, "context_line": "<" * 200}
    frame |= {
        "pre_context": ["'" * 200] * 5,
        "post_context": ['"' * 200] * 5,
        "vars": {f"<{n}>": "&" * 400 for n in range(20)},
    }
    crumbs = [{"message": "<" * 500, "category": "&"}] * 90
    frames = [{**frame, "lineno": number} for number in range(12)]
    fingerprint = send(
        exporter,
        exception={"values": [{"type": "T", "value": "<" * 900, "stacktrace": {"frames": frames[:4]}}] * 3},
        breadcrumbs=crumbs,
        tags={f"t{n}": "<" * 190 for n in range(40)},
        request={"url": "https://e/" + "<" * 3000, "headers": {f"h{n}": "<" * 300 for n in range(40)}},
        threads={"values": [{"id": n, "name": "<" * 90, "stacktrace": {"frames": [frame]}} for n in range(60)]},
    )
    answer = exporter.get(f"/issues/{fingerprint}")
    assert len(answer.body) < 100_000
    for link in linked_parts(answer.body.decode()):
        assert len(exporter.get(link).body) < 100_000, link


def test_an_event_is_found_by_its_id(exporter) -> None:
    fingerprint = send(exporter)
    for written in ("1" * 32, "11111111-1111-1111-1111-111111111111"):
        answer = exporter.get(f"/events/{written}")
        assert answer.status == 302
        assert answer.headers["Location"] == f"/issues/{fingerprint}?project=shop&event={'1' * 32}#event"
    assert exporter.get(f"/events/{'2' * 32}").status == 404


def test_numbers_are_of_the_environment_that_was_asked_for(exporter) -> None:
    for number, environment in enumerate(("production", "staging", "staging"), 1):
        fingerprint = send(exporter, event_id=f"{number:032x}", environment=environment, user={"id": f"u{number}"})
    page = exporter.get(f"/issues/{fingerprint}?environment=production").body.decode()
    assert "Event 1 of 1 kept" in page
    assert f"{1:032x}" in page
    assert "<b>1 event</b> <b>1 user</b>" in page
    assert "<b>3 events</b> <b>3 users</b>" in exporter.get(f"/issues/{fingerprint}").body.decode()
    table = exporter.get(f"/issues/{fingerprint}/events?environment=staging").body.decode()
    assert re.findall(r"event=(\w+)", table) == [f"{3:032x}", f"{2:032x}"]


def test_what_people_say_of_an_issue_stands_on_its_page(exporter) -> None:
    fingerprint = send(exporter)
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    token = html.unescape(re.search(r'name="form_token" value="([^"]+)"', page)[1])
    form = {"project": "shop", "assignee": "ann", "priority": "low", "ticket": "https://t.example/7", "note": "a <b>"}
    for given, status in (({"form_token": "forged"}, 403), ({"form_token": token}, 303)):
        sent = environ(f"/issues/{fingerprint}/say", urlencode(form | given).encode())
        sent["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        assert exporter.call(sent).status == status
        exporter.fold()
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    assert "<bdi>ann</bdi>" in page
    assert "<dd>low</dd>" in page
    assert '<a href="https://t.example/7" rel="noreferrer">' in page
    assert '<p class="said breaks">a &lt;b&gt;</p>' in page
