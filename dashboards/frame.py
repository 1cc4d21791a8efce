"""What all dashboards have in common: refresh, time ranges, links, marks, and that they are not edited in Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafanalib.core import Annotations, Dashboard, Templating, Time, TimePicker

from errtally.dashboards.layout import flow
from errtally.dashboards.links import TAG, dashboard_links
from errtally.dashboards.marks import marks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grafanalib.core import Template

    from errtally.config.alerting import Alerting
    from errtally.dashboards.layout import Section
    from errtally.dashboards.panels import KindPanel

TIME_RANGES = ("1h", "6h", "24h", "7d", "30d")


def framed(
    alerting: Alerting,
    *,
    uid: str,
    title: str,
    description: str,
    variables: list[Template],
    parts: Iterable[KindPanel | Section],
) -> Dashboard:
    """Return a dashboard of panels and sections, which are placed in the order given."""
    return Dashboard(
        uid=uid,
        title=f"errtally / {title}",
        description=description,
        tags=[TAG],
        timezone="browser",
        editable=False,
        refresh=alerting.grafana.refresh,
        sharedCrosshair=True,
        time=Time("now-1h", "now"),
        timePicker=TimePicker(refreshIntervals=["10s", "30s", "1m", "5m"], timeOptions=list(TIME_RANGES)),
        templating=Templating(variables),
        annotations=Annotations(marks()),
        links=dashboard_links(alerting),
        panels=flow(parts),
    ).auto_panel_ids()
