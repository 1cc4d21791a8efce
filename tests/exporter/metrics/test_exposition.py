"""The exposition: both formats as their parsers read them."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from tests.exporter.databases import database_at
from tests.exporter.inprocess import InProcess, envelope
from tests.exporter.metrics.reading import HOSTILE, samples
from tests.peers import peer

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.config import ExporterConfig, Retention
from errtally.exporter.digest.budget import Budget
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def fill(exporter):
    """Send everything that makes series, with labels that are hard to write."""
    hostile = HOSTILE[0]
    for number in range(3):
        exporter.post(
            "/api/events?project=shop",
            {
                "events": [
                    {
                        "message": f'no "{word}"',
                        "type": f"T{number}",
                        "level": level,
                        "context": {"environment": hostile, "user": {"id": word}, "trace": {"trace_id": "t" * 32}},
                    }
                    for word in ("milk", "tea")
                    for level in ("error", "fatal")
                ]
            },
        )
    for duration in (0.1, 0.7, 5.0, 100.0):
        exporter.post(
            "/api/requests",
            {"transaction": 'GET "/a\\b"', "duration_seconds": duration, "status": 200, "trace_id": "a1"},
        )
    exporter.post(
        "/api/1/envelope/",
        envelope(
            ("sessions", {"attrs": {"release": hostile}, "aggregates": [{"exited": 3}]}),
            ("check_in", {"monitor_slug": hostile, "status": "ok"}),
            ("client_report", {"discarded_events": [{"reason": hostile, "category": "error", "quantity": 2}]}),
            ("log", {"items": [{"level": "info"}]}),
        ),
    )
    alert = {
        "status": "firing",
        "fingerprint": "a1",
        "labels": {"alertname": hostile},
        "startsAt": "2026-11-24T05:00:00Z",
    }
    assert exporter.post("/api/alerts", {"version": "4", "alerts": [alert]}).status == 200
    resolved = alert | {"status": "resolved", "endsAt": "2026-11-24T06:00:00Z"}
    assert (
        exporter.post("/api/alerts", {"version": "4", "alerts": [resolved, alert | {"fingerprint": "a2"}]}).status
        == 200
    )
    tallies = exporter.tally.take()
    exporter.fold()
    from errtally.exporter.journal.records import encoder  # noqa: PLC0415 (only here)

    exporter.appender.append(encoder.encode(tallies), 0, 1.0)
    exporter.fold()


def test_both_formats_say_the_same(exporter):
    fill(exporter)
    text = exporter.get("/metrics")
    openmetrics = exporter.get("/metrics", OPENMETRICS)
    assert text.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert openmetrics.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert openmetrics.body.endswith(b"# EOF\n")
    plain, rich = list(parse_text(text.body.decode())), list(parse_openmetrics(openmetrics.body.decode()))
    own = {name for metric in names.CATALOGUE for name in (metric.name, metric.family)}
    changing = {names.HOST_CPU.name, names.HOST_MEMORY.name, names.HOST_DISK_FREE.name, names.STORE_SIZE.name}

    def comparable(families):
        return {
            key: value for key, value in samples(f for f in families if f.name in own).items() if key[0] not in changing
        }

    assert comparable(plain) == comparable(rich)
    assert {family.name for family in rich} >= {
        metric.family for metric in names.CATALOGUE if metric.kind == "histogram"
    }
    for family in rich:
        if family.name in own:
            metric = next(metric for metric in names.CATALOGUE if family.name in {metric.family, metric.name})
            assert (family.type, family.documentation) == (metric.kind, metric.help)


def test_every_sample_has_the_labels_of_the_catalogue(exporter):
    fill(exporter)
    by_name = {metric.name: metric for metric in names.CATALOGUE}
    seen = set()
    for family in parse_text(exporter.get("/metrics").body.decode()):
        for sample in family.samples:
            base = sample.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            metric = by_name.get(sample.name) or by_name.get(base)
            if metric is not None:
                seen.add(metric.name)
                assert set(sample.labels) - {"le"} == set(metric.labels)
    assert len(seen) > 40


def test_exemplars_lead_to_events_that_are_kept(exporter):
    fill(exporter)
    found = [
        (family.name, sample.exemplar.labels)
        for family in parse_openmetrics(exporter.get("/metrics", OPENMETRICS).body.decode())
        for sample in family.samples
        if sample.exemplar
    ]
    assert {name for name, _ in found} == {names.ISSUE_EVENTS.family, names.REQUEST_DURATION.name}
    for name, labels in found:
        assert sum(len(key) + len(value) for key, value in labels.items()) <= 128
        if name == names.ISSUE_EVENTS.family:
            assert labels["trace_id"] == "t" * 32
            assert any(exporter.reader.sample([number], labels["event_id"]) for number in range(1, 9))


def test_promtool_has_nothing_to_say_against_it(exporter):
    promtool = peer("promtool")
    fill(exporter)
    body = exporter.get("/metrics").body
    checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_a_scrape_is_compressed_when_asked(exporter):
    answer = exporter.get("/metrics", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"errtally_build_info" in gzip.decompress(answer.body)
    assert "Content-Encoding" not in exporter.get("/metrics").headers
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert "Content-Encoding" not in exporter.get("/metrics", {"Accept-Encoding": "gzip;q=0, identity"}).headers


def test_a_view_that_followed_shows_what_a_fresh_one_shows(exporter):
    folder = exporter.config.data_dir
    followed, times = (
        StoreView(database_at(folder), folder, Budget({})),
        itertools.count(1_795_500_000, 10),
    )  # users are counted every 5 s

    def compare():
        now = float(next(times))
        for openmetrics in (False, True):
            fresh = StoreView(database_at(folder), folder, Budget({})).render(now, openmetrics=openmetrics)
            assert sorted(followed.render(now, openmetrics=openmetrics).split(b"\n")) == sorted(fresh.split(b"\n"))

    compare()
    fill(exporter)
    compare()
    fingerprint = exporter.reader.issues()[0]["fingerprint"]
    with exporter.folding():
        exporter.post(f"/api/issues/{fingerprint}/resolve", {})
    compare()
    exporter.post("/api/events?project=shop", {"events": [{"message": "no more", "type": "T0"}] * 3})
    exporter.fold()
    compare()


def test_a_view_reads_only_what_changed(exporter, monkeypatch):
    fill(exporter)
    view = StoreView(database_at(exporter.config.data_dir), exporter.config.data_dir, Budget({}))
    first = view.render(1.0, openmetrics=False)
    monkeypatch.setattr(view, "_read_series", lambda _: pytest.fail("nothing changed"))
    assert view.render(1.0, openmetrics=False) == first


def test_what_alerts_reckon_with_is_seen_at_zero_before_its_first_value_and_then_whole(exporter):
    requests = [{"transaction": "/a", "duration_seconds": 0.1, "status": code} for code in (200, 500, 500)]
    view = StoreView(
        database_at(exporter.config.data_dir),
        exporter.config.data_dir,
        Budget({}),
        scrape_interval_seconds=1_000_000_000.0,
    )

    def seen(now, name, labels):
        found = re.search(rf'{name}{{project="shop",environment="production"{labels}}} (\S+)', scrape(now))
        return float(found[1])

    def scrape(now):
        return view.render(now, openmetrics=False).decode()

    exporter.post("/api/requests?project=shop", {"requests": requests})
    exporter.fold()
    born = time.time()
    failures = (names.SERVICE_REQUESTS.name, ',status_class="5xx"')
    count, quick = f"{names.SERVICE_REQUEST_DURATION.name}_count", f"{names.SERVICE_REQUEST_DURATION.name}_bucket"
    for now in (born, born + 1_999_999_000):
        assert seen(now, *failures) == seen(now, count, "") == seen(now, quick, ',le="0.1"') == 0
        # What people look at is there at once.
        assert f'{names.REQUESTS.name}{{project="shop",environment="production",transaction="/a"' in scrape(now)
    exporter.post("/api/requests?project=shop", {"requests": requests})
    exporter.fold()
    late = born + 2_000_001_000
    assert seen(late, *failures) == 4
    assert seen(late, count, "") == seen(late, quick, ',le="0.1"') == 6
    assert seen(late, names.SERVICE_REQUESTS.name, ',status_class="4xx"') == 0
    # A bucket that is used for the first time is no new series: the others of its histogram have been there.
    slow = [{"transaction": "/a", "duration_seconds": 20.0, "status": 200}]
    exporter.post("/api/requests?project=shop", {"requests": slow})
    exporter.fold()
    assert seen(late, count, "") == 7


def test_a_series_that_comes_back_is_seen_with_the_value_that_it_left_with_and_then_whole(tmp_path):
    limits = {names.EVENTS.name: 2}
    exporter = InProcess(tmp_path, ExporterConfig(series_limits=limits, series_idle_seconds=0.0))
    view = StoreView(database_at(tmp_path), tmp_path, Budget(limits), scrape_interval_seconds=1_000.0)

    def send(type_, count):
        exporter.post("/api/events?project=shop", {"events": [{"message": "no", "type": type_}] * count})
        exporter.fold()
        return seen(time.time())

    def seen(now):
        text = view.render(now, openmetrics=False).decode()
        return {
            found[1]: float(found[2]) for found in re.finditer(rf'{names.EVENTS.name}{{.*type="(\w)"}} (\S+)', text)
        }

    try:
        assert send("A", 50)["A"] == 50, "what is new is there at once"
        send("B", 1)
        assert "A" not in send("C", 1)
        assert send("A", 3)["A"] == send("A", 4)["A"] == 50
        assert seen(time.time() + 1_990)["A"] == 50
        assert seen(time.time() + 2_010)["A"] == 57
    finally:
        exporter.close()


def test_an_issues_status_has_one_series(exporter):
    fill(exporter)
    exporter.series()
    issue = exporter.reader.issues()[0]["fingerprint"]
    with exporter.folding():
        exporter.post(f"/api/issues/{issue}/ignore", {})
    infos = [
        dict(labels)
        for (name, labels) in exporter.series()
        if name == names.ISSUE_INFO.name and dict(labels)["issue"] == issue
    ]
    assert [labels["status"] for labels in infos] == ["ignored"]


def test_firing_alerts_are_counted_until_they_end_or_are_forgotten(exporter):
    alert = {
        "fingerprint": "a1",
        "labels": {"alertname": "N", "severity": "critical"},
        "startsAt": "2026-11-24T05:00:00Z",
    }

    def tell(**change):
        exporter.post("/api/alerts", {"version": "4", "alerts": [alert | change]})
        exporter.fold()
        return exporter.total(names.ALERTS.name, alertname="N")

    assert tell(status="firing") == 1
    assert tell(status="firing", fingerprint="a2") == 2
    assert tell(status="resolved", endsAt="2026-11-24T06:00:00Z") == 1
    exporter.writer._store.prune(1e10, Retention())
    assert not any(name == names.ALERTS.name for name, _ in exporter.series())


def test_a_regression_has_its_moment(exporter):
    exporter.post("/api/events", {"message": "no milk left"})
    exporter.fold()
    [issue] = exporter.reader.issues()
    assert exporter.total(names.ISSUE_REGRESSED.name) == 0
    with exporter.folding():
        exporter.post(f"/api/issues/{issue['fingerprint']}/resolve", {})
    exporter.post("/api/events", {"message": "no milk left"})
    exporter.fold()
    assert exporter.total(names.ISSUE_REGRESSED.name) == exporter.reader.issues()[0]["regressed"] > 0


def test_the_score_is_absent_without_requests(exporter):
    exporter.post(
        "/api/requests",
        {"requests": [{"transaction": "/a", "duration_seconds": seconds} for seconds in (0.1, 1.0, 9.0)]},
    )
    exporter.fold()
    assert exporter.total(names.APDEX_SCORE.name, transaction="") == 0.5
    view = StoreView(database_at(exporter.config.data_dir), exporter.config.data_dir, Budget({}))
    assert b"errtally_apdex_score{" not in view.render(1e10, openmetrics=False)
    assert b"errtally_apdex_threshold_seconds{" in view.render(1e10, openmetrics=False)


def test_affected_users_are_counted_by_window(exporter):
    fill(exporter)
    assert exporter.total(names.USERS_AFFECTED.name, project="shop", window="1h") == 2
    exporter.writer.slide(max(item["last_seen"] for item in exporter.reader.issues()) + 7200)
    counts = {
        dict(key[1])["window"]: value
        for key, value in exporter.series().items()
        if key[0] == names.USERS_AFFECTED.name and dict(key[1])["project"] == "shop"
    }
    assert counts == {"1h": 0, "24h": 2}


def test_series_of_another_version_are_left_out(exporter):
    db = exporter.writer._store._db
    for metric, labels in (("of_another_version_total", []), (names.EVENTS.name, ["only", "three", "labels"])):
        db.execute(
            "INSERT INTO series (metric, labels, value, change) VALUES (?, ?, 1, 99)", (metric, json.dumps(labels))
        )
    db.execute("UPDATE meta SET value = '99' WHERE name = 'change'")
    body = exporter.get("/metrics").body
    assert b"another_version" not in body
    assert b"three" not in body


def test_an_infinite_sum_does_not_end_the_scrape(exporter):
    exporter.writer._store._db.execute(
        "INSERT INTO series (metric, labels, part, value, change) VALUES (?, '[]', 'sum', 9e999, 99)",
        (names.DIGEST_DURATION.name,),
    )
    exporter.writer._store._db.execute("UPDATE meta SET value = '99' WHERE name = 'change'")
    assert b"digest_duration_seconds_sum +Inf" in exporter.get("/metrics").body


def test_a_store_that_can_not_be_read_is_told_and_found_again(exporter, tmp_path):
    view = StoreView(database_at(exporter.config.data_dir), exporter.config.data_dir, Budget({}))
    before = view.render(1.0, openmetrics=False)
    view._db.close()
    with pytest.raises(StoreError):
        view.render(1.0, openmetrics=False)
    assert view.render(1.0, openmetrics=False) == before
    with pytest.raises(StoreError):
        StoreView(database_at(tmp_path / "nowhere"), tmp_path / "nowhere", Budget({})).render(1.0, openmetrics=False)


def test_what_the_process_says_of_itself():
    own = process.registry(lambda: False, lambda: 3)
    found = samples(parse_text(process.render(own, openmetrics=False).decode()))
    assert found[names.UP.name, frozenset()] == 0
    assert found[names.STREAM_CLIENTS.name, frozenset()] == 3
    assert 0 <= found[names.HOST_MEMORY.name, frozenset()] <= 1
    assert any(name == names.BUILD_INFO.name for name, _ in found)


def test_file_systems_that_can_not_be_read_are_left_out(monkeypatch):
    class Partition:
        def __init__(self, mountpoint, fstype="ext4"):
            self.mountpoint, self.fstype = mountpoint, fstype

    class Usage:
        def __init__(self, total):
            self.total, self.free = total, 25

    def usage(mountpoint):
        if mountpoint == "/secret":
            raise PermissionError(mountpoint)
        return Usage(0 if mountpoint == "/empty" else 100)

    partitions = [Partition("/"), Partition("/secret"), Partition("/empty"), Partition("/proc", "proc")]
    monkeypatch.setattr(process.psutil, "disk_partitions", lambda **_: partitions)
    monkeypatch.setattr(process.psutil, "disk_usage", usage)
    assert process._free_ratios() == {"/": 0.25}
