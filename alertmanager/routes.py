"""The routing tree and what inhibits what.

Matchers keep to what Alertmanager 0.25 and every later version read alike: lists of strings, ASCII names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.alertmanager.receivers import DEFAULT, EXPORTER, HEARTBEAT, QUIET
from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting

WATCHDOG = "Watchdog"
NEW_ISSUE = "NewIssue"

SEVERITY_CHANNELS = {"critical": ("slack", "pagerduty"), "warning": ("slack",), "info": ("slack",)}
"""Where an alert goes that names no channels of its own, such as one from another rule file."""


def route(alerting: Alerting) -> dict[str, Any]:
    """Return the routing tree.

    First the dead man's switch, then the exporter, which hears everything, then people. An alert reaches every
    channel that it names, since the channels' routes go on to the next (``continue``). What none of them takes stays
    with the route above them, whose receiver has all configured channels.
    """
    exporter = (
        [{"receiver": EXPORTER, "group_wait": format_duration(min(1, alerting.group_wait_seconds)), "continue": True}]
        if alerting.channels.exporter
        else []
    )
    people = {
        "receiver": DEFAULT,
        "routes": [found for channel in alerting.channels.configured for found in _channel(channel)],
    }
    return {
        "receiver": DEFAULT,
        "group_by": ["alertname", *names.BASE_LABELS],
        "group_wait": format_duration(alerting.group_wait_seconds),
        "group_interval": format_duration(alerting.group_interval_seconds),
        "repeat_interval": format_duration(alerting.cooldown_seconds),
        "routes": [_watchdog(alerting), *exporter, people],
    }


def inhibit_rules() -> list[dict[str, Any]]:
    """Return what keeps one outage to one page.

    A critical alert hides the warnings of the same project and environment. Never hidden: a new issue, which
    is news of its own, and the dead man's switch. Alerts without a project (of hosts and the exporter) would all be
    equal in their missing labels, so they neither hide nor are hidden.
    """
    return [
        {
            "source_matchers": ['severity="critical"', 'project!=""'],
            "target_matchers": ['severity=~"warning|info"', f'alertname!~"{NEW_ISSUE}|{WATCHDOG}"', 'project!=""'],
            "equal": list(names.BASE_LABELS),
        }
    ]


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


def _channel(channel: str) -> list[dict[str, Any]]:
    severities = "|".join(severity for severity, names_ in SEVERITY_CHANNELS.items() if channel in names_)
    routes: list[dict[str, Any]] = [
        {"receiver": channel, "matchers": [f'channels=~"(.*,)?{channel}(,.*)?"'], "continue": True}
    ]
    if severities:
        routes.append({"receiver": channel, "matchers": ['channels=""', f'severity=~"{severities}"'], "continue": True})
    return routes
