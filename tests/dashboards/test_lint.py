"""The rules of Grafana's dashboard-linter, on every dashboard; an exclusion has its reason beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.flow import grafana

from errtally.dashboards.build import DASHBOARDS, build

FILES = build({})
DASHBOARD = pytest.mark.parametrize(
    "dashboard", [pytest.param(json.loads(FILES[name]), id=name) for name in DASHBOARDS]
)
Json = dict[str, Any]

EXCLUDED = {
    "template-job-rule": "series of all exporters belong together: a project is one however many exporters there are",
    "target-job-rule": "the same",
    "target-instance-rule": "the same; exporter health has the variable instance and reads it",
}
"""Rules that these dashboards break on purpose."""

UNITS = {
    "short", "none", "percentunit", "s", "bytes", "reqps", "cps", "string", "dateTimeFromNow",
}  # fmt: skip
"""Of Grafana's units those in use; a unit that Grafana does not know is shown behind the number as it is."""

_COUNTER = re.compile(r"errtally_\w+_(?:total|bucket|count|sum)\b(?!\w)")


def _targets(dashboard: Json) -> list[tuple[str, Json]]:
    return [(panel["title"], target) for panel in grafana.panels(dashboard) for target in panel["targets"]]


_ALERT_WINDOW = "5m"
"""Of HighErrorRate."""


@DASHBOARD
def test_template_datasource_rule(dashboard: Json) -> None:
    (source,) = [found for found in dashboard["templating"]["list"] if found["type"] == "datasource"]
    assert (source["name"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")


@DASHBOARD
def test_template_instance_rule(dashboard: Json) -> None:
    for variable in dashboard["templating"]["list"]:
        if variable["name"] == "instance":
            assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")


@DASHBOARD
def test_template_label_promql_rule_and_template_on_time_change_reload_rule(dashboard: Json) -> None:
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            assert re.fullmatch(r"label_values\(.+, \w+\)|query_result\(.+\)", variable["query"]["query"])
            assert variable["refresh"] == 2
            assert variable["datasource"]["uid"] == "${datasource}"


@DASHBOARD
def test_panel_datasource_rule(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        assert panel["datasource"]["uid"] == "${datasource}"


@DASHBOARD
def test_panel_title_description_rule_panel_units_rule_and_panel_no_targets_rule(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        units = {panel["fieldConfig"]["defaults"]["unit"]} | {
            found["value"]
            for override in panel["fieldConfig"]["overrides"]
            for found in override["properties"]
            if found["id"] == "unit"
        }
        assert units <= UNITS, panel["title"]


@DASHBOARD
def test_target_rate_interval_rule(dashboard: Json) -> None:
    for title, target in _targets(dashboard):
        for call, window in re.findall(r"\b(rate|irate|increase)\([^\[]*\[([^\]]+)\]", target["expr"]):
            # A number of the whole time range stands in tables: it is a rate over just that range. So is what a process
            # counted before it started anew, wherever totals stand.
            is_of_range = target["instant"] or call == "increase"
            # A share of failures is that of the alert about it, wherever it stands.
            if title in {"Error rate", "Error rate by environment"} or (title, window) == ("Services", _ALERT_WINDOW):
                assert window == _ALERT_WINDOW, title
                continue
            assert window == ("$__range" if is_of_range else "$__rate_interval"), title


@DASHBOARD
def test_target_counter_agg_rule(dashboard: Json) -> None:
    """A counter's value since the exporter's beginning is never shown: it is a rate or a difference."""
    for title, target in _targets(dashboard):
        for counter in _COUNTER.findall(target["expr"]):
            assert re.search(rf"rate\({counter}|{counter}(?:{{[^}}]*}})? offset \$__", target["expr"]), title


@DASHBOARD
def test_uneditable_dashboard(dashboard: Json) -> None:
    assert dashboard["editable"] is False


@DASHBOARD
def test_target_instance_rule_of_the_dashboard_that_has_the_variable(dashboard: Json) -> None:
    if dashboard["uid"] == "errtally-exporter-health":
        for title, target in _targets(dashboard):
            assert 'instance=~"$instance"' in target["expr"], title
