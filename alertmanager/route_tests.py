"""Tests of the routing tree: a table of alerts and the receivers that must hear of each.

The expectations come from what is configured, not from the tree, so that the two can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.alertmanager.receivers import DEFAULT, EXPORTER, HEARTBEAT, QUIET, Audience, audiences
from errtally.config.chats import CHATS

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


_CHAT = "chat"
"""Stands for the chats that are configured."""

_WANTED: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("a critical rule pages", {"severity": "critical", "channels": "chat,pagerduty"}, (_CHAT, "pagerduty")),
    ("a warning goes to chat", {"severity": "warning", "channels": "chat"}, (_CHAT,)),
    ("a rule reaches chat and mail", {"severity": "warning", "channels": "chat,email"}, (_CHAT, "email")),
    (
        "a rule reaches every channel",
        {"severity": "info", "channels": "chat,pagerduty,email"},
        (_CHAT, "pagerduty", "email"),
    ),
    ("a critical alert of another rule file pages", {"severity": "critical"}, (_CHAT, "pagerduty")),
    ("a warning of another rule file goes to chat", {"severity": "warning"}, (_CHAT,)),
    ("what happened once is told once", {"alertname": "NewIssue", "channels": "chat,email"}, (_CHAT, "email")),
    ("an alert without severity is not lost", {}, ()),
    ("an unknown channel is not lost", {"severity": "critical", "channels": "carrier-pigeon"}, ()),
)


def route_tests(alerting: Alerting) -> list[RouteTest]:
    """Return the table for the channels that are configured."""
    configured = alerting.channels.configured
    chats = ",".join(alerting.chats)
    first = (EXPORTER,) if alerting.channels.exporter else ()
    webhook = ("webhook",) if alerting.channels.webhook else ()
    tests = [
        RouteTest(
            name,
            {
                "alertname": "HighErrorRate",
                **_SCOPE,
                **{label: value.replace(_CHAT, chats) for label, value in labels.items()},
            },
            first
            + webhook
            + (tuple(_receiver(labels, channel) for channel in _named(wanted) if channel in configured) or (DEFAULT,)),
        )
        for name, labels, wanted in _WANTED
    ]
    tests += [test for audience in audiences(alerting) if audience.team for test in _team_tests(audience, first, chats)]
    watchdog = HEARTBEAT if alerting.channels.heartbeat else QUIET
    return [
        *tests,
        RouteTest("the watchdog tells no person", {"alertname": "Watchdog", "severity": "none"}, (watchdog,)),
    ]


def _named(wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for channel in wanted for name in (CHATS if channel == _CHAT else (channel,)))


def _receiver(labels: Mapping[str, str], channel: str) -> str:
    return f"{channel}-events" if labels.get("alertname") == "NewIssue" else channel


def _team_tests(audience: Audience, first: tuple[str, ...], chats: str) -> list[RouteTest]:
    """A team's alerts reach its own receivers, whether a rule says whose they are or only the project does."""
    team = audience.team
    assert team is not None
    machine = (audience.receiver("webhook"),) if audience.channels.webhook else ()
    told = tuple(audience.receiver(name) for name in (*CHATS, "pagerduty") if name in audience.channels.configured)
    receivers = first + machine + (told or (audience.fallback,))
    labels = {"alertname": "HighErrorRate", "severity": "critical", "channels": f"{chats},pagerduty"}
    project = team.projects[0].replace("*", "a").replace("?", "a")
    tests = [RouteTest(f"team {team.name} hears of its alerts", {**labels, "team": team.name}, receivers)]
    return [*tests, RouteTest(f"team {team.name} hears of {project}", {**labels, "project": project}, receivers)]
