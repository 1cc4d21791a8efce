"""Where things lead: between dashboards with what was chosen kept, and to the exporter's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafanalib.core import DashboardLink

from errtally import names
from errtally.rules.annotations import OVERVIEW_UID

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting

TAG = "errtally"
OVERVIEW = OVERVIEW_UID
SERVICE, ISSUE, PERFORMANCE = names.SERVICE_DASHBOARD, names.ISSUE_DASHBOARD, "errtally-performance"
LEVELS, ALERTING, RELEASES, HEALTH = (
    "errtally-service-levels",
    "errtally-alerting",
    "errtally-releases",
    "errtally-exporter-health",
)

_KEPT = "${__url_time_range}&${datasource:queryparam}"
Link = dict[str, Any]


def dashboard_links(alerting: Alerting) -> list[DashboardLink]:
    """Return the bar at the top of every dashboard: the other ones, and the exporter's list of issues."""
    return [
        DashboardLink(
            title="errtally", type="dashboards", tags=[TAG], asDropdown=True, includeVars=True, keepTime=True
        ),
        DashboardLink(
            title="Issues",
            type="link",
            uri=f"{alerting.external_url}/",
            icon="external link",
            tooltip="Stack traces, sample events, resolve and ignore",
            targetBlank=True,
            keepTime=False,
            includeVars=False,
        ),
    ]


def issue_page(alerting: Alerting, issue: str, project: str) -> Link:
    """Return the link to an issue's page: stack trace, samples, users.

    Args:
        alerting: knows where the exporter is.
        issue: Grafana's expression for the value of the label ``issue``.
        project: the same for the project: two projects may have an issue of the same name.
    """
    url = f"{alerting.external_url}/issues/{_encoded(issue)}?project={_encoded(project)}"
    return {"title": "Stack trace, samples, users", "url": url, "targetBlank": True}


def dashboard(title: str, uid: str, **variables: str) -> Link:
    """Return a link to another dashboard with the time kept and variables set to Grafana's expressions."""
    chosen = "".join(f"&var-{name}={_encoded(value)}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?{_KEPT}{chosen}"}


def runbook(alerting: Alerting) -> Link:
    """Return the link from an alert's name to its runbook."""
    return {
        "title": "Runbook",
        "url": f"{alerting.runbook_base_url}/${{__value.text:percentencode}}",
        "targetBlank": True,
    }


def column(name: str) -> str:
    """Return Grafana's expression for a cell of the same row; a name with a space needs brackets."""
    return f"${{__data.fields.{name}}}" if name.isidentifier() else f'${{__data.fields["{name}"]}}'


def label(name: str) -> str:
    """Return Grafana's expression for a label of the series that was clicked."""
    return f"${{__field.labels.{name}}}"


def _encoded(expression: str) -> str:
    return f"{expression.removesuffix('}')}:percentencode}}"
