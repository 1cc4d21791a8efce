"""Marks in the graphs of every dashboard: where critical alerts began, deploys, and new issues when asked for.

A mark must not hide what it marks: an alert is a line where it began, not a region as long as it fires, and issues, of
which a bad minute brings dozens, are off until somebody switches them on.
"""

from __future__ import annotations

from typing import Any

from errtally import names
from errtally.dashboards import queries
from errtally.dashboards.colors import BLUE, PINK, PURPLE
from errtally.dashboards.panels import DATASOURCE

_STEP = "60s"
Mark = dict[str, Any]


def marks() -> list[Mark]:
    """Return the annotations; each can be switched off at the top of the dashboard."""
    # Only those of the range: an event outside of it would be asked for at every step and not be drawn.
    first_seen = f"({queries.of(names.ISSUE_FIRST_SEEN)} > time() - $__range_s) * 1000"
    return [
        _mark(
            "Alerts", PURPLE, queries.began(f'severity="{names.SEVERITIES[0]}"'), title="{{alertname}} began",
            text="{{project}} {{environment}} {{instance}}", tags="severity",
        ),
        _mark(
            "New issues", PINK, first_seen, title="New issue {{issue}}", text="{{project}} {{environment}}",
            is_moment=True, is_on=False,
        ),
        _mark(
            "Deploys", BLUE, queries.deploys(), title="{{release}} is out", text="{{project}} {{environment}}",
            tags="project",
        ),
    ]  # fmt: skip


def _mark(
    name: str,
    color: str,
    expr: str,
    *,
    title: str,
    text: str,
    tags: str = "",
    is_moment: bool = False,
    is_on: bool = True,
) -> Mark:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": is_on,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "titleFormat": title,
        "textFormat": text,
        **({"tagKeys": tags} if tags else {}),
        **({"useValueForTime": True} if is_moment else {}),
        "step": _STEP,
        "target": {"refId": name.lower().replace(" ", "-"), "expr": expr, "interval": _STEP},
    }
