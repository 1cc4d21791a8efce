"""Airbrake's performance statistics: totals by minute become timings."""

from __future__ import annotations

import base64
import struct

import pytest
from tests.exporter.protocols.sending import answered, deliver

from errtally.exporter.protocols import airbrake_stats

AT = "2026-11-28T17:05:00Z"


def digest(*centroids):
    """Write a t-digest as Airbrake's clients do."""
    means, before = [], 0.0
    for mean, _ in centroids:
        means.append(mean - before)
        before = mean
    counts = bytearray()
    for _, quantity in centroids:
        while quantity >= 0x80:
            counts.append(quantity & 0x7F | 0x80)
            quantity >>= 7  # noqa: PLW2901
        counts.append(quantity)
    head = struct.pack(">idi", 2, 20.0, len(centroids))
    return base64.b64encode(head + struct.pack(f">{len(means)}f", *means) + counts).decode()


def sent(kind, *entries, **attributes):
    return deliver(f"/api/v5/projects/7/{kind}-stats", {"environment": "production", f"{kind}": entries, **attributes})


ROUTE = {"method": "GET", "route": "/orders/:id", "statusCode": 200, "time": AT, "count": 201, "sum": 20300.0}


def seen(submission):
    return [
        (one.transaction, one.method, one.status_class, one.failed, round(one.duration_seconds, 6), one.quantity)
        for one in submission.requests
    ]


def test_the_requests_of_a_route_take_what_the_digest_says():
    submission = sent("routes", ROUTE | {"tdigest": digest((100.0, 200), (300.0, 1))})
    assert seen(submission) == [
        ("/orders/:id", "GET", "2xx", False, 0.1, 200),
        ("/orders/:id", "GET", "2xx", False, 0.3, 1),
    ]
    assert (submission.requests[0].environment, dict(submission.items)) == ("production", {"request": 201})


@pytest.mark.parametrize(
    "tdigest",
    [
        pytest.param(None, id="none"),
        pytest.param("AAAA", id="too short"),
        pytest.param("%", id="no base64"),
        pytest.param(digest((100.0, 5)), id="of another number of requests"),
        pytest.param(digest((-100.0, 201)), id="of negative durations"),
        pytest.param(base64.b64encode(struct.pack(">idi", 1, 20.0, 1)).decode(), id="in another encoding"),
        pytest.param(base64.b64encode(struct.pack(">idi", 2, 20.0, 900)).decode(), id="that ends too early"),
    ],
)
def test_without_a_digest_all_took_the_mean(tdigest):
    assert seen(sent("routes", ROUTE | {"tdigest": tdigest})) == [
        ("/orders/:id", "GET", "2xx", False, round(20.3 / 201, 6), 201)
    ]


@pytest.mark.parametrize(
    ("change", "name", "failed"),
    [
        pytest.param({"statusCode": 503}, "/orders/:id", True, id="a server's error"),
        pytest.param({"route": "/orders/17"}, "/orders/*", False, id="an address is templated"),
        pytest.param({"route": "/wp-login.php", "statusCode": 404}, "__unmatched__", False, id="an unmatched route"),
    ],
)
def test_the_name_and_the_outcome_of_a_route(change, name, failed):
    [timing] = sent("routes", ROUTE | change).requests
    assert (timing.transaction, timing.failed) == (name, failed)


def test_the_jobs_of_a_queue_that_failed_are_failed():
    queue = {"queue": "emails", "count": 10, "sum": 1000.0, "errorCount": 3, "time": AT}
    assert seen(sent("queues", queue)) == [
        ("emails", "", "unknown", True, 0.1, 3),
        ("emails", "", "unknown", False, 0.1, 7),
    ]


@pytest.mark.parametrize("change", [{"count": 0}, {"count": None}, {"sum": -1}, {"count": 10**9}, {"sum": "x"}])
def test_totals_that_make_no_sense_are_counted_as_rejected(change):
    submission = sent("routes", ROUTE | change, ROUTE)
    assert (len(submission.requests), dict(submission.rejected)) == (1, {"bad_statistics": 1})


def test_more_totals_than_a_batch_may_hold_are_counted_as_rejected(monkeypatch):
    monkeypatch.setattr(airbrake_stats, "MAX_ENTRIES", 2)
    submission = sent("routes", *[ROUTE] * 5)
    assert (len(submission.requests), dict(submission.rejected)) == (2, {"bad_statistics": 3})


@pytest.mark.parametrize("ending", ["queries-stats", "routes-breakdowns"])
def test_what_is_no_request_is_counted_and_not_used(ending):
    body = {"queries": [{"query": "select 1"}], "routes": [{"route": "/"}]}
    submission = deliver(f"/api/v5/projects/7/{ending}", body)
    assert (submission.requests, dict(submission.items)) == ([], {"skipped_statistics": 2})
    assert answered(f"/api/v5/projects/7/{ending}", body).status == 200
