from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.flow import grafana
from tests.peers import peer

from errtally import config, names
from errtally.dashboards import colors
from errtally.dashboards.build import DASHBOARDS, build
from errtally.generate.files import drift
from errtally.rules.build import build as build_rules

ROOT = Path(__file__).parents[2]
FILES = build({})
DASHBOARD = pytest.mark.parametrize(
    "dashboard", [pytest.param(json.loads(FILES[name]), id=name) for name in DASHBOARDS]
)
VALUES = {
    "project": "(checkout|web)",
    "environment": ".+",
    "issue": "0a1b2c3d4e5f",
    "transaction": ".*",
    "release": ".*",
    "instance": ".+",
    "service": ".+",
}
Json = dict[str, Any]


def _queries(dashboard: Json) -> list[str]:
    found = [target["expr"] for panel in grafana.panels(dashboard) for target in panel["targets"]]
    return found + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def _concrete(expr: str) -> str:
    """The query with the values that Grafana puts in."""
    return grafana.interpolate(expr, VALUES, grafana.Range(0, 3600), 60)


def _panel(title: str, text: str = "", name: str = "overview.json") -> Json:
    dashboard = json.loads(build(config.parse(text, "f"))[name])
    (found,) = [panel for panel in grafana.panels(dashboard) if panel["title"] == title]
    return found


def test_the_committed_files_are_what_an_empty_configuration_gives() -> None:
    assert drift(FILES, ROOT / "dashboards/generated") == []


@pytest.mark.parametrize("exporters", ["one", "shared"])
@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_parses_in_prometheus(name: str, exporters: str, tmp_path: Path) -> None:
    dashboard = json.loads(build(config.parse(f"alerting: {{exporters: {exporters}}}", "f"))[name])
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
    catalogue = (*names.CATALOGUE, *names.ANALYSER_CATALOGUE)
    known = {
        metric.name + suffix: {*metric.labels, "le", "instance"}  # instance: which exporter
        for metric, suffix in itertools.product(catalogue, ("", "_bucket", "_sum", "_count"))
    }
    known |= {metric.name: {*metric.labels, *names.BASE_LABELS, "job"} for metric in names.CLIENT_CATALOGUE}
    for expr in _queries(dashboard):
        for name, matchers in re.findall(r"(?<![:\w])(errtally_\w+)(\{[^}]*\})?", expr):
            assert name in known, expr
            assert set(re.findall(r"(\w+)(?:=~|!=|=)\"", matchers)) <= known[name], expr


@DASHBOARD
def test_every_panel_has_title_description_unit_and_a_text_for_no_data(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@DASHBOARD
def test_panels_have_their_own_number_and_do_not_overlap(dashboard: Json) -> None:
    every = [*grafana.panels(dashboard), *(panel for panel in dashboard["panels"] if panel["type"] == "row")]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        at = panel["gridPos"]
        cells = set(itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


@DASHBOARD
def test_variables_choose_source_projects_and_environments_and_what_the_dashboard_adds(dashboard: Json) -> None:
    source, project, environment, *others = dashboard["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    for variable, name in ((project, "project"), (environment, "environment")):
        assert variable["name"] == name
        is_one = (dashboard["uid"], name) == ("errtally-service", "project")  # it opens on a service, not on all
        assert (variable["multi"], variable["includeAll"]) == (True, not is_one)
        assert variable.get("allValue") == (None if is_one else ".+")
        assert variable["current"] == ({} if is_one else {"text": ["All"], "value": ["$__all"], "selected": True})
        assert re.match(r"label_values\((\{__name__=~\")?errtally_new_issues_total", variable["query"]["query"])
    asked = " ".join(_queries(dashboard))
    for variable in others:
        assert f"${variable['name']}" in asked, "a variable that no query reads"


@DASHBOARD
def test_every_dashboard_is_reached_from_every_other_with_time_and_choices_kept(dashboard: Json) -> None:
    among, issues, live = dashboard["links"]
    assert dashboard["tags"] == ["errtally"]
    assert (among["type"], among["tags"], among["includeVars"], among["keepTime"]) == (
        "dashboards", ["errtally"], True, True,
    )  # fmt: skip
    assert issues["url"] == "http://127.0.0.1:9765/"
    assert live["url"] == "http://127.0.0.1:9765/live"


@DASHBOARD
def test_links_to_dashboards_lead_to_one_that_there_is_and_set_variables_that_it_has(dashboard: Json) -> None:
    variables = {
        found["uid"]: {variable["name"] for variable in found["templating"]["list"]}
        for found in (json.loads(text) for text in FILES.values())
    }
    for url in re.findall(r'"url": "(/d/[^"]+)"', json.dumps(dashboard)):
        uid, _, rest = url.removeprefix("/d/").partition("?")
        assert rest.startswith("${__url_time_range}&${datasource:queryparam}"), "the time range is kept"
        assert set(re.findall(r"var-(\w+)=", rest)) <= variables[uid], url


@DASHBOARD
def test_links_of_a_cell_name_columns_that_the_table_has(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "table":
            headings = set(panel["transformations"][-1]["options"]["renameByName"].values())
            for name in re.findall(r"__data\.fields(?:\.(\w+)|\[.\"(\w[^\"]*)\"\])", json.dumps(panel)):
                assert "".join(name) in headings, panel["title"]


@DASHBOARD
def test_every_issue_in_a_table_leads_to_its_page(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "table":
            headings = panel["transformations"][-1]["options"]["renameByName"]
            for source in {"issue", "title"} & set(headings):
                links = [
                    link["url"]
                    for override in panel["fieldConfig"]["overrides"]
                    if override["matcher"]["options"] == headings[source]
                    for found in override["properties"]
                    if found["id"] == "links"
                    for link in found["value"]
                ]
                assert links[0].startswith("http://127.0.0.1:9765/issues/${__data.fields.Issue:percentencode}?"), panel


@DASHBOARD
def test_titles_of_panels_are_unique(dashboard: Json) -> None:
    titles = [panel["title"] for panel in grafana.panels(dashboard)]
    assert len(set(titles)) == len(titles)


@DASHBOARD
def test_colours_with_a_meaning_are_those_that_everyone_can_tell_apart(dashboard: Json) -> None:
    safe = {value for name, value in vars(colors).items() if name.isupper() and isinstance(value, str)}
    used = set(re.findall(r"#[0-9a-fA-F]{6}", json.dumps(dashboard)))
    assert used <= safe | set(map(colors.as_text, safe))


@DASHBOARD
def test_every_dashboard_marks_alerts_new_issues_and_deploys(dashboard: Json) -> None:
    marks = {found["name"]: found for found in dashboard["annotations"]["list"]}
    assert set(marks) == {"Alerts", "New issues", "Deploys"}
    assert marks["New issues"]["useValueForTime"] is True, "at the time of the first event"
    assert [name for name, mark in marks.items() if mark["enable"]] == ["Alerts", "Deploys"]
    assert "unless" in marks["Alerts"]["expr"], "where it began, no region as long as it fires"
    assert 'severity="critical"' in marks["Alerts"]["expr"]


@DASHBOARD
def test_the_dashboard_is_in_grafanas_present_model(dashboard: Json) -> None:
    assert dashboard["schemaVersion"] == 42
    assert dashboard["editable"] is False
    assert dashboard["graphTooltip"] == 1
    assert "time_options" not in dashboard["timepicker"]
    old = {"rows", "style", "hideControls", "sharedCrosshair", "gnetId", "__inputs", "id"}
    assert not old & set(dashboard)
    for panel in grafana.panels(dashboard):
        assert not {"span", "height", "editable", "error", "minSpan"} & set(panel)
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps")
        assert steps is None or steps[0]["value"] is None


@DASHBOARD
def test_time_ranges_and_refresh_are_those_asked_for(dashboard: Json) -> None:
    ranges = [found["from"] for found in dashboard["timepicker"]["quick_ranges"]]
    assert ranges == ["now-1h", "now-6h", "now-24h", "now-7d", "now-30d"]
    assert dashboard["refresh"] == "30s"


def test_the_error_rate_turns_red_where_the_alert_fires() -> None:
    text = "alerting: {rules: {HighErrorRate: {threshold: 0.2}}}"
    for given, limit in (("", 0.05), (text, 0.2)):
        steps = _panel("Error rate", given)["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert [step["value"] for step in steps] == [None, limit / 2, limit]
        assert steps[-1]["color"] == colors.RED


@pytest.mark.parametrize(
    ("name", "title", "rule", "given"),
    [
        pytest.param("overview.json", "Response time", "ResponseTimeDegradation", 2.5, id="response time"),
        pytest.param("service.json", "Error rate by environment", "HighErrorRate", 0.2, id="error rate"),
        pytest.param("exporter-health.json", "Memory", "MemoryUsageCritical", 0.7, id="memory"),
        pytest.param("exporter-health.json", "Free disk space", "DiskSpaceLow", 0.3, id="disk"),
    ],
)
def test_a_dashed_line_is_where_the_alert_fires(name: str, title: str, rule: str, given: float) -> None:
    panel = _panel(title, f"alerting: {{rules: {{{rule}: {{threshold: {given}}}}}}}", name)
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"][-1]["value"] == given
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_a_title_of_the_recent_errors_leads_to_the_issues_page_in_one_click() -> None:
    panel = _panel("Recent errors", "external_url: https://errors.example.com")
    (links,) = [
        found["value"]
        for override in panel["fieldConfig"]["overrides"]
        for found in override["properties"]
        if found["id"] == "links" and override["matcher"]["options"] == "Title"
    ]
    assert [link["url"] for link in links] == [
        "https://errors.example.com/issues/${__data.fields.Issue:percentencode}?project=${__data.fields.Project:percentencode}"
    ]


def test_a_bar_of_the_top_errors_leads_to_the_issues_page() -> None:
    page, _ = _panel("Top errors")["fieldConfig"]["defaults"]["links"]
    assert page["url"] == (
        "http://127.0.0.1:9765/issues/${__field.labels.issue:percentencode}"
        "?project=${__field.labels.project:percentencode}"
    )


def test_service_levels_read_the_recording_rules_of_the_configured_windows() -> None:
    text = "alerting: {rules: {HighErrorRate: {window: 7m}, ResponseTimeDegradation: {enabled: false}}}"
    document = config.parse(text, "f")
    dashboard = json.loads(build(document)["service-levels.json"])
    records = set(re.findall(r"project:errtally_\w+:\w+", json.dumps(dashboard)))
    recorded = yaml.safe_load(build_rules(document)["errtally.rules.yml"])["groups"][0]["rules"]
    assert records == {
        "project:errtally_service_requests:failure_ratio_rate7m",
        "project:errtally_service_requests:rate7m",
    }
    assert records <= {rule.get("record") for rule in recorded}
    assert "Response time" not in {panel["title"] for panel in dashboard["panels"]}, "it records nothing"


def test_graphs_of_requests_and_of_events_carry_exemplars() -> None:
    for title in ("Response time", "Errors and warnings"):
        assert [target["exemplar"] for target in _panel(title)["targets"]].count(True) == 1, "each dot once"
