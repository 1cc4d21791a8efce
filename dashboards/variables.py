"""The choices at the top of a dashboard. Each is offered only where the dashboard's series have its label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafanalib.core import Template

from errtally import names
from errtally.dashboards import processes, queries
from errtally.dashboards.panels import DATASOURCE

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.names import Metric


def datasource(alerting: Alerting) -> Template:
    """Return the choice of the Prometheus; it makes an import by hand work without an edit."""
    return Template(
        name="datasource",
        label="Data source",
        type="datasource",
        query="prometheus",
        default=alerting.grafana.datasource,
    )


def base(alerting: Alerting, *more: Metric) -> list[Template]:
    """Return the choices that every dashboard has; projects are also those of ``more`` series."""
    # These counters exist at 0 before the first error, so the lists are filled from the start.
    projects = names.NEW_ISSUES.name
    if more:
        projects = f'{{__name__=~"{"|".join(metric.name for metric in (names.NEW_ISSUES, *more))}"}}'
    return [
        datasource(alerting),
        several("project", "Project", f"label_values({projects}, project)"),
        several(
            "environment",
            "Environment",
            f'label_values({names.NEW_ISSUES.name}{{project=~"$project"}}, environment)',
        ),
    ]


def one_project(alerting: Alerting) -> list[Template]:
    """Return the same choices; one project is chosen at first, and there is none that stands for all."""
    source, _, environment = base(alerting)
    found = Template(
        name="project",
        label="Project",
        query=f"label_values({names.NEW_ISSUES.name}, project)",
        dataSource=DATASOURCE,
        multi=True,  # Grafana escapes a name within a regular expression only then
    )
    found._current = {}  # noqa: SLF001 (no argument sets it)
    return [source, found, environment]


def transaction() -> Template:
    """Return the choice of transactions; all of them takes in those without a name."""
    return several("transaction", "Transaction", f"label_values({queries.of(names.REQUESTS)}, transaction)", every=".*")


def release() -> Template:
    """Return the choice of releases."""
    return several("release", "Release", f"label_values({queries.of(names.SESSIONS)}, release)", every=".*")


def called_service() -> Template:
    """Return the choice of services that applications call through errtally's recovery."""
    # An application without a breaker has only the second.
    reporting = f'__name__=~"{names.BREAKER_STATE.name}|{names.RECOVERIES.name}"'
    found = ", ".join([reporting, *processes.scope()])
    return several("service", "Called service", f"label_values({{{found}}}, service)")


def instance() -> Template:
    """Return the choice of exporters."""
    return several("instance", "Exporter", f"label_values({names.UP.name}, instance)")


def issue() -> Template:
    """Return the choice of one issue: its title is shown, its fingerprint is the value."""
    found = Template(
        name="issue",
        label="Issue",
        query=f"query_result(topk(500, {queries.of(names.ISSUE_INFO)}))",
        regex='/issue="(?<value>[^"]*)|title="(?<text>[^"]*)/g',
        dataSource=DATASOURCE,
    )
    found._current = {}  # noqa: SLF001 (no argument sets it); the first one is chosen
    return found


def several(name: str, label: str, query: str, *, every: str = ".+") -> Template:
    """Return a choice of several values, of all at first."""
    chosen: dict[str, Any] = {"dataSource": DATASOURCE, "includeAll": True, "multi": True, "allValue": every}
    found = Template(name=name, label=label, query=query, **chosen)
    found._current = {"selected": True, "text": ["All"], "value": ["$__all"]}  # noqa: SLF001 (no argument sets it)
    return found
