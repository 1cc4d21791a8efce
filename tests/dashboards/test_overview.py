from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.peers import peer

from errtally import config, names
from errtally.dashboards.build import DASHBOARDS, build
from errtally.generate.files import drift

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = build({})
DASHBOARD = pytest.mark.parametrize(
    "dashboard", [pytest.param(json.loads(FILES[name]), id=name) for name in DASHBOARDS]
)
Json = dict[str, Any]


def _panels(dashboard: Json) -> Iterator[Json]:
    """Every panel but rows, those inside of collapsed rows among them."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def _queries(dashboard: Json) -> list[str]:
    found = [target["expr"] for panel in _panels(dashboard) for target in panel["targets"]]
    return found + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def _concrete(expr: str) -> str:
    """The query with the values that Grafana puts in."""
    for variable, value in {
        "$__rate_interval": "1m",
        "$__range": "1h",
        "$project": "(checkout|web)",
        "$environment": ".+",
    }.items():
        expr = expr.replace(variable, value)
    return expr


def _panel(title: str, text: str = "") -> Json:
    dashboard = json.loads(build(config.parse(text, "f"))["overview.json"])
    (found,) = [panel for panel in _panels(dashboard) if panel["title"] == title]
    return found


def test_the_committed_files_are_what_an_empty_configuration_gives() -> None:
    assert drift(FILES, ROOT / "dashboards/generated") == []


@DASHBOARD
def test_every_query_parses_in_prometheus(dashboard: Json, tmp_path: Path) -> None:
    rules = [{"record": f"query:{index}", "expr": _concrete(expr)} for index, expr in enumerate(_queries(dashboard))]
    (tmp_path / "q.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        [peer("promtool"), "check", "rules", "q.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
    assert "$" not in "".join(rule["expr"] for rule in rules), "a variable that Grafana does not know"


@DASHBOARD
def test_every_query_reads_only_metrics_of_the_catalogue_and_labels_that_they_have(dashboard: Json) -> None:
    known = {
        metric.name + suffix: {*metric.labels, "le", "instance"}
        for metric, suffix in itertools.product(names.CATALOGUE, ("", "_bucket", "_sum", "_count"))
    }
    for expr in _queries(dashboard):
        for name, matchers in re.findall(r"\b(errtally_\w+)(\{[^}]*\})?", expr):
            assert name in known, expr
            assert set(re.findall(r"(\w+)(?:=~|!=|=)\"", matchers)) <= known[name], expr


@DASHBOARD
def test_counters_are_read_as_rates_or_differences_with_the_interval_that_fits(dashboard: Json) -> None:
    for expr in _queries(dashboard):
        for window in re.findall(r"(?:rate|increase)\([^\[]*\[([^\]]+)\]", expr):
            assert window == "$__rate_interval"
        if "_total" in expr:
            assert re.search(r"rate\(|increase\(|offset \$__range", expr), expr


@DASHBOARD
def test_every_panel_has_title_description_unit_and_a_text_for_no_data(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@DASHBOARD
def test_panels_have_their_own_number_and_do_not_overlap(dashboard: Json) -> None:
    every = [*_panels(dashboard), *(panel for panel in dashboard["panels"] if panel["type"] == "row")]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        at = panel["gridPos"]
        cells = set(itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


@DASHBOARD
def test_variables_choose_source_projects_and_environments(dashboard: Json) -> None:
    source, project, environment = dashboard["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    for variable, name in ((project, "project"), (environment, "environment")):
        assert variable["name"] == name
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
        assert variable["refresh"] == 2
        assert variable["query"]["query"].startswith("label_values(errtally_new_issues_total")


@DASHBOARD
def test_the_dashboard_is_in_grafanas_present_model(dashboard: Json) -> None:
    assert dashboard["schemaVersion"] == 42
    assert dashboard["editable"] is False
    assert dashboard["graphTooltip"] == 1
    assert "time_options" not in dashboard["timepicker"]
    old = {"rows", "style", "hideControls", "sharedCrosshair", "gnetId", "__inputs", "id"}
    assert not old & set(dashboard)
    for panel in _panels(dashboard):
        assert not {"span", "height", "editable", "error", "minSpan"} & set(panel)
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps")
        assert steps is None or steps[0]["value"] is None


def test_time_ranges_and_refresh_are_those_asked_for() -> None:
    dashboard = json.loads(FILES["overview.json"])
    ranges = [found["from"] for found in dashboard["timepicker"]["quick_ranges"]]
    assert ranges == ["now-1h", "now-6h", "now-24h", "now-7d", "now-30d"]
    assert dashboard["refresh"] == "30s"


def test_the_error_rate_turns_red_where_the_alert_fires() -> None:
    text = "alerting: {rules: {HighErrorRate: {threshold: 0.2}}}"
    for given, limit in (("", 0.05), (text, 0.2)):
        steps = _panel("Error rate", given)["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert [step["value"] for step in steps] == [None, limit / 2, limit]
        assert steps[-1]["color"] == "#e02f44"


def test_a_row_of_the_recent_errors_leads_to_the_issues_page() -> None:
    panel = _panel("Recent errors", "external_url: https://errors.example.com")
    links = [
        link["url"]
        for override in panel["fieldConfig"]["overrides"]
        for found in override["properties"]
        if found["id"] == "links"
        for link in found["value"]
    ]
    assert links == ["https://errors.example.com/issues/${__data.fields.Issue}"] * 2


def test_response_times_carry_exemplars() -> None:
    assert all(target["exemplar"] for target in _panel("Response time, 95th percentile")["targets"])


def test_new_issues_are_marked_at_the_time_of_their_first_event() -> None:
    annotations = {found["name"]: found for found in json.loads(FILES["overview.json"])["annotations"]["list"]}
    assert annotations["New issues"]["useValueForTime"] is True
    assert annotations["Alerts"]["enable"] is True
