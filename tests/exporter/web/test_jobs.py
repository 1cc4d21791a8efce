"""The pages of jobs and of alerts: what wants to be looked at comes first, and each says what it is about."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING

import pytest

from errtally.exporter.store.jobs import Run
from errtally.exporter.web.jobs import RESULTS
from errtally.exporter.web.run_bars import HEIGHT, bars
from errtally.exporter.web.times import ahead, span

if TYPE_CHECKING:
    from tests.exporter.inprocess import InProcess


HOSTILE = "<script>alert(1)</script>"


def report(exporter: InProcess, monitor: str, status: str, *, project: str = "1", **fields) -> None:
    answer = exporter.post(f"/api/{project}/cron/{monitor}/k1/", {"status": status, **fields})
    assert answer.status == 202, answer.body
    exporter.fold()


def text(exporter: InProcess, path: str) -> str:
    answer = exporter.get(path)
    assert answer.status == 200, answer.body
    assert HOSTILE not in answer.body.decode()
    main = answer.body.decode().split("<main", 1)[1].split(">", 1)[1]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


HOURLY = {"schedule": {"type": "interval", "value": 1, "unit": "hour"}, "checkin_margin": 5, "max_runtime": 30}
NIGHTLY = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Europe/Vienna"}


def test_jobs_are_listed_with_their_runs_and_when_the_next_is_due(exporter) -> None:
    assert "No job has reported yet" in text(exporter, "/jobs")
    report(exporter, "hourly", "ok", monitor_config=HOURLY, duration=75)
    report(exporter, "nightly", "in_progress", monitor_config=NIGHTLY, check_in_id="1" * 32)
    report(exporter, "by-hand", "error", project="2")
    found = text(exporter, "/jobs")
    assert found.index("by-hand") < found.index("nightly") < found.index("hourly")  # failed, running, ok
    assert "1 of 3 wants to be looked at" in found
    for told in (
        r"by-hand last run failed 2 production not told failed 0 s ago not told no schedule",
        r"nightly running 1 production 0 3 \* \* \* \(Europe/Vienna\) running 0 s ago not told in \d+",
        r"hourly ok 1 production every 1 hour ok 0 s ago 1 min 15 s in 59 min last 1 runs: 1 ok",
    ):
        assert re.search(told, found), found
    assert "by-hand" not in text(exporter, "/jobs?project=1")


def test_the_page_of_a_job_has_every_run(exporter) -> None:
    for number, status in enumerate(("ok", "error", "ok")):
        report(exporter, "hourly", "in_progress", check_in_id=f"{number}" * 32, monitor_config=HOURLY)
        report(exporter, "hourly", status, check_in_id=f"{number}" * 32, duration=12 + number)
    report(exporter, "hourly", "ok", environment="staging")
    found = text(exporter, "/jobs/1/hourly?environment=production")
    assert re.search(r"Result Began Ended Took ok .* 14 s failed .* 13 s ok .* 12 s", found), found
    assert "may report 5 min late, and take 30 min" in found
    assert "staging" in found
    assert exporter.get("/jobs/1/nothing").status == 404


def test_a_name_of_a_job_is_a_stranger_s(exporter) -> None:
    report(exporter, "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "ok")
    assert "alert(1)" in text(exporter, "/jobs")


def test_bars_say_what_became_of_runs_and_how_long_they_took() -> None:
    runs = [Run("", 0, 10, "ok", 10), Run("", None, 5, "missed", None), Run("", 0, None, "in_progress", None)]
    made = bars(runs, RESULTS)
    assert [bar.status for bar in made.bars] == ["in_progress", "missed", "ok"]
    assert made.bars[1].height == made.bars[2].height == HEIGHT
    assert made.bars[0].height < HEIGHT
    assert made.text == "last 3 runs: 1 ok, 1 missed, 1 running"
    assert bars([], RESULTS).text == "no runs"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        pytest.param(0.25, "0.2 s", id="less than a second"),
        pytest.param(59, "59 s", id="seconds"),
        pytest.param(61, "1 min 1 s", id="a minute"),
        pytest.param(3600, "1 h", id="an hour"),
        pytest.param(90_061, "1 d 1 h", id="the two largest units"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_what_is_to_come_is_told_as_that() -> None:
    assert ahead(1000, 900) == "in 1 min"
    assert ahead(900, 1000) == "1 min ago"


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def alert(name: str, began: float, ended: float | None = None, **labels: str) -> dict[str, object]:
    return {
        "status": "firing" if ended is None else "resolved",
        "fingerprint": f"{name}-{began}",
        "startsAt": moment(began),
        "endsAt": moment(ended) if ended is not None else "0001-01-01T00:00:00Z",
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} {HOSTILE}"},
    }


def test_alerts_say_since_when_and_about_what(exporter) -> None:
    assert "None fires" in text(exporter, "/alerts")
    answer = exporter.post("/api/events?project=shop", {"events": [{"message": "out of stock", "type": "StockError"}]})
    assert answer.status == 200
    exporter.fold()
    [issue] = exporter.get("/api/issues").json()["issues"]
    now = time.time()
    sent = [
        alert("NewIssue", now - 7200, project="shop", issue=issue["issue"]),
        alert("ErrorRatio", now - 600, project="mail", environment="production"),
        alert("SlowPages", now - 9000, now - 8940, project="shop"),
    ]
    assert exporter.post("/api/alerts", {"version": "4", "alerts": sent}).status == 200
    exporter.fold()
    found = text(exporter, "/alerts")
    firing, over = found.split(" Over ")
    assert "2 firing" in firing
    assert re.search(r"critical NewIssue shop began 2 h ago StockError: out of stock unresolved NewIssue", firing), (
        firing
    )
    assert re.search(r"critical ErrorRatio mail began 10 min ago", firing)
    assert re.search(r"critical SlowPages shop began 2 h ago , ended 2 h ago , lasted 1 min", over), over
    assert f'/issues/{issue["issue"]}?project=shop"' in exporter.get("/alerts").body.decode()
    assert "ErrorRatio" not in text(exporter, "/alerts?project=shop")
