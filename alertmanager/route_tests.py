"""Tests of the routing tree: a table of alerts and the receivers that must hear of each.

The expectations come from what is configured, not from the tree, so that the two can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.alertmanager.receivers import DEFAULT, EXPORTER, HEARTBEAT, QUIET, Audience, audiences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting

_SCOPE = {"project": "-nobody's-", "environment": "production"}


@dataclass(frozen=True, slots=True)
class RouteTest:
    """An alert with ``labels`` goes to ``receivers``, in the order of the routes."""

    name: str
    labels: Mapping[str, str]
    receivers: tuple[str, ...]

    def arguments(self) -> list[str]:
        """Return the arguments of ``amtool config routes test`` behind the file's name."""
        return [
            f"--verify.receivers={','.join(self.receivers)}",
            *label_arguments(self.labels),
        ]


def label_arguments(labels: Mapping[str, str]) -> list[str]:
    """Return labels as amtool reads them in every version: with the value in quotes."""
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in labels.items()}
    return [f'{name}="{value}"' for name, value in escaped.items()]


_WANTED: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("a critical rule pages", {"severity": "critical", "channels": "slack,pagerduty"}, ("slack", "pagerduty")),
    ("a warning goes to chat", {"severity": "warning", "channels": "slack"}, ("slack",)),
    ("a rule reaches chat and mail", {"severity": "warning", "channels": "slack,email"}, ("slack", "email")),
    (
        "a rule reaches every channel",
        {"severity": "info", "channels": "slack,pagerduty,email"},
        ("slack", "pagerduty", "email"),
    ),
    ("a critical alert of another rule file pages", {"severity": "critical"}, ("slack", "pagerduty")),
    ("a warning of another rule file goes to chat", {"severity": "warning"}, ("slack",)),
    ("what happened once is told once", {"alertname": "NewIssue", "channels": "slack,email"}, ("slack", "email")),
    ("an alert without severity is not lost", {}, ()),
    ("an unknown channel is not lost", {"severity": "critical", "channels": "carrier-pigeon"}, ()),
)


def route_tests(alerting: Alerting) -> list[RouteTest]:
    """Return the table for the channels that are configured."""
    configured = alerting.channels.configured
    first = (EXPORTER,) if alerting.channels.exporter else ()
    webhook = ("webhook",) if alerting.channels.webhook else ()
    tests = [
        RouteTest(
            name,
            {"alertname": "HighErrorRate", **_SCOPE, **labels},
            first
            + webhook
            + (tuple(_told(labels, channel) for channel in wanted if channel in configured) or (DEFAULT,)),
        )
        for name, labels, wanted in _WANTED
    ]
    tests += [test for audience in audiences(alerting) if audience.team for test in _team_tests(audience, first)]
    watchdog = HEARTBEAT if alerting.channels.heartbeat else QUIET
    return [
        *tests,
        RouteTest("the watchdog tells no person", {"alertname": "Watchdog", "severity": "none"}, (watchdog,)),
    ]


def _told(labels: Mapping[str, str], channel: str) -> str:
    return f"{channel}-events" if labels.get("alertname") == "NewIssue" else channel


def _team_tests(audience: Audience, first: tuple[str, ...]) -> list[RouteTest]:
    """A team's alerts reach its own receivers, whether a rule says whose they are or only the project does."""
    team = audience.team
    assert team is not None
    machine = (audience.receiver("webhook"),) if audience.channels.webhook else ()
    told = tuple(audience.receiver(name) for name in ("slack", "pagerduty") if name in audience.channels.configured)
    receivers = first + machine + (told or (audience.fallback,))
    labels = {"alertname": "HighErrorRate", "severity": "critical", "channels": "slack,pagerduty"}
    project = team.projects[0].replace("*", "a").replace("?", "a")
    tests = [RouteTest(f"team {team.name} hears of its alerts", {**labels, "team": team.name}, receivers)]
    return [*tests, RouteTest(f"team {team.name} hears of {project}", {**labels, "project": project}, receivers)]
