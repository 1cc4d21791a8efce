"""Series as a real Prometheus sees them: many of them, through restarts, with Apdex and p95 of their buckets."""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
import urllib.parse
import urllib.request
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow.exporter import Exporter, running
from tests.flow.programs import prometheus
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names
from errtally.exporter.bench.series import Filled, Mix

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.flow, pytest.mark.alone]

NOBODY = "127.0.0.1:9"


def query(address: str, expression: str) -> dict[str, float]:
    """Return the values of an expression by the labels of the result."""
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return {json.dumps(one["metric"], sort_keys=True): float(one["value"][1]) for one in result}


def one(address: str, expression: str) -> float:
    found = query(address, expression)
    assert len(found) <= 1, found
    return next(iter(found.values()), -1.0)


def test_prometheus_scrapes_100_000_series_without_error(tmp_path: Path) -> None:
    peer("prometheus")
    filled = Filled(tmp_path / "data", 100_000)
    filled.close()
    (tmp_path / "prometheus").mkdir()
    with (
        running(tmp_path) as exporter,
        prometheus(
            tmp_path / "prometheus",
            {},
            target=f"127.0.0.1:{exporter.port}",
            alertmanager_address=NOBODY,
            interval="6s",
        ) as address,
    ):
        until(lambda: one(address, 'scrape_samples_scraped{job="errtally"}') >= 100_000, "no scrape of all series")
        until(lambda: one(address, 'count_over_time(up{job="errtally"}[5m])') >= 2, "no further scrapes")
        assert one(address, 'min_over_time(up{job="errtally"}[5m])') == 1
        issues = sum(name == names.ISSUE_EVENTS.name for name, _ in exporter.series())
        assert one(address, f"count({names.ISSUE_EVENTS.name})") == issues == Mix.of(100_000).issues
        assert one(address, f"sum({names.ISSUE_EVENTS.name})") == issues  # of which each has one event


def _configured(folder: Path, **settings: Any) -> str:
    path = folder / "errtally.yml"
    path.write_text(yaml.safe_dump(settings))
    return str(path)


def test_apdex_and_p95_of_the_buckets_are_those_of_the_store(tmp_path: Path) -> None:
    peer("prometheus")
    project = {
        "name": "shop",
        "keys": ["k" * 32],
        "apdex_threshold_seconds": 0.3,
        "transaction_apdex_threshold_seconds": {"/checkout": 0.7},
    }
    draw = random.Random(1)
    sent = [
        {
            "transaction": draw.choice(["/checkout", "/cart"]),
            "duration_seconds": draw.choice([0.3, 0.7, 1.2, 2.8, round(draw.lognormvariate(-1, 1), 4)]),
            "status": 500 if draw.random() < 0.1 else 200,
        }
        for _ in range(400)
    ]
    (tmp_path / "prometheus").mkdir()
    with (
        running(tmp_path, "--config", _configured(tmp_path, projects=[project])) as exporter,
        prometheus(
            tmp_path / "prometheus", {}, target=f"127.0.0.1:{exporter.port}", alertmanager_address=NOBODY
        ) as address,
    ):
        body = json.dumps({"requests": sent}).encode()
        status, answer = exporter.post(
            "/api/requests", body, {"Authorization": f"Bearer {'k' * 32}", "Content-Type": "application/json"}
        )
        assert status == 200, answer
        exporter.wait_until_folded()
        until(lambda: one(address, f"sum({names.REQUESTS.name})") == len(sent), "not scraped")
        for transaction, threshold in (("/checkout", 0.7), ("/cart", 0.3)):
            of = f'transaction="{transaction}"'

            def bucket(bound: float, of: str = of) -> str:
                return f'sum({names.REQUEST_DURATION.name}_bucket{{{of}, outcome="success", le="{bound}"}})'

            total = f"sum({names.REQUEST_DURATION.name}_count{{{of}}})"
            by_buckets = one(address, f"({bucket(threshold)} + {bucket(4 * threshold)}) / 2 / {total}")
            assert by_buckets == pytest.approx(one(address, f"{names.APDEX_SCORE.name}{{{of}}}"), abs=1e-12)
            assert by_buckets == pytest.approx(_apdex(sent, transaction, threshold), abs=1e-12)
            quantile = f"histogram_quantile(0.95, sum by (le) ({names.REQUEST_DURATION.name}_bucket{{{of}}}))"
            bounds = sorted({*names.REQUEST_DURATION.buckets, 0.3, 1.2, 0.7, 2.8})
            durations = [one["duration_seconds"] for one in sent if one["transaction"] == transaction]
            assert one(address, quantile) == pytest.approx(_quantile(0.95, durations, bounds))


def _apdex(sent: list[dict[str, Any]], transaction: str, threshold: float) -> float:
    worth = [
        0.0
        if one["status"] == 500 or one["duration_seconds"] > 4 * threshold
        else 1.0
        if one["duration_seconds"] <= threshold
        else 0.5
        for one in sent
        if one["transaction"] == transaction
    ]
    return sum(worth) / len(worth)


def _quantile(quantile: float, durations: list[float], bounds: list[float]) -> float:
    """Interpolate within the bucket as Prometheus does."""
    rank = quantile * len(durations)
    for low, high in pairwise([0.0, *bounds]):
        below, within = sum(one <= low for one in durations), sum(low < one <= high for one in durations)
        if below + within >= rank:
            return low + (high - low) * (rank - below) / within
    return bounds[-1]


def _shown_and_evicted(exporter: Exporter, metric: names.Metric) -> float:
    evicted, of_metric = names.SERIES_EVICTED_VALUE.name, ("metric", metric.name)
    return sum(
        value
        for (name, labels), value in exporter.series().items()
        if name == metric.name or (name == evicted and of_metric in labels)
    )


def test_a_restart_between_two_scrapes_lowers_no_counter(tmp_path: Path) -> None:
    limits = {names.ISSUE_INFO.name: 3, names.EVENTS.name: 3, names.REQUESTS.name: 3}
    exporter = Exporter(tmp_path, "--config", _configured(tmp_path, series_limits=limits))
    exporter.start()
    draw, sent = random.Random(2), 0
    try:
        before: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for _ in range(2):
            events = [{"message": "lost", "type": f"Error{draw.randrange(6)}"} for _ in range(50)]
            status, _ = exporter.post("/api/events", json.dumps({"events": events}).encode())
            assert status == 200
            sent += len(events)
            if draw.random() < 0.5:
                exporter.wait_until_folded()
            now = exporter.series()
            exporter.kill()
            exporter.start()
            exporter.wait_until_folded()
            after = exporter.series()
            for key, value in [*before.items(), *now.items()]:
                if key[0].endswith(("_total", "_count", "_bucket")) and key[0].startswith(names.PREFIX):
                    assert after[key] >= value, key
            before = now
        for metric in (names.EVENTS, names.ISSUE_EVENTS):
            # What is exposed and what gave its place up are everything; a new series shows where it begins first.
            until(lambda metric=metric: _shown_and_evicted(exporter, metric) >= sent, f"not all of {metric.name}")
            assert _shown_and_evicted(exporter, metric) == sent
    finally:
        exporter.stop()


def test_an_event_is_visible_while_2_000_a_second_come_in(tmp_path: Path) -> None:
    batch = json.dumps({"events": [{"message": f"lost {number}", "type": "Load"} for number in range(50)]}).encode()
    with running(tmp_path) as exporter:
        stop, sent = threading.Event(), [0]

        def load() -> None:
            due = time.monotonic()
            while not stop.is_set():
                exporter.post("/api/events", batch)
                sent[0] += 50
                due += 50 / 2000
                stop.wait(max(due - time.monotonic(), 0))

        thread = threading.Thread(target=load)
        started = time.monotonic()
        thread.start()
        try:
            time.sleep(1)
            waits = [_seconds_until_visible(exporter, f"Probe{number}") for number in range(25)]
        finally:
            stop.set()
            thread.join()
        rate = sent[0] / (time.monotonic() - started)
        waits.sort()
        print(f"{rate:.0f} events/s; visible after {statistics.median(waits):.3f} s, at most {waits[-1]:.3f} s")
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == sent[0] + len(waits)


def _seconds_until_visible(exporter: Exporter, type_: str) -> float:
    started = time.monotonic()
    exporter.post("/api/events", json.dumps({"message": "probe", "type": type_}).encode())
    marker = f'type="{type_}"'.encode()
    while marker not in exporter.get("/metrics"):
        assert time.monotonic() - started < PATIENCE_SECONDS, "never visible"
        time.sleep(0.005)
    return time.monotonic() - started
