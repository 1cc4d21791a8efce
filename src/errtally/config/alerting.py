"""Settings of alerts that rules, Alertmanager's configuration and dashboards share, from the checked file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally.config.channels import Channels, channels
from errtally.config.chats import CHATS
from errtally.config.duration import format_duration, parse_duration
from errtally.config.objectives import DEFAULT_SLOS, Monitor, Slo, monitors, slos
from errtally.config.quiet_hours import QuietHours, quiet_hours
from errtally.config.teams import Team, teams
from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_EXTERNAL_URL = "http://127.0.0.1:9765"
DEFAULT_GRAFANA_URL = "http://127.0.0.1:3000"
DEFAULT_COOLDOWN_SECONDS = 900
DEFAULT_GROUP_WAIT_SECONDS = 30
DEFAULT_GROUP_INTERVAL_SECONDS = 300
DEFAULT_SCRAPE_INTERVAL_SECONDS = 15

DEFAULT_REPEAT_SECONDS = {"critical": 3600, "warning": 43_200, "info": 86_400}
"""How often an alert that goes on is told again: what pages soon, what can wait twice a day."""

EXPORTERS = ("one", "shared", "independent")
"""How many exporters Prometheus scrapes: one; replicas that show one store; several, each with a store of its own."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What the file says about one rule; None leaves the rule's own default."""

    enabled: bool = True
    threshold: float | None = None
    window_seconds: int | None = None
    for_seconds: int | None = None
    minimum: float | None = None
    severity: str | None = None
    channels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Grafana:
    """Where dashboards are: ``url`` for links, ``datasource`` = name of the Prometheus data source chosen first."""

    url: str = DEFAULT_GRAFANA_URL
    datasource: str = "Prometheus"
    refresh: str = "30s"


@dataclass(frozen=True, slots=True)
class Alerting:
    """Everything that the generators read from the configuration.

    Attributes:
        external_url: where people reach the exporter, without a slash at the end.
        runbook_base_url: the alert's name is put behind it; by default the exporter's own pages.
        cooldown_seconds: how long an alert holds after its condition ended.
        repeat_seconds: how often an alert that goes on is told again, by severity.
        group_wait_seconds: how long Alertmanager gathers a new group before it notifies.
        group_interval_seconds: how often Alertmanager looks at a group again; repetitions are multiples of it.
        rules: changes by alert name.
        channels: the notification channels.
        scrape_interval_seconds: how often Prometheus scrapes the exporter; windows must hold enough samples.
        exporters: one of `EXPORTERS`; it decides how series of several exporters add up.
        teams: who owns which projects; the first team that matches a project has it.
        slos: service level objectives.
        monitors: how often scheduled jobs must report success; the first that matches a job holds.
        quiet_hours: when only critical alerts are told.
        grafana: where dashboards are.
    """

    external_url: str = DEFAULT_EXTERNAL_URL
    runbook_base_url: str = f"{DEFAULT_EXTERNAL_URL}/runbooks"
    cooldown_seconds: int = DEFAULT_COOLDOWN_SECONDS
    repeat_seconds: Mapping[str, int] = field(default_factory=lambda: DEFAULT_REPEAT_SECONDS)
    group_wait_seconds: int = DEFAULT_GROUP_WAIT_SECONDS
    group_interval_seconds: int = DEFAULT_GROUP_INTERVAL_SECONDS
    rules: Mapping[str, RuleChange] = field(default_factory=dict)
    channels: Channels = field(default_factory=Channels)
    scrape_interval_seconds: int = DEFAULT_SCRAPE_INTERVAL_SECONDS
    exporters: str = EXPORTERS[0]
    teams: tuple[Team, ...] = ()
    slos: tuple[Slo, ...] = DEFAULT_SLOS
    monitors: tuple[Monitor, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    grafana: Grafana = field(default_factory=Grafana)

    @property
    def chats(self) -> tuple[str, ...]:
        """The names of the chats that everybody or a team has; Slack where there is none, which stands for chat."""
        known = (self.channels, *(team.channels for team in self.teams))
        return tuple(name for name in CHATS if any(name in one.chats for one in known)) or CHATS[:1]


def alerting(document: Mapping[str, Any]) -> Alerting:
    """Build the settings from a configuration that fits the schema; an empty one gives every default.

    Raises:
        ConfigError: values that fit the schema contradict each other; lists all of them.
    """
    problems: list[str] = []
    values: Mapping[str, Any] = document.get("alerting", {})
    external_url = document.get("external_url", DEFAULT_EXTERNAL_URL).rstrip("/")
    cooldown = _seconds(values, "cooldown", DEFAULT_COOLDOWN_SECONDS)
    settings = Alerting(
        external_url=external_url,
        runbook_base_url=values.get("runbook_base_url", f"{external_url}/runbooks").rstrip("/"),
        cooldown_seconds=cooldown,
        repeat_seconds={
            severity: _seconds(values.get("repeat", {}), severity, default)
            for severity, default in DEFAULT_REPEAT_SECONDS.items()
        },
        group_wait_seconds=_seconds(values, "group_wait", DEFAULT_GROUP_WAIT_SECONDS),
        group_interval_seconds=_seconds(values, "group_interval", DEFAULT_GROUP_INTERVAL_SECONDS),
        rules={name: _change(change) for name, change in values.get("rules", {}).items()},
        channels=channels(values.get("channels", {}), external_url, problems),
        scrape_interval_seconds=_seconds(values, "scrape_interval", DEFAULT_SCRAPE_INTERVAL_SECONDS),
        exporters=values.get("exporters", EXPORTERS[0]),
        teams=teams(values.get("teams", []), problems),
        slos=slos(values.get("slos"), problems),
        monitors=monitors(values.get("monitors", [])),
        quiet_hours=quiet_hours(values.get("quiet_hours", []), problems),
        grafana=_grafana(document.get("grafana", {})),
    )
    if not cooldown:
        problems.append("alerting.cooldown: must be longer than 0s")
    if not settings.group_interval_seconds:
        problems.append("alerting.group_interval: must be longer than 0s")
    else:
        # Alertmanager repeats a notification only when it looks at the group, that is every group_interval.
        problems += [
            f"alerting.repeat.{severity}: {format_duration(seconds)} is not a multiple of"
            f" alerting.group_interval, {format_duration(settings.group_interval_seconds)}"
            for severity, seconds in settings.repeat_seconds.items()
            if not seconds or seconds % settings.group_interval_seconds
        ]
    if problems:
        raise ConfigError(problems)
    return settings


def _grafana(values: Mapping[str, Any]) -> Grafana:
    default = Grafana()
    return Grafana(
        url=values.get("url", default.url).rstrip("/"),
        datasource=values.get("datasource", default.datasource),
        refresh=values.get("refresh", default.refresh),
    )


def _change(values: Mapping[str, Any]) -> RuleChange:
    names = values.get("channels")
    return RuleChange(
        enabled=values.get("enabled", True),
        threshold=values.get("threshold"),
        window_seconds=parse_duration(values["window"]) if "window" in values else None,
        for_seconds=parse_duration(values["for"]) if "for" in values else None,
        minimum=values.get("minimum"),
        severity=values.get("severity"),
        channels=None if names is None else tuple(names),
    )


def _seconds(values: Mapping[str, Any], key: str, default: int) -> int:
    return parse_duration(values[key]) if key in values else default
