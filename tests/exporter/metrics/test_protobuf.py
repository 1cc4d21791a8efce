"""The protobuf exposition as the protobuf library reads it: the numbers of the text, and since when they count."""

from __future__ import annotations

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from tests.exporter.metrics.client_model import families

from errtally import names
from errtally.exporter.digest.changes import Exemplar
from errtally.exporter.metrics import exposition
from errtally.exporter.metrics.family import Family

PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
OF_START_TIMESTAMPS = (
    f"{PROTOBUF};q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
)
"""What Prometheus asks for with created-timestamp-zero-ingestion, st-storage or native histograms."""

KINDS = ["counter", "gauge", "summary", "untyped", "histogram"]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        pytest.param(OF_START_TIMESTAMPS, True, id="first choice"),
        pytest.param(f"{PROTOBUF},text/plain;version=0.0.4;q=0.3", True, id="without a quality"),
        pytest.param(f"text/plain;version=0.0.4,{PROTOBUF};q=0.3", False, id="second choice"),
        pytest.param(f"{PROTOBUF};q=0,text/plain", False, id="refused"),
        pytest.param("application/vnd.google.protobuf;proto=another.Message;encoding=delimited", False, id="another"),
        pytest.param("application/openmetrics-text;version=1.0.0,*/*;q=0.1", False, id="not asked for"),
        pytest.param("", False, id="nothing said"),
    ],
)
def test_who_asks_for_it_first_gets_it(accept, wanted):
    assert exposition.wants_protobuf(accept) is wanted


def flat(body):
    """Every sample by its name and labels, as the text format has them."""
    found = {}
    for family in families(body):
        assert family.name not in {name for name, _ in found}
        for metric in family.metric:
            labels = {pair.name: pair.value for pair in metric.label}
            kind = KINDS[family.type]
            if kind != "histogram":
                found[family.name, frozenset(labels.items())] = getattr(metric, kind).value
                continue
            for bucket in metric.histogram.bucket:
                le = "+Inf" if bucket.upper_bound == float("inf") else str(bucket.upper_bound)
                key = (f"{family.name}_bucket", frozenset({**labels, "le": le}.items()))
                found[key] = bucket.cumulative_count
            found[f"{family.name}_count", frozenset(labels.items())] = metric.histogram.sample_count
            found[f"{family.name}_sum", frozenset(labels.items())] = metric.histogram.sample_sum
    return found


def test_a_scrape_has_the_numbers_of_the_text_format(exporter):
    for number in range(3):
        event = {"message": f"größe 大 {number}", "type": f'quote "{number}"\n', "level": "fatal"}
        exporter.post("/api/events?project=shop", {"events": [event] * (number + 1)})
    requests = [{"transaction": "/a", "duration_seconds": 0.1 * number, "status": 500} for number in range(300)]
    exporter.post("/api/requests?project=shop", {"requests": requests})
    exporter.fold()
    body, content_type = scrape(exporter, OF_START_TIMESTAMPS)
    assert content_type == PROTOBUF.replace(";", "; ")
    text, _ = scrape(exporter, "text/plain")
    told = {
        (one.name, frozenset(one.labels.items())): one.value
        for family in parse_text(text.decode())
        for one in family.samples
    }
    found = flat(body)
    assert found.keys() == told.keys()
    of_this_moment = ("process_", "errtally_host", "errtally_journal", "errtally_store", "python_")
    assert {key: value for key, value in found.items() if not key[0].startswith(of_this_moment)} == {
        key: value for key, value in told.items() if not key[0].startswith(of_this_moment)
    }


def scrape(exporter, accept):
    answer = exporter.get("/metrics", {"Accept": accept})
    assert answer.status == 200
    return answer.body, answer.headers["Content-Type"]


def test_counters_and_histograms_tell_since_when_they_count(exporter):
    before = time.time()
    exporter.post("/api/events?project=shop", {"events": [{"message": "no", "type": "E"}] * 40})
    exporter.post("/api/requests?project=shop", {"requests": [{"transaction": "/a", "duration_seconds": 1.0}]})
    exporter.fold()
    after = time.time()
    exporter.post("/api/events?project=shop", {"events": [{"message": "no", "type": "E"}]})
    exporter.fold()
    body, _ = scrape(exporter, OF_START_TIMESTAMPS)
    by_name = {family.name: family for family in families(body)}
    for name, kind in ((names.ISSUE_EVENTS.name, "counter"), (names.REQUEST_DURATION.name, "histogram")):
        [metric] = by_name[name].metric
        created = getattr(metric, kind).created_timestamp
        assert before - 1e-3 <= created.seconds + created.nanos / 1e9 <= after
    [metric] = by_name[names.ISSUE_EVENTS.name].metric
    assert metric.counter.value == 41


def test_an_exemplar_leads_to_its_event():
    family = Family(names.EVENTS)
    family.put(("p", "e", "error", "T"), 3, Exemplar((("event_id", "abc"), ("trace_id", "def")), 1.0, 1_795_500_000.25))
    [found] = families(family.render_protobuf())
    [metric] = found.metric
    exemplar = metric.counter.exemplar
    assert [(pair.name, pair.value) for pair in exemplar.label] == [("event_id", "abc"), ("trace_id", "def")]
    assert (exemplar.value, exemplar.timestamp.seconds, exemplar.timestamp.nanos) == (1.0, 1_795_500_000, 250_000_000)


def test_a_family_follows_its_series():
    family = Family(names.LOG_RECORDS)
    for value in (1, 2):
        family.put(("p", "e", "info"), value, created=5.0)
        family.put(("p", "e", "error"), 7)
        assert sorted(flat(family.render_protobuf()).values()) == [value, 7]
    family.drop(("p", "e", "error"))
    assert list(flat(family.render_protobuf()).values()) == [2]
    family.clear()
    assert family.render_protobuf() == b""
