"""What the page of an issue shows."""

from __future__ import annotations

import json

import pytest
from tests.exporter.inprocess import InProcess, envelope

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
    return {"name": name, "severity": "warning", "summary": "s", "starts_at": 1.0, "labels": labels, "links": {}}


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
    # An exemplar in Grafana knows the id alone.
    answer = exporter.get(f"/events/{'1' * 32}")
    assert (answer.status, answer.headers["Location"]) == (302, f"/issues/{fingerprint}?project=shop&event={'1' * 32}")
    assert exporter.get(f"/events/{'2' * 32}").status == 404


def test_the_largest_event_makes_a_page_under_100_kb(exporter) -> None:
    frame = {"function": "<f>" * 20, "filename": "&" * 90, "in_app": True, "lineno": 7, "context_line": "<" * 200}
    frame |= {
        "pre_context": ["'" * 200] * 5,
        "post_context": ['"' * 200] * 5,
        "vars": {f"<{n}>": "&" * 400 for n in range(20)},
    }
    crumbs = [{"message": "<" * 500, "category": "&"}] * 90
    fingerprint = send(
        exporter,
        exception={"values": [{"type": "T", "value": "<" * 900, "stacktrace": {"frames": [frame] * 12}}]},
        breadcrumbs=crumbs,
        tags={f"t{n}": "<" * 190 for n in range(40)},
        request={"url": "https://e/" + "<" * 3000, "headers": {f"h{n}": "<" * 300 for n in range(40)}},
    )
    page = exporter.get(f"/issues/{fingerprint}").body
    assert b"the rest is in its JSON" in page
    assert len(page) < 100_000
