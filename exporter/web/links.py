"""Where the pages lead: Grafana's dashboards, and for an alert its Alertmanager, its source and its runbook. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from errtally import names
from errtally.exporter.web import runbooks

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN_LABELS = ("environment", "transaction", "release", "monitor", "instance", "team")
_SAFE_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page; ``url`` is of this exporter, or of http or https."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert that fires, or did.

    Attributes:
        ends_at: None while it fires.
        issue: the issue that it is about, "" when it is about none.
        labels: those that tell it from others, name and value.
    """

    name: str
    severity: str
    summary: str
    starts_at: float
    ends_at: float | None
    project: str
    issue: str
    labels: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]


def dashboards(grafana_url: str, project: str, fingerprint: str = "") -> tuple[Link, ...]:
    """Return the links to Grafana: of an issue and of its service. None when it is not told where Grafana is."""
    if not grafana_url:
        return ()
    service = Link("Service in Grafana", _dashboard(grafana_url, names.SERVICE_DASHBOARD, project=project))
    if not fingerprint:
        return (service,)
    issue = _dashboard(grafana_url, names.ISSUE_DASHBOARD, project=project, issue=fingerprint)
    return (Link("Issue in Grafana", issue), service)


def alert(stored: Mapping[str, Any], base: str = "") -> AlertView:
    """Return an alert as a page shows it.

    Args:
        stored: what `errtally.exporter.store.alerts` gives.
        base: the path below which a proxy puts this exporter, "" without one.
    """
    labels = stored["labels"]
    return AlertView(
        name=stored["name"],
        severity=stored["severity"],
        summary=stored["summary"],
        starts_at=stored["starts_at"],
        ends_at=stored["ends_at"],
        project=str(labels.get("project", "")),
        issue=str(labels.get("issue", "")),
        labels=tuple((name, str(labels[name])) for name in _SHOWN_LABELS if labels.get(name)),
        links=_alert_links(stored["name"], stored["links"], base),
    )


def _alert_links(name: str, told: Mapping[str, Any], base: str) -> tuple[Link, ...]:
    # Checked when they came in, and again here: what is in the store may be older than the check.
    known = {kind: url for kind, url in told.items() if isinstance(url, str) and url.startswith(_SAFE_SCHEMES)}
    found = []
    if runbooks.page(name) is not None:
        found.append(Link("Runbook", f"{base}/runbooks/{name}"))
    elif "runbook" in known:
        found.append(Link("Runbook", known["runbook"]))
    if "alertmanager" in known:
        chosen = quote(f'{{alertname="{_quoted(name)}"}}', safe="")
        found.append(Link("Alertmanager", f"{known['alertmanager'].rstrip('/')}/#/alerts?filter={chosen}"))
    if "source" in known:
        found.append(Link("Prometheus", known["source"]))
    return tuple(found)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _dashboard(grafana_url: str, uid: str, **variables: str) -> str:
    return f"{grafana_url}/d/{uid}?{urlencode({f'var-{name}': value for name, value in variables.items()})}"
