"""The catalogue of names, and that no name of a metric is written anywhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from errtally import names

ROOT = Path(__file__).parents[1]
PRODUCT = ["src/errtally", "exporter", "rules", "dashboards", "alertmanager"]
UNITS = {"seconds", "bytes", "ratio"}


def sources():
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.is_symlink() and "generated" not in path.parts and path.name != "names.py":
                yield path


def literals(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_of_a_metric_is_written_outside_of_the_catalogue(path):
    found = [f"line {line}: {text!r}" for line, text in literals(path) if re.search(r"\b" + names.PREFIX, text)]
    assert found == []


def test_the_search_finds_what_it_looks_for(tmp_path):
    path = tmp_path / "x.py"
    path.write_text(f'"""{names.PREFIX}in_a_docstring."""\nquery = f"sum({names.PREFIX}events_total) by ({{x}})"\n')
    assert [line for line, text in literals(path) if re.search(r"\b" + names.PREFIX, text)] == [2]


METRICS = pytest.mark.parametrize("metric", names.CATALOGUE, ids=lambda metric: metric.name)


@METRICS
def test_a_metric_is_named_as_prometheus_advises(metric):
    assert re.fullmatch(names.PREFIX + r"[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert not metric.name.endswith(("_count", "_sum", "_bucket", "_created"))
    assert metric.help.endswith((".", "1."))
    assert "\n" not in metric.help


@METRICS
def test_a_unit_is_in_the_name_and_the_name_tells_the_unit(metric):
    last = metric.family.rpartition("_")[2]
    assert metric.unit == (last if last in UNITS else "")


@METRICS
def test_labels_are_as_prometheus_wants_them(metric):
    assert len(set(metric.labels)) == len(metric.labels)
    for label in metric.labels:
        assert re.fullmatch(r"[a-z][a-z_]*", label)
        assert label not in {"le", "job", "instance", "fingerprint", "__name__"}


@METRICS
def test_a_budget_names_one_of_the_labels(metric):
    if metric.other_label:
        assert metric.series_limit > 0
        assert metric.other_label in metric.labels
        assert metric.labels[0] == "project" or "project" not in metric.labels


@METRICS
def test_buckets_are_of_histograms_and_rise(metric):
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_no_family_stands_for_two_metrics():
    families = [metric.family for metric in names.CATALOGUE]
    assert len(set(families)) == len(families)
    assert len(names.BY_NAME) == len(names.CATALOGUE) > 40


def test_the_buckets_of_requests_have_the_bounds_of_apdex():
    threshold = names.DEFAULT_APDEX_THRESHOLD_SECONDS
    assert {threshold, names.APDEX_TOLERATING_FACTOR * threshold} <= set(names.REQUEST_DURATION.buckets)
    assert len(names.APDEX_ZONES) == 3
