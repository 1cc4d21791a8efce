"""A time on a page says how long ago it was, and holds the moment for programs and for who points at it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from tests.exporter.inprocess import InProcess, envelope

from errtally.exporter.web import times

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_795_500_000.0  # 2026-11-24 06:00:00 UTC


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(NOW - 5.7, ("2026-11-24T05:59:54Z", "2026-11-24 05:59:54 UTC", "5 s ago"), id="seconds"),
        pytest.param(NOW - 90_000, ("2026-11-23T05:00:00Z", "2026-11-23 05:00:00 UTC", "1 d ago"), id="days"),
        pytest.param(NOW + 9, ("2026-11-24T06:00:09Z", "2026-11-24 06:00:09 UTC", "0 s ago"), id="a clock ahead"),
        pytest.param(0, ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00 UTC", "20781 d ago"), id="the epoch"),
    ],
)
def test_an_element_says_it_three_times(seconds: float, shown: tuple[str, str, str]) -> None:
    program, pointed, read = shown
    assert times.element(seconds, NOW) == f'<time class="when" datetime="{program}" title="{pointed}">{read}</time>'
    assert (times.iso8601(seconds), times.utc(seconds), times.ago(seconds, NOW)) == shown


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    made = InProcess(tmp_path_factory.mktemp("times"))
    now = time.time()
    event = {"timestamp": now - 60, "release": "shop@2", "tags": {"place": "till"}, "message": "the till is stuck"}
    check_in = {"monitor_slug": "nightly", "status": "ok", "check_in_id": "1" * 32}
    made.post("/api/shop/envelope/?sentry_key=k", envelope(("event", event), ("check_in", check_in)))
    alert = {
        "status": "firing", "startsAt": times.iso8601(now - 60), "fingerprint": "5a",
        "labels": {"alertname": "Stuck", "severity": "critical", "project": "shop"}, "annotations": {},
    }  # fmt: skip
    assert made.post("/api/alerts", {"version": "4", "alerts": [alert]}).status == 200
    made.fold()
    with made.folding():
        deploy = {"project": "shop", "release": "shop@2", "environment": "production"}
        assert made.post("/api/deploys", deploy).status == 201
        assert made.post("/api/deploys", {**deploy, "release": "shop@3"}).status == 201  # nothing came of it yet
        assert made.post(f"/api/issues/{issue_of(made)}/resolve?project=shop", {}).status == 200
        yield made
    made.close()


def issue_of(exporter: InProcess) -> str:
    [found] = exporter.get("/api/issues").json()["issues"]
    return found["issue"]


@pytest.mark.parametrize(
    ("page", "times_shown"),
    [
        ("/?status=all", 2), ("/overview", 1), ("/releases", 4), ("/releases/shop/shop@2", 3),
        ("/releases/shop/shop@3", 1),
        ("/jobs", 1), ("/jobs/shop/nightly", 1), ("/alerts", 1), ("/history", 1), ("/issues/{}?project=shop", 3),
        ("/issues/{}/events?project=shop", 1), ("/issues/{}/tags/place?project=shop", 2),
    ],
)  # fmt: skip
def test_no_page_shows_a_time_as_a_number(exporter: InProcess, page: str, times_shown: int) -> None:
    answer = exporter.get(page.format(issue_of(exporter)))
    assert answer.status == 200, answer.body
    shown = re.sub("<[^>]*>", " ", answer.body.decode())
    assert re.findall(r"\b1[0-9]{9}(?:\.[0-9]+)?\b", shown) == []
    assert len(re.findall("<time ", answer.body.decode())) >= times_shown
