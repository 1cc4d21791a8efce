"""Sentry's API for events: whole ones, lists, tags; whatever shape a client sent."""

from __future__ import annotations

import json

import pytest
from tests.exporter.inprocess import NOW, envelope

FRAMES = [
    {"function": "main", "filename": "shop/run.py", "abs_path": "/srv/shop/run.py", "lineno": 3, "in_app": True},
    {
        "function": "pay", "module": "shop.pay", "filename": "shop/pay.py", "lineno": 41, "in_app": True,
        "pre_context": ["def pay(order):", "    total = order.total"], "context_line": "    charge(total)",
        "post_context": ["    return total"], "vars": {"total": "12"},
    },
]  # fmt: skip
EVENT = {
    "event_id": "1f" * 16,
    "timestamp": NOW,
    "platform": "python",
    "level": "error",
    "release": "shop@1.4",
    "exception": {
        "values": [
            {"type": "KeyError", "value": "'sku'", "stacktrace": {"frames": FRAMES[:1]}},
            {
                "type": "PayError", "value": "no sku", "stacktrace": {"frames": FRAMES},
                "mechanism": {"type": "generic", "handled": False},
            },
        ]
    },
    "breadcrumbs": {"values": [{"timestamp": NOW - 1, "category": "http", "message": "GET /cart"}]},
    "request": {
        "method": "POST", "url": "https://shop.example/pay", "headers": {"Accept": "text/html"},
        "query_string": "a=1&b=2",
    },
    "user": {"id": 77},
    "tags": {"region": "eu", "count": 3},
    "contexts": {"os": {"name": "Linux"}, "odd": "text"},
    "extra": {"cart": 3},
    "sdk": {"name": "sentry.python", "version": "2.75.0"},
}  # fmt: skip


def send(exporter, **changed) -> None:
    event = {**EVENT, **changed}
    sent = envelope(("event", event), header={"event_id": event["event_id"]})
    assert exporter.post("/api/42/envelope/?sentry_key=any", sent).status == 200
    exporter.fold()


def get(exporter, path: str):
    answer = exporter.get(f"/api/0{path}")
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_whole_event_reads_as_clients_expect(exporter) -> None:
    send(exporter)
    event = get(exporter, "/issues/1/events/latest/")
    assert (event["eventID"], event["id"], event["groupID"], event["projectID"]) == ("1f" * 16, "1f" * 16, "1", "42")
    assert "event_id" not in event  # beside eventID it is a duplicate field for sentry-cli
    assert event["title"] == "PayError: no sku"
    assert event["dateCreated"].endswith("Z")
    assert event["user"] == {"id": "77"}
    assert {"key": "count", "value": "3"} in event["tags"]
    assert event["contexts"]["os"] == {"name": "Linux"}
    assert all(isinstance(one, dict) for one in event["contexts"].values())
    assert event["context"] == {"cart": 3}
    assert event["sdk"] == {"name": "sentry.python", "version": "2.75.0"}
    entries = {entry["type"]: entry["data"] for entry in event["entries"]}
    cause, raised = entries["exception"]["values"]
    assert (cause["type"], raised["type"], raised["mechanism"]["handled"]) == ("KeyError", "PayError", False)
    oldest, newest = raised["stacktrace"]["frames"]
    assert (oldest["function"], newest["function"]) == ("main", "pay")
    assert (newest["lineNo"], newest["inApp"], newest["vars"]) == (41, True, {"total": "12"})
    assert newest["context"] == [
        [39, "def pay(order):"],
        [40, "    total = order.total"],
        [41, "    charge(total)"],
        [42, "    return total"],
    ]
    assert entries["breadcrumbs"]["values"][0]["message"] == "GET /cart"
    assert entries["request"]["method"] == "POST"
    assert entries["request"]["query"] == [["a", "1"], ["b", "2"]]


def test_a_stack_that_came_as_text_has_frames(exporter) -> None:
    stack = (
        'Traceback (most recent call last):\n  File "/srv/shop/pay.py", line 41, in pay\n    charge()\nPayError: no sku'
    )
    body = {"events": [{"message": "no sku", "type": "PayError", "stack": stack, "platform": "python"}]}
    assert exporter.post("/api/events?project=shop", body).status == 200
    exporter.fold()
    entries = get(exporter, "/issues/1/events/latest/")["entries"]
    [exception] = [entry for entry in entries if entry["type"] == "exception"]
    [frame] = exception["data"]["values"][0]["stacktrace"]["frames"]
    assert (frame["function"], frame["lineNo"]) == ("pay", 41)


def test_events_are_listed_newest_first_with_neighbours(exporter) -> None:
    ids = [f"{number:032x}" for number in range(1, 6)]
    for number, event_id in enumerate(ids):
        send(exporter, event_id=event_id, timestamp=NOW + number)
    rows = get(exporter, "/issues/1/events/")
    assert [row["eventID"] for row in rows] == ids[::-1]
    assert get(exporter, "/issues/1/events/oldest/")["eventID"] == ids[0]
    middle = get(exporter, f"/projects/errtally/42/events/{ids[2]}/")
    assert (middle["previousEventID"], middle["nextEventID"]) == (ids[1], ids[3])
    first = exporter.get("/api/0/organizations/errtally/issues/1/events/?per_page=2")
    assert 'rel="next"; results="true"' in first.headers["Link"]
    cursor = first.headers["Link"].rpartition('cursor="')[2].rstrip('"')
    second = get(exporter, f"/organizations/errtally/issues/1/events/?per_page=2&cursor={cursor}")
    assert [row["eventID"] for row in second] == [ids[2], ids[1]]
    assert get(exporter, "/issues/1/events/?full=true")[0]["entries"]


def test_an_event_is_found_by_its_id_alone(exporter) -> None:
    send(exporter)
    found = get(exporter, f"/organizations/errtally/eventids/{'1F' * 16}/")
    assert (found["groupId"], found["projectSlug"], found["event"]["eventID"]) == ("1", "42", "1f" * 16)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/issues/1/events/{'2e' * 16}/", id="an id that nobody sent"),
        pytest.param(f"/projects/errtally/7/events/{'1f' * 16}/", id="an event of another project"),
        pytest.param(f"/organizations/errtally/eventids/{'2e' * 16}/", id="an id without an issue"),
    ],
)
def test_an_event_that_is_not_there_is_404(exporter, path: str) -> None:
    send(exporter)
    send(exporter, event_id="3d" * 16, message="x", exception=None)
    exporter.post("/api/7/envelope/?sentry_key=any", envelope(("event", {"message": "other"})))
    exporter.fold()
    answer = exporter.get(f"/api/0{path}")
    assert (answer.status, answer.json()) == (404, {"detail": "Event not found"})


def test_tags_of_an_issue_are_counted(exporter) -> None:
    send(exporter)
    send(exporter, event_id="2e" * 16, tags={"region": "us"})
    tags = {tag["key"]: tag for tag in get(exporter, "/issues/1/tags/")}
    assert {(one["value"], one["count"]) for one in tags["region"]["topValues"]} == {("eu", 1), ("us", 1)}
    assert get(exporter, "/organizations/errtally/issues/1/tags/region/") == tags["region"]
    assert get(exporter, "/issues/1/tags/region/values/") == tags["region"]["topValues"]
    assert exporter.get("/api/0/issues/1/tags/nothing/").status == 404


ODD = [
    None,
    "text",
    7,
    True,
    [],
    [None, 7, "x"],
    {},
    {"values": None},
    {"values": [None, 3, {}]},
    [["a"], ["b", "c", "d"]],
]


@pytest.mark.parametrize(
    "field", ["exception", "breadcrumbs", "request", "user", "contexts", "tags", "extra", "sdk", "modules"]
)
def test_fields_of_any_shape_make_an_event_of_the_right_types(exporter, field: str) -> None:
    for number, value in enumerate(ODD):
        body = {**EVENT, "event_id": f"{number + 1:032x}", "message": f"odd {field}", field: value}
        exporter.post("/api/42/envelope/?sentry_key=any", envelope(("event", body)))
        exporter.fold()
    for issue in get(exporter, "/organizations/errtally/issues/?query="):
        for event in get(exporter, f"/issues/{issue['id']}/events/?full=1"):
            assert isinstance(event["contexts"], dict)
            assert isinstance(event["context"], dict)
            assert isinstance(event["packages"], dict)
            assert all(isinstance(tag["value"], str) for tag in event["tags"])
            assert event["user"] is None or all(isinstance(value, str) for value in event["user"].values())
            assert isinstance(event["entries"], list)
            json.dumps(event, allow_nan=False)
