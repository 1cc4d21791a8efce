"""The lint of generated rules: what it says of rules that are wrong, and that it finds nothing in ours."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from errtally import config
from errtally.rules.build import RULES_ENDING, build
from errtally.rules.lint import lint

_ANNOTATIONS = dict.fromkeys(
    ("title", "summary", "description", "value", "threshold", "runbook_url", "dashboard_url"), "x"
)
_RATE = 'sum by (project) (rate(errtally_requests_total{status_class="5xx"}[5m]))'


def _alert(expr: str, **changes: Any) -> dict[str, Any]:
    return {"alert": "A", "expr": expr, "labels": {"severity": "info"}, "annotations": _ANNOTATIONS, **changes}


def _problems(*rules: dict[str, Any]) -> list[str]:
    return lint({"f": yaml.safe_dump({"groups": [{"name": "g", "rules": list(rules)}]})}, 15)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        pytest.param(_alert(_RATE), "alerts/comparison", id="nothing is compared"),
        pytest.param(_alert(f"{_RATE} > bool 1"), "alerts/comparison", id="a comparison that drops nothing"),
        pytest.param(_alert("up >"), "promql/syntax", id="no PromQL"),
        pytest.param(_alert("errtally_requests > 1"), "promql/series: nothing exposes", id="an unknown series"),
        pytest.param(_alert("project:nothing:rate5m > 1"), "promql/series", id="a record that nobody makes"),
        pytest.param(_alert('errtally_up{color="red"} > 1'), "no label color", id="a label that a series lacks"),
        pytest.param(_alert(_RATE.replace("5m", "30s") + " > 1"), "promql/rate", id="two scrapes in a rate"),
        pytest.param(_alert("rate(errtally_up[5m]) > 1"), "promql/counter", id="the rate of a gauge"),
        pytest.param(_alert('errtally_up{job=~".*"} > 1'), "promql/regexp", id="a matcher that matches all"),
        pytest.param(_alert('errtally_up{job=~"errtally"} > 1'), "compare with =", id="a regex that is none"),
        pytest.param(_alert(f"{_RATE} / {_RATE} > 1"), "promql/nan", id="a division that may be by zero"),
        pytest.param(_alert(f"topk(3, {_RATE}) > 1"), "promql/fragile", id="alerts that come and go"),
        pytest.param(_alert("absent(errtally_up)"), "alerts/absent", id="absent at once"),
        pytest.param(_alert(f"{_RATE} > 1", labels={"severity": "loud"}), "alerts/severity", id="an unknown severity"),
        pytest.param(
            _alert(f"{_RATE} > 1", labels={"severity": "info", "now": "{{ $value }}"}),
            "alerts/template: the label now",
            id="a label that changes with the value",
        ),
        pytest.param(
            _alert(f"{_RATE} > 1", annotations={**_ANNOTATIONS, "summary": "{{ $labels.instance }}"}),
            "summary uses the label instance",
            id="a label that was aggregated away",
        ),
        pytest.param(_alert(f"{_RATE} > 1", annotations={}), "has no runbook_url", id="an alert without a runbook"),
    ],
)
def test_a_rule_that_is_wrong_is_named_with_the_check(rule: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in _problems(rule)), _problems(rule)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(_alert(f"{_RATE} > 1"), id="a plain threshold"),
        pytest.param(_alert(f"{_RATE} / ({_RATE} > 0) > 1"), id="a division that is guarded"),
        pytest.param(_alert("absent(errtally_up)", **{"for": "1m"}), id="absent for four scrapes"),
        pytest.param(
            _alert(f"{_RATE} > 1", annotations={**_ANNOTATIONS, "summary": "{{ $labels.project }}"}),
            id="a label that is there",
        ),
        pytest.param(_alert("vector(1)", labels={"severity": "none"}), id="a watchdog"),
    ],
)
def test_a_rule_that_is_right_has_no_problem(rule: dict[str, Any]) -> None:
    assert _problems(rule) == []


def test_two_alerts_of_one_name_are_found() -> None:
    assert any("rule/duplicate" in found for found in _problems(_alert("up > 1"), _alert("up > 2")))


def test_a_record_is_known_to_what_comes_after_it() -> None:
    record = {"record": "project:x:rate5m", "expr": _RATE}
    assert _problems(record, _alert("project:x:rate5m > 1")) == []
    assert any("promql/series" in found for found in _problems(_alert("project:x:rate5m > 1"), record))


@pytest.mark.parametrize("exporters", ["one", "shared", "independent"])
def test_our_rules_have_no_problem(exporters: str) -> None:
    text = f"""
alerting:
  exporters: {exporters}
  teams: [{{name: shop, projects: [shop-*]}}]
  slos: [{{name: fast, objective: 0.95, kind: latency, threshold: 1}}, {{name: up, objective: 0.999, projects: [a]}}]
  monitors: [{{monitor: nightly, interval: 25h}}, {{monitor: a*, interval: 1h}}]
"""
    files = build(config.parse(text, "f"))
    assert lint({name: files[name] for name in files if name.endswith(RULES_ENDING)}, 15) == []
