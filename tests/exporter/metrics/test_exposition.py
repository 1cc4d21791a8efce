"""The exposition: both formats as their parsers read them."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from tests.exporter.databases import database_at
from tests.exporter.inprocess import InProcess, envelope
from tests.peers import peer

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.config import ExporterConfig, Retention
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.changes import Exemplar
from errtally.exporter.metrics import exposition, process
from errtally.exporter.metrics.family import Family, HistogramFamily, exemplar_text, number_text
from errtally.exporter.metrics.view import StoreView

SCRAPE = Path(__file__).parents[2] / "data" / "captures" / "prometheus-scrape"
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

HOSTILE = [
    'quote " and \\ and\nbreak',
    "\\n is not a break",
    "}{=,",
    "größe 大 😀",
    "",
    " ",
    "trailing \\",
    '"',
    "# HELP x y",
]


def samples(families):
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("openmetrics", [False, True])
def test_a_label_comes_back_as_it_was(value, openmetrics):
    family = Family(names.EVENTS)
    family.put(("p", value, "error", value), 3)
    histogram = HistogramFamily(names.REQUEST_DURATION)
    histogram.put(("p", "e", value, "success"), "0.025", 1)
    body = (family.render(openmetrics=openmetrics) + histogram.render(openmetrics=openmetrics)).decode()
    found = samples(parse_openmetrics(body + "# EOF\n") if openmetrics else parse_text(body))
    labels = {"project": "p", "environment": value, "level": "error", "type": value}
    assert found[names.EVENTS.name, frozenset(labels.items())] == 3
    labels = {"project": "p", "environment": "e", "transaction": value, "outcome": "success"}
    assert found[names.REQUEST_DURATION.name + "_count", frozenset(labels.items())] == 1


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), min_size=4, max_size=4))
def test_any_label_comes_back_as_it_was(labels):
    family = Family(names.EVENTS)
    family.put(tuple(labels), 1)
    # The parser of prometheus_client splits lines at every kind of break that Python knows; the format has only one.
    if any(len(label.splitlines()) > 1 or label.splitlines() != [label] * bool(label) for label in labels):
        assert family.render(openmetrics=False).count(b"\n") == 3
        return
    [parsed] = parse_text(family.render(openmetrics=False).decode())
    assert parsed.samples[0].labels == dict(zip(names.EVENTS.labels, labels, strict=True))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (-2.0, "-2"),
        (0.1, "0.1"),
        (1e-05, "1e-05"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1000000000000000.0"),
        (1e300, "1e+300"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers(value, text):
    assert number_text(value) == text


@given(st.floats(allow_nan=False))
def test_a_number_comes_back_as_it_was(value):
    assert float(number_text(value)) == value


def test_a_histogram_is_cumulative_and_has_its_sum():
    family = HistogramFamily(names.DIGEST_DURATION)
    for part, value in (("0.001", 2), ("0.01", 1), ("+Inf", 4), (SUM, 1.5)):
        family.put((), part, value)
    assert len(family) == 1
    found = samples(parse_text(family.render(openmetrics=False).decode()))
    name = names.DIGEST_DURATION.name
    counts = [
        found[name + "_bucket", frozenset({("le", bound)})] for bound in ("0.001", "0.005", "0.01", "5.0", "+Inf")
    ]
    assert counts == [2, 2, 3, 3, 7]
    assert found[name + "_count", frozenset()] == 7
    assert found[name + "_sum", frozenset()] == 1.5
    family.clear()
    assert (family.render(openmetrics=True), len(family)) == (b"", 0)


def test_a_bound_that_comes_later_is_a_bucket_of_all_series():
    family = HistogramFamily(names.REQUEST_DURATION)
    old, new = ("p", "e", "/old", "success"), ("p", "e", "/new", "success")
    family.put(old, "1.0", 3)
    before = samples(parse_text(family.render(openmetrics=False).decode()))
    family.extend([0.7, 2.8, 1.0])
    family.put(new, "0.7", 2)
    family.put(new, "0.6", 1)
    found = samples(parse_text(family.render(openmetrics=False).decode()))
    assert before.items() <= found.items()

    def counts(transaction):
        return {
            dict(labels)["le"]: value
            for (name, labels), value in found.items()
            if name.endswith("_bucket") and dict(labels)["transaction"] == transaction
        }

    bounds = [repr(bound) for bound in sorted({*names.REQUEST_DURATION.buckets, 0.6, 0.7, 2.8})]
    assert list(counts("/old")) == list(counts("/new")) == [*bounds, "+Inf"]
    assert [counts("/old")[bound] for bound in ("0.5", "0.6", "0.7", "1.0", "+Inf")] == [0, 0, 0, 3, 3]
    assert [counts("/new")[bound] for bound in ("0.5", "0.6", "0.7", "1.0", "+Inf")] == [0, 1, 3, 3, 3]


def test_a_histogram_goes_when_it_is_dropped():
    family = HistogramFamily(names.DIGEST_DURATION)
    family.put((), "0.01", 1)
    family.drop(())
    family.drop(())
    assert (family.render(openmetrics=False), len(family)) == (b"", 0)


def test_series_go_when_they_are_dropped():
    family = Family(names.STREAM_CLIENTS)
    assert family.render(openmetrics=True) == b""
    family.put((), 1)
    assert (len(family), b"errtally" in family.render(openmetrics=False)) == (1, True)
    family.drop(())
    family.drop(("never there",))
    assert family.render(openmetrics=False) == b""
    family.put((), 2)
    assert family.render(openmetrics=True).endswith(b" 2\n")
    family.clear()
    assert len(family) == 0


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        pytest.param([("trace_id", "t" * 32), ("event_id", "e" * 32)], 2, id="two ids fit"),
        pytest.param([("trace_id", "t" * 120)], 1, id="128 characters fit"),
        pytest.param([("trace_id", "t" * 121)], 0, id="129 characters do not"),
        pytest.param([("trace_id", "t" * 80), ("event_id", "e" * 80)], 1, id="the last label goes first"),
    ],
)
def test_an_exemplar_has_at_most_128_characters(labels, kept):
    family = Family(names.ISSUE_EVENTS)
    family.put(("p", "e", "i", "error"), 1, Exemplar(tuple(labels), 1.0, 1234.5678))
    [parsed] = parse_openmetrics(family.render(openmetrics=True).decode() + "# EOF\n")
    exemplar = parsed.samples[0].exemplar
    assert exemplar.labels == dict(labels[:kept])
    assert float(exemplar.timestamp) == pytest.approx(1234.568)
    assert b"#" not in family.render(openmetrics=False).splitlines()[-1]
    assert exemplar_text(Exemplar((), 1.0, 1.0)) == " # {} 1 1.000"


PROMETHEUS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(PROMETHEUS, True, id="what Prometheus 2.42 sends"),
        pytest.param("", False, id="nothing"),
        pytest.param("*/*", False, id="anything"),
        pytest.param("text/plain", False, id="text"),
        pytest.param("application/openmetrics-text", True, id="OpenMetrics"),
        pytest.param("Application/OpenMetrics-Text; Version=1.0.0", True, id="OpenMetrics in capitals"),
        pytest.param("application/openmetrics-text;q=0", False, id="OpenMetrics refused"),
        pytest.param("application/openmetrics-text;q=0.4, text/plain;q=0.5", False, id="text liked better"),
        pytest.param("text/plain;q=0.5, application/openmetrics-text;q=0.5", True, id="both liked the same"),
        pytest.param("application/openmetrics-text;q=x", False, id="a quality that is none"),
        pytest.param("text/html, application/xml;q=0.9, */*;q=0.8", False, id="a browser"),
        pytest.param(",;,", False, id="junk"),
    ],
)
def test_which_format_a_scraper_prefers(accept, expected):
    assert exposition.wants_openmetrics(accept) is expected


def test_the_header_above_is_the_captured_one():
    heads = "".join(path.read_text() for path in SCRAPE.iterdir() if path.suffix == ".head")
    assert f"Accept: {PROMETHEUS}\n" in heads.replace("\r", "")


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path)
    yield made
    made.close()


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
