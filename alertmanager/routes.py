"""The routing tree.

Matchers keep to what Alertmanager 0.25 and every later version read alike: lists of strings, ASCII names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.alertmanager.quiet_hours import QUIET_HOURS
from errtally.alertmanager.receivers import DEFAULT, EXPORTER, HEARTBEAT, QUIET, Audience, audiences, events_receiver
from errtally.config.chats import CHATS
from errtally.config.duration import format_duration
from errtally.config.objectives import glob_regex

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.config.teams import Team

WATCHDOG = "Watchdog"
_NEVER = "5d"
"""Longer than any event is news, and as long as Alertmanager remembers what it told."""

SEVERITY_CHANNELS = {"critical": (*CHATS, "pagerduty"), "warning": CHATS, "info": CHATS}
"""Where an alert goes that names no channels of its own, such as one from another rule file."""

_CAN_WAIT = 'severity=~"warning|info"'
_PAGES = 'severity="critical"'
_EVENTS = f'alertname=~"{"|".join(names.EVENT_ALERTS)}"'


def route(alerting: Alerting) -> dict[str, Any]:
    """Return the routing tree.

    First the dead man's switch, then the exporter, which hears everything, then people: of each project the team that
    owns it, or else everybody. An alert reaches every channel that it names, since the channels' routes go on to the
    next (``continue``). What none of them takes stays with the route above them, whose receiver has all channels.
    """
    exporter = (
        [{"receiver": EXPORTER, "group_wait": format_duration(min(1, alerting.group_wait_seconds)), "continue": True}]
        if alerting.channels.exporter
        else []
    )
    people = [
        found
        for audience in audiences(alerting)
        for matchers in _owned_by(audience.team)
        for found in _audience_routes(audience, matchers, alerting)
    ]
    return {
        "receiver": DEFAULT,
        "group_by": ["alertname", *names.BASE_LABELS],
        "group_wait": format_duration(alerting.group_wait_seconds),
        "group_interval": format_duration(alerting.group_interval_seconds),
        "repeat_interval": _repeat(alerting, "warning"),
        "routes": [_watchdog(alerting), *exporter, *people],
    }


def _watchdog(alerting: Alerting) -> dict[str, Any]:
    matchers = [f'alertname="{WATCHDOG}"']
    heartbeat = alerting.channels.heartbeat
    if heartbeat is None:
        return {"receiver": QUIET, "matchers": matchers}
    # A repetition is due only when the group is looked at: looking at it as often as it is due, with the repetition
    # a little shorter, sends one every time.
    interval = heartbeat.interval_seconds
    return {
        "receiver": HEARTBEAT,
        "matchers": matchers,
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": format_duration(interval),
        "repeat_interval": format_duration(max(1, interval * 5 // 6)),
    }


def _owned_by(team: Team | None) -> list[list[str]]:
    """Matchers of what a team owns: alerts with its label, and alerts of other rule files about its projects."""
    if team is None:
        return [[]]
    return [[f'team="{team.name}"'], ['team=""', f'project=~"{glob_regex(team.projects)}"']]


def _audience_routes(audience: Audience, matchers: list[str], alerting: Alerting) -> list[dict[str, Any]]:
    """The routes of one audience: its webhook hears everything, its people what is meant for them."""
    chosen = {"matchers": matchers} if matchers else {}
    leaves = [leaf for channel in audience.channels.configured for leaf in _channel(audience, channel, alerting)]
    waiting = []
    if alerting.quiet_hours and leaves:
        waiting = [_muted({"receiver": audience.fallback, "matchers": [_CAN_WAIT], "routes": leaves})]
    webhook = audience.receiver("webhook")
    return [
        *([{"receiver": webhook, **chosen, "continue": True}] if audience.channels.webhook else []),
        {"receiver": audience.fallback, **chosen, "routes": [*waiting, *leaves]},
    ]


def _muted(route: dict[str, Any]) -> dict[str, Any]:
    """Mute a route and all below it: muting holds for the very route that an alert ends at."""
    below = {"routes": [_muted(child) for child in route["routes"]]} if "routes" in route else {}
    return {**route, "mute_time_intervals": [QUIET_HOURS], **below}


def _channel(audience: Audience, channel: str, alerting: Alerting) -> list[dict[str, Any]]:
    receiver = audience.receiver(channel)
    kinds = _kinds(receiver, alerting)
    severities = "|".join(severity for severity, names_ in SEVERITY_CHANNELS.items() if channel in names_)
    routes: list[dict[str, Any]] = [
        {"receiver": receiver, "matchers": [f'channels=~"(.*,)?{channel}(,.*)?"'], "continue": True, "routes": kinds}
    ]
    if severities:
        routes.append(
            {
                "receiver": receiver,
                "matchers": ['channels=""', f'severity=~"{severities}"'],
                "continue": True,
                "routes": kinds,
            }
        )
    return routes


def _kinds(receiver: str, alerting: Alerting) -> list[dict[str, Any]]:
    """The kinds of alerts that a channel is told of in ways of their own.

    - What happened once has no end to tell. Its groups are looked at often, so that a rare issue beside a noisy one
      does not wait for it.
    - What pages is told together by its service: the alerts of one outage are one message, and one incident, that opens
      with the first of them and closes with the last.
    """
    soon = min(max(alerting.group_wait_seconds, 1), alerting.group_interval_seconds)
    return [
        {
            "receiver": events_receiver(receiver),
            "matchers": [_EVENTS],
            "group_interval": format_duration(soon),
            "repeat_interval": _NEVER,
        },
        {
            "receiver": receiver,
            "matchers": [_PAGES],
            "group_by": list(names.BASE_LABELS),
            "repeat_interval": _repeat(alerting, "critical"),
        },
        {"receiver": receiver, "matchers": ['severity="info"'], "repeat_interval": _repeat(alerting, "info")},
    ]


def _repeat(alerting: Alerting, severity: str) -> str:
    """The interval of repetitions as Alertmanager needs it to keep to the configured one.

    It looks at a group every group_interval, and repeats when the last message is at least so old. That message was
    sent a moment after it looked, so a whole multiple would come one interval late (alertmanager#676).
    """
    early = max(alerting.group_interval_seconds // 2, 1) if alerting.group_interval_seconds > 1 else 0
    return format_duration(alerting.repeat_seconds[severity] - early)
