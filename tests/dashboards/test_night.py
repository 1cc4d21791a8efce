"""Someone is woken by an alert and is at the right stack trace in three clicks: the links of the built files, walked.

Grafana's own part is played here: it keeps the time range and the variables of the address it is called by, puts cells
and labels into links, and chooses a variable's value where the address has it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from tests.flow import grafana

from errtally import config, names
from errtally.config.alerting import alerting
from errtally.dashboards.build import build
from errtally.rules import annotations
from errtally.rules.alerts import ALERTS
from errtally.rules.boards import BOARDS
from errtally.rules.settings import enabled_rules

DOCUMENT = config.parse(
    """
external_url: https://errors.example.com
grafana: {url: "https://grafana.example.com"}
alerting: {monitors: [{monitor: "*", interval: 1d}]}
""",
    "f",
)
SETTINGS = alerting(DOCUMENT)
FILES = {found["uid"]: found for found in map(json.loads, build(DOCUMENT).values())}
RANGE = {"from": ["1700000000000"], "to": ["now"]}
ISSUE = {"project": "shop & co", "environment": "production", "issue": "3f2a9c81d07b"}
PAGE = "https://errors.example.com/issues/3f2a9c81d07b?project=shop%20%26%20co"
Json = dict[str, Any]


def _sent(alert: str, labels: dict[str, str]) -> str:
    """The dashboard's address in a notification: Prometheus' template, with the time that Alertmanager puts in."""
    (rule, settings) = next(
        (rule, settings) for rule, settings in enabled_rules(SETTINGS).items() if rule.name == alert
    )
    firing = next(firing for case in rule.cases(settings) for check in case.checks for firing in check.firing)
    firing = type(firing)({**{label: labels[label] for label in firing.labels if label in labels}}, "1", firing.texts)
    url = annotations.expected(rule, settings, SETTINGS, firing)["dashboard_url"]
    return re.sub("from=now-[^&]+&to=now", "from=1700000000000&to=now", url)


def _open(url: str) -> tuple[Json, dict[str, list[str]]]:
    """The dashboard at an address and what the address chooses in it; the time range is kept."""
    parts = urlsplit(url)
    chosen = parse_qs(parts.query)
    assert {name: chosen.pop(name) for name in RANGE} == RANGE, "the time of the alert is shown"
    dashboard = FILES[parts.path.removeprefix("/d/")]
    known = {f"var-{variable['name']}" for variable in dashboard["templating"]["list"]}
    assert set(chosen) <= known, "a choice that the dashboard does not have"
    return dashboard, chosen


def _followed(link: Json, values: dict[str, str], chosen: dict[str, list[str]]) -> str:
    """A link with what Grafana puts in: the time, the data source, and values of the row or series that is clicked."""
    url = link["url"].replace("${__url_time_range}", "from=1700000000000&to=now")
    url = re.sub(
        r"\$\{(\w+):queryparam\}",
        lambda found: f"var-{found[1]}={quote(chosen.get(f'var-{found[1]}', ['$__all'])[0], safe='')}",
        url,
    )
    url = re.sub(
        r"\$\{__(?:data\.fields\.(\w+)|field\.labels\.(\w+)):percentencode\}",
        lambda found: quote(values[(found[1] or found[2]).lower()], safe=""),
        url,
    )
    assert "${" not in url
    return url


def _panel(dashboard: Json, title: str) -> Json:
    (found,) = [panel for panel in grafana.panels(dashboard) if panel["title"] == title]
    return found


def _links(panel: Json, column: str) -> list[Json]:
    return [
        link
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == column
        for found in override["properties"]
        if found["id"] == "links"
        for link in found["value"]
    ]


def _query_reads_choices(panel: Json, chosen: dict[str, list[str]]) -> bool:
    """Whether what the address chooses narrows the panel's query."""
    expr = panel["targets"][0]["expr"]
    return all(f"${name.removeprefix('var-')}" in expr for name in chosen if name != "var-datasource")


def test_an_alert_about_an_issue_is_two_clicks_from_its_stack_trace() -> None:
    dashboard, chosen = _open(_sent("NewIssue", ISSUE))  # the first click
    assert dashboard["uid"] == "errtally-issue"
    assert chosen == {f"var-{name}": [value] for name, value in ISSUE.items()}
    panel = _panel(dashboard, "What it is")
    assert _query_reads_choices(panel, chosen)
    (page,) = _links(panel, "Title")
    assert _followed(page, ISSUE, chosen) == PAGE  # the second


@pytest.mark.parametrize("panel", ["Recent errors", "Top errors"])
def test_an_alert_about_a_service_is_two_clicks_from_the_stack_trace_of_its_newest_error(panel: str) -> None:
    dashboard, chosen = _open(_sent("HighErrorRate", ISSUE))
    assert chosen == {"var-project": [ISSUE["project"]], "var-environment": [ISSUE["environment"]]}
    found = _panel(dashboard, panel)
    assert _query_reads_choices(found, chosen)
    links = _links(found, "Title") or found["fieldConfig"]["defaults"]["links"]
    assert _followed(links[0], ISSUE, chosen) == PAGE


def test_by_way_of_the_dashboard_of_the_issue_it_is_three_clicks_with_time_and_choices_kept() -> None:
    overview, chosen = _open(_sent("HighErrorRate", ISSUE))
    chosen |= {"var-datasource": ["Mimir"]}
    own = next(link for link in _links(_panel(overview, "Recent errors"), "Issue") if link["url"].startswith("/d/"))
    issue, chosen = _open("https://grafana.example.com" + _followed(own, ISSUE, chosen))
    assert issue["uid"] == "errtally-issue"
    assert chosen == {"var-datasource": ["Mimir"], **{f"var-{name}": [value] for name, value in ISSUE.items()}}
    (page,) = _links(_panel(issue, "What it is"), "Title")
    assert _followed(page, ISSUE, chosen) == PAGE


def test_an_alert_of_requests_is_three_clicks_away_by_the_service() -> None:
    performance, chosen = _open(_sent("ResponseTimeDegradation", ISSUE))
    (link,) = _links(_panel(performance, "Transactions"), "Project")
    service, chosen = _open("https://grafana.example.com" + _followed(link, ISSUE, chosen))
    assert chosen["var-project"] == [ISSUE["project"]]
    assert chosen["var-environment"] == [ISSUE["environment"]], "the table has no environments: the choice is kept"
    (page,) = _links(_panel(service, "New issues"), "Title")
    assert _followed(page, ISSUE, chosen) == PAGE


def test_a_row_of_the_services_leads_to_that_service_in_that_environment() -> None:
    overview, chosen = _open(_sent("HighErrorRate", {**ISSUE, "environment": "staging"}))
    (link,) = _links(_panel(overview, "Services"), "Project")
    _, chosen = _open("https://grafana.example.com" + _followed(link, ISSUE, chosen))
    assert chosen["var-environment"] == ["production"]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in enabled_rules(SETTINGS)])
def test_every_alert_leads_to_a_dashboard_that_there_is_with_its_labels_chosen(rule: Any) -> None:
    dashboard, chosen = _open(_sent(rule.name, dict.fromkeys(rule.labels, "a value")))
    assert dashboard["uid"] == rule.board.uid
    assert set(chosen) >= {f"var-{label}" for label in set(rule.labels) & {*names.BASE_LABELS, "issue", "instance"}}
    assert all(value == ["a value"] for value in chosen.values())


def test_an_alert_about_new_issues_of_a_service_as_a_whole_leads_to_the_overview() -> None:
    scope = {name: ISSUE[name] for name in names.BASE_LABELS}
    dashboard, chosen = _open(_sent("NewIssue", {**scope, "issue": ""}))
    assert dashboard["uid"] == "errtally-overview"
    assert set(chosen) == {"var-project", "var-environment"}


def test_boards_that_alerts_know_are_the_dashboards_with_their_variables() -> None:
    assert {board.uid for board in BOARDS} == set(FILES)
    for board in BOARDS:
        variables = {variable["name"] for variable in FILES[board.uid]["templating"]["list"]}
        assert variables == {"datasource", *board.variables}


def test_only_rules_that_are_told_of_have_an_alert_to_walk_from() -> None:
    assert {rule.name for rule in enabled_rules(SETTINGS)} == {rule.name for rule in ALERTS}


def test_the_bar_of_every_dashboard_leads_to_the_others_and_to_the_exporters_pages() -> None:
    for dashboard in FILES.values():
        urls = [link.get("url", "") for link in dashboard["links"]]
        assert urls[1:] == ["https://errors.example.com/", "https://errors.example.com/live"]
        assert dashboard["links"][0]["keepTime"]
        assert dashboard["links"][0]["includeVars"]
