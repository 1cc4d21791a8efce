"""Every query of every dashboard gives data when there is data, and the numbers that people act on are right."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow import grafana, shop
from tests.flow.beside import analyse, beside
from tests.flow.exporter import Exporter
from tests.flow.programs import free_port, prometheus
from tests.peers import peer
from tests.waiting import until

from errtally import config, names
from errtally.dashboards import queries
from errtally.dashboards.build import build as build_dashboards
from errtally.exporter.demo.recovery import CALLED
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.flow, pytest.mark.alone]

REPORT = Path(__file__).parents[2] / "build" / "dashboard-queries.md"
DEMO_SECONDS, DEMO_RATE = 25, 80
A_MINUTE = "what is measured is counted by the minute, and this scene may end before the first one does"
WITHOUT_DATA = {
    ("service-levels", "Burn rate [A]"): A_MINUTE,
    ("service-levels", "Burn rate [B]"): A_MINUTE,
    ("service-levels", "Error budget left [A]"): A_MINUTE,
    ("service-levels", "Error budget over time [A]"): A_MINUTE,
}
"""Queries that may rightly give nothing in this test."""
MARKS_OF_ALERTS = "annotation Alerts"
"""Marks where a critical alert begins, looked for by the minute; whether one does so within the scene depends on the
speed of the machine. `test_queries` holds the query itself."""

ALL = dict.fromkeys(("project", "environment", "instance", "service"), ".+") | {"transaction": ".*", "release": ".*"}


@dataclass(frozen=True)
class Rig:
    """What the tests of this file look at: traffic is over, everything is scraped."""

    exporter: Exporter
    prometheus: grafana.Prometheus
    dashboards: dict[str, grafana.Json]
    shown: grafana.Range
    values: dict[str, str]

    def number(self, expr: str) -> float:
        """Return the one value that a query gives at the end of the time range."""
        expr = grafana.interpolate(expr, self.values, self.shown, self.shown.step_seconds)
        (series,) = self.prometheus.instant(expr, self.shown.end)
        return float(series["value"][1])

    def by(self, label: str, expr: str) -> dict[str, float]:
        """Return the values of a query by one label."""
        expr = grafana.interpolate(expr, self.values, self.shown, self.shown.step_seconds)
        return {
            found["metric"][label]: float(found["value"][1]) for found in self.prometheus.instant(expr, self.shown.end)
        }

    def panel(self, dashboard: str, title: str) -> Any:
        """Return a panel by its title."""
        (found,) = [panel for panel in grafana.panels(self.dashboards[dashboard]) if panel["title"] == title]
        return found


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    peer("prometheus")
    folder = tmp_path_factory.mktemp("dashboards")
    (folder / "prometheus").mkdir()
    exporter = Exporter(folder)
    path = folder / "errtally.yml"
    path.write_text(yaml.safe_dump({"external_url": exporter.url, **shop.CONFIGURATION}))
    document = config.load(path)
    exporter = exporter.with_flags("--config", str(path))
    exporter.start()
    try:
        with (
            beside(folder) as others,
            prometheus(
                folder / "prometheus",
                shop.hurried(build_rules(document)),
                target=f"127.0.0.1:{exporter.port}",
                alertmanager_address=f"127.0.0.1:{free_port()}",
                beside=others,
            ) as address,
        ):
            server = grafana.Prometheus(address)
            _wait_for_a_scrape(server)
            time.sleep(6)  # what is there at the first step of an annotation counts as known before
            start = time.time()
            shop.run(exporter, DEMO_SECONDS, DEMO_RATE)
            time.sleep(2.5)  # two scrapes
            shown = grafana.Range(start - 2, time.time())
            found = exporter.get_json("/api/issues?status=regressed")["issues"]
            regressed = [issue for issue in found if shop.COMES_BACK in issue["title"]]
            assert regressed, "a resolved issue must have come back for the issue dashboard to show it"
            files = build_dashboards(document)
            yield Rig(
                exporter,
                server,
                {name.removesuffix(".json"): json.loads(text) for name, text in files.items()},
                shown,
                {**ALL, "issue": regressed[0]["issue"]},
            )
    finally:
        exporter.stop()


def _wait_for_a_scrape(server: grafana.Prometheus) -> None:
    until(lambda: server.instant(names.UP.name, time.time()), "Prometheus does not scrape")


def test_every_query_gives_data_and_not_only_nan(rig: Rig) -> None:
    lines = ["| dashboard | panel | series | last value | query |", "| --- | --- | --- | --- | --- |"]
    empty: list[tuple[str, str]] = []
    for name, dashboard in rig.dashboards.items():
        for query in grafana.queries(name, dashboard, rig.shown):
            found = rig.prometheus.series_of(query, rig.values, rig.shown)
            numbers = [value for series in found for value in series if not math.isnan(value)]
            last = f"{numbers[-1]:.6g}" if numbers else WITHOUT_DATA.get((name, query.place), "EMPTY")
            expr = query.expr.replace("|", "\\|")
            lines.append(f"| {name} | {query.place} | {len(found)} | {last} | `{expr}` |")
            if not numbers and query.place != MARKS_OF_ALERTS:
                empty.append((name, query.place))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n")
    assert set(empty) <= set(WITHOUT_DATA), f"see {REPORT}"


def test_every_variable_offers_a_choice(rig: Rig) -> None:
    for name, dashboard in rig.dashboards.items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                found = rig.prometheus.variable(variable["query"]["query"], rig.values, rig.shown)
                assert found, f"{name}: {variable['name']}"


def test_the_issue_variable_shows_titles_and_holds_fingerprints(rig: Rig) -> None:
    (variable,) = [found for found in rig.dashboards["issue"]["templating"]["list"] if found["name"] == "issue"]
    regex = re.compile(variable["regex"].removeprefix("/").removesuffix("/g").replace("(?<", "(?P<"))
    issues = {issue["issue"] for issue in rig.exporter.get_json("/api/issues?limit=200")["issues"]}
    for option in rig.prometheus.variable(variable["query"]["query"], rig.values, rig.shown):
        groups: dict[str, str] = {}
        for match in regex.finditer(option):
            groups |= {name: value for name, value in match.groupdict().items() if value is not None}
        assert groups["value"] in issues
        assert groups["text"]


def test_total_errors_are_what_the_exporter_counted(rig: Rig) -> None:
    (target,) = rig.panel("overview", "Total errors")["targets"]
    counted = sum(rig.exporter.total(names.EVENTS, level=level) for level in names.ERROR_LEVELS)
    assert counted > 0  # how many depends on the speed of the machine
    assert rig.number(target["expr"]) == counted


def test_the_bars_of_errors_and_warnings_add_up_to_what_the_exporter_counted(rig: Rig) -> None:
    (target,) = rig.panel("overview", "Errors and warnings")["targets"]
    expr = grafana.interpolate(target["expr"], rig.values, rig.shown, 3)
    for series in rig.prometheus.over_time(expr, rig.shown, 3):
        level = series["metric"]["level"]
        drawn = sum(float(value) for _, value in series["values"])
        at_the_last_step = rig.prometheus.instant(
            f'sum({names.ISSUE_EVENTS.name}{{level="{level}"}})', series["values"][-1][0]
        )
        assert drawn == float(at_the_last_step[0]["value"][1])
        assert drawn == pytest.approx(rig.exporter.total(names.ISSUE_EVENTS, level=level), abs=2)


def test_affected_users_are_those_of_the_exporter(rig: Rig) -> None:
    (target,) = rig.panel("overview", "Affected users, 24h")["targets"]
    users = rig.exporter.total(names.USERS_AFFECTED, window="24h")
    assert users > 10
    assert rig.number(target["expr"]) == users


def test_the_error_rate_is_that_of_the_requests(rig: Rig) -> None:
    failed = rig.exporter.total(names.REQUESTS, status_class="5xx")
    served = rig.exporter.total(names.REQUESTS)
    assert rig.number(queries.error_rate_of_range()) == pytest.approx(failed / served, rel=1e-9)
    (target,) = rig.panel("overview", "Error rate")["targets"]
    over_all = target["expr"].replace("$__rate_interval", "$__range")
    # rate() does not see the first failure of each transaction.
    first = len({labels for (name, labels) in rig.exporter.series() if name == names.REQUESTS.name})
    assert rig.number(over_all) == pytest.approx(failed / served, abs=first / served)


def test_the_95th_percentile_is_that_of_the_buckets(rig: Rig) -> None:
    buckets: dict[float, float] = {}
    for (name, labels), value in rig.exporter.series().items():
        if name == f"{names.REQUEST_DURATION.name}_bucket":
            bound = float(dict(labels)["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value
    expr = queries.quantile_of_range(0.95, queries.of(names.REQUEST_DURATION, suffix="_bucket"))
    assert rig.number(expr) == pytest.approx(_quantile(0.95, buckets), rel=0.1)


def _quantile(share: float, buckets: dict[float, float]) -> float:
    """Interpolate within the bucket as Prometheus does."""
    bounds = sorted(buckets)
    rank = share * buckets[bounds[-1]]
    index = next(index for index, bound in enumerate(bounds) if buckets[bound] >= rank)
    lower, below = (bounds[index - 1], buckets[bounds[index - 1]]) if index else (0.0, 0.0)
    return lower + (bounds[index] - lower) * (rank - below) / (buckets[bounds[index]] - below)


def test_the_apdex_is_that_of_the_zones(rig: Rig) -> None:
    zones = {zone: rig.exporter.total(names.APDEX_REQUESTS, zone=zone) for zone in names.APDEX_ZONES}
    expected = (zones["satisfied"] + zones["tolerating"] / 2) / sum(zones.values())
    assert rig.number(queries.apdex_of_range()) == pytest.approx(expected, rel=1e-9)
    (target,) = rig.panel("performance", "Apdex")["targets"]
    assert rig.number(target["expr"].replace("$__rate_interval", "$__range")) == pytest.approx(expected, abs=0.03)


def test_the_crash_free_rate_tells_the_bad_release_from_the_good_one(rig: Rig) -> None:
    target = next(t for t in rig.panel("releases", "Releases")["targets"] if t["refId"] == "B")
    rates = rig.by("release", target["expr"])
    # What the shop sends, and a report of the demo when each of the same two releases is out: 402 sessions that went
    # well, or nearly, and those that crashed, eight of the broken release. A further report is due after 20 s only.
    started = {shop.BEFORE: 136 + 131 + 402 + 8, shop.AFTER: 128 + 402 + 1}
    crashed = {shop.BEFORE: 9 + 4 + 8, shop.AFTER: 1 + 1}
    for release, sessions in started.items():
        assert rig.exporter.total(names.SESSIONS, release=release, status="started") == sessions
        assert rates[release] == pytest.approx(1 - crashed[release] / sessions)


def test_recoveries_are_what_the_application_counted(rig: Rig) -> None:
    now = rig.shown.end
    for title, selector in (
        ("Failed calls", names.RECOVERIES.name),
        ("Refused calls", names.BREAKER_REFUSED.name),
    ):
        (target,) = rig.panel("recovery", title)["targets"]
        (counted,) = rig.prometheus.instant(f"sum({selector})", now)
        (before,) = rig.prometheus.instant(f"sum({selector} offset {round(now - rig.shown.start)}s) or vector(0)", now)
        grown = float(counted["value"][1]) - float(before["value"][1])
        assert grown > 10
        assert rig.number(target["expr"]) == grown, title
    (helped,) = rig.panel("recovery", "Helped")["targets"]
    by_outcome = {
        found["metric"]["outcome"]: float(found["value"][1])
        for found in rig.prometheus.instant(f"sum by (outcome) ({names.RECOVERIES.name})", now)
    }
    assert set(by_outcome) == set(names.RECOVERY_OUTCOMES)
    share = 1 - by_outcome["failed"] / sum(by_outcome.values())
    assert rig.number(helped["expr"]) == pytest.approx(share, abs=0.05)


def test_what_an_application_pushes_stands_beside_what_is_scraped(rig: Rig) -> None:
    targets = {target["refId"]: target["expr"] for target in rig.panel("recovery", "Services")["targets"]}
    refused = rig.by("service", targets["E"])
    assert refused[shop.PUSHED] == shop.PUSHED_REFUSALS
    assert refused["payments"] > 10
    of_the_demo = dict.fromkeys(CALLED.values(), 0)
    assert rig.by("service", targets["A"]) == {shop.PUSHED: 0, "payments": 0, "prices": 0, **of_the_demo}
    (memory,) = rig.panel("recovery", "Memory of processes")["targets"]
    found = rig.by("process", memory["expr"])
    assert found.pop("worker/host:7") == 5e7
    assert {f"{project}-1" for project in CALLED} < set(found)
    assert len(found) == 1 + len(CALLED), "beside them the scraped one, by its address"


def test_the_history_of_a_breaker_shows_that_it_opened_tried_and_closed_again(rig: Rig) -> None:
    (target,) = rig.panel("recovery", "Circuit breakers")["targets"]
    expr = grafana.interpolate(target["expr"], rig.values, rig.shown, 1)
    states = {
        found["metric"]["service"]: [int(float(value)) for _, value in found["values"]]
        for found in rig.prometheus.over_time(expr, rig.shown, 1)
    }
    assert set(states["prices"]) == {1}, "closed"
    assert 3 in states["payments"]
    assert states["payments"][0] == states["payments"][-1] == 1
    assert states[shop.PUSHED][0] == 3
    assert states[shop.PUSHED][-1] == 1


def test_code_health_is_what_the_analyser_reported(rig: Rig, tmp_path: Path) -> None:
    report = json.loads(analyse(tmp_path, "json").read_text())
    (target,) = rig.panel("code-health", "Findings")["targets"]
    assert rig.number(target["expr"]) == len(report["findings"]) > 3
    (target,) = rig.panel("code-health", "Files not read")["targets"]
    assert rig.number(target["expr"]) == 1
    targets = {target["refId"]: target["expr"] for target in rig.panel("code-health", "Projects")["targets"]}
    lines = sum(report["lines"].values())
    assert rig.by("project", targets["B"]) == {"checkout": lines}
    per_thousand = rig.by("project", targets["D"])["checkout"]
    assert per_thousand == pytest.approx(1000 * len(report["findings"]) / lines)


def test_a_deploy_is_marked_when_its_release_reports_its_first_session(rig: Rig) -> None:
    (mark,) = [m for m in rig.dashboards["overview"]["annotations"]["list"] if m["name"] == "Deploys"]
    expr = grafana.interpolate(mark["expr"], rig.values, rig.shown, 5)
    first = {s["metric"]["release"]: s["values"][0][0] for s in rig.prometheus.over_time(expr, rig.shown, 1)}
    assert first[shop.BEFORE] < first[shop.AFTER]
    assert first[shop.AFTER] - first[shop.BEFORE] == pytest.approx(0.7 * DEMO_SECONDS, abs=4)


def test_an_exemplar_leads_to_the_page_of_its_event(rig: Rig) -> None:
    targets = [
        (panel["title"], target)
        for dashboard in rig.dashboards.values()
        for panel in grafana.panels(dashboard)
        for target in panel["targets"]
        if target["exemplar"]
    ]
    assert {"Errors and warnings", "Response time"} <= {title for title, _ in targets}
    for title, target in targets:
        expr = grafana.interpolate(target["expr"], rig.values, rig.shown, rig.shown.step_seconds)
        found = rig.prometheus.ask(
            "query_exemplars", query=expr, start=f"{rig.shown.start - 60:.3f}", end=f"{rig.shown.end:.3f}"
        )
        assert found, title
        labels = {**found[0]["seriesLabels"], **found[0]["exemplars"][-1]["labels"]}
        assert len(labels["trace_id"]) == 32
        if "event_id" in labels:
            # By its id alone, as the data source's link has it: a 404 would raise.
            page = rig.exporter.get(f"/events/{labels['event_id']}").decode()
            assert f"/issues/{labels['issue']}" in page, title
