"""Labels, numbers, histograms and exemplars as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from tests.exporter.metrics.reading import HOSTILE, samples

from errtally import names
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.changes import Exemplar
from errtally.exporter.metrics import exposition
from errtally.exporter.metrics.family import Family, HistogramFamily, exemplar_text, number_text

SCRAPE = Path(__file__).parents[2] / "data" / "captures" / "prometheus-scrape"


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
