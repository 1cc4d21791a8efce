"""What clients push, from the post to /metrics, over restarts and until it expires."""

from __future__ import annotations

import time

from tests.exporter.databases import database_at
from tests.exporter.inprocess import InProcess

from errtally import names
from errtally.exporter.config import Retention
from errtally.exporter.digest.budget import Budget
from errtally.exporter.metrics.view import StoreView

REFUSED, STATE, MEMORY = names.BREAKER_REFUSED, names.BREAKER_STATE, names.CLIENT_MEMORY


def post(exporter, *, report_id="0" * 32, refused=3, state=2, process="shop/web-1:17"):
    measures = [
        {"name": REFUSED.name, "labels": {"service": "pay"}, "value": refused, "environment": "staging"},
        {
            "name": STATE.name, "labels": {"service": "pay"}, "value": state, "environment": "staging",
            "process": process,
        },
        {"name": MEMORY.name, "value": 5e7, "environment": "staging", "process": process},
    ]  # fmt: skip
    body = {"events": [], "report_id": report_id, "measures": measures}
    answer = exporter.post("/api/events?project=shop", body)
    assert answer.status == 200, answer.body
    exporter.fold()


BASE = {"project": "shop", "environment": "staging"}


def test_counters_and_gauges_are_shown_with_project_and_environment(exporter):
    post(exporter)
    post(exporter)
    post(exporter, report_id="1" * 32, refused=4, state=0)
    assert exporter.total(REFUSED.name, **BASE, service="pay") == 7
    assert exporter.total(STATE.name, **BASE, service="pay", process="shop/web-1:17") == 0
    assert exporter.total(MEMORY.name, **BASE, process="shop/web-1:17") == 5e7
    assert exporter.total(names.SERIES.name, project="shop", metric=STATE.name) == 1
    assert exporter.total(names.SERIES.name, project="shop", metric=REFUSED.name) == 1


def test_a_report_counts_once_over_a_restart_and_gauges_outlive_it(exporter, tmp_path):
    post(exporter)
    again = InProcess(tmp_path)
    try:
        assert again.total(STATE.name, **BASE) == 2
        post(again)
        assert again.total(REFUSED.name, **BASE) == 3
    finally:
        again.close()


def test_a_gauge_that_is_not_renewed_vanishes_from_metrics_and_then_from_the_store(exporter, tmp_path):
    post(exporter)
    post(exporter, process="shop/web-2:18")
    assert exporter.total(names.SERIES.name, project="shop", metric=STATE.name) == 2
    view = StoreView(database_at(tmp_path), tmp_path, Budget({}))
    now = time.time()
    shown = STATE.name.encode() + b"{"
    assert view.render(now, openmetrics=False).count(shown) == 2
    later = view.render(now + names.PROCESS_EXPIRES_SECONDS + 2, openmetrics=False)
    assert shown not in later
    assert f'{names.SERIES.name}{{project="shop",metric="{STATE.name}"}} 0\n'.encode() in later
    assert REFUSED.name.encode() + b"{" in later
    store = exporter.writer._store
    store.prune(now, Retention())
    assert store._db.execute("SELECT count(*) FROM client_gauges").fetchone()[0] == 4
    store.prune(now + names.PROCESS_EXPIRES_SECONDS + 2, Retention())
    assert store._db.execute("SELECT count(*) FROM client_gauges").fetchone()[0] == 0
    post(exporter)
    assert exporter.total(STATE.name, **BASE) == 2


def test_a_batch_of_timings_that_comes_again_under_its_name_counts_once(exporter):
    timing = {"transaction": "/orders", "duration_seconds": 0.1, "environment": "staging"}
    for report_id in ("2" * 32, "2" * 32, "3" * 32):
        body = {"requests": [timing, timing], "report_id": report_id}
        assert exporter.post("/api/requests?project=shop", body).json()["accepted"] == 2
    exporter.fold()
    assert exporter.total(names.REQUESTS.name, **BASE) == 4


def test_a_bad_name_of_a_batch_of_timings_is_refused(exporter):
    body = {"requests": [{"transaction": "/orders", "duration_seconds": 0.1}], "report_id": "x"}
    answer = exporter.post("/api/requests", body)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "bad_report"
