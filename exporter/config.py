"""The exporter's settings: one frozen object, built once from the file, the environment and the flags."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping  # noqa: TC003 (msgspec reads the annotations)
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from errtally import names
from errtally.config import load
from errtally.config.alerting import DEFAULT_SCRAPE_INTERVAL_SECONDS
from errtally.config.duration import parse_duration
from errtally.config.grouping import GroupingSettings, grouping
from errtally.config.secret import secret_of
from errtally.errors import ConfigError
from errtally.event.scrub import ScrubSettings
from errtally.exporter import people, ticket_template
from errtally.exporter.artifact_settings import ArtifactSettings
from errtally.exporter.projects import Project, RateLimit, projects, rate_limits
from errtally.exporter.scrubbing import scrubbing
from errtally.exporter.token import Token, hash_of

if TYPE_CHECKING:
    from errtally.config.document import Document

ENVIRONMENT = {
    "ERRTALLY_LISTEN": "listen",
    "ERRTALLY_EXTERNAL_URL": "external_url",
    "ERRTALLY_DATA_DIR": "data_dir",
    "ERRTALLY_DATABASE": "database",
    "ERRTALLY_WORKERS": "workers",
    "ERRTALLY_DURABILITY": "durability",
    "ERRTALLY_LOG_FORMAT": "log_format",
}
"""Environment variables that override the file; ``ERRTALLY_CONFIG`` names the file. Flags set the same variables."""


SCHEMES = ("postgresql://", "postgres://")
"""How the address of a database begins."""

_CHOICES = {"durability": ("write", "fsync", "shared"), "log_format": ("console", "json")}
"""Keys with few values, the default first."""

OWN_ROOTS = frozenset(
    {
        *("-", "alerts", "api", "builds", "collect", "events", "history", "issues", "jobs", "live", "login"),
        *("logout", "mcp", "metrics", "notify", "organizations", "otlp", "overview", "react-native-source-map"),
        *("releases", "runbooks", "sessions", "sourcemap", "static", "tokens", "tunnel", "v1"),
    }
)
"""Beginnings of paths that mean something here, so that they can't be what a proxy takes off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. The figures for Sentry's items are Relay's.

    Attributes:
        item_bytes: the largest single event, transaction or other item.
        batch_events: events in one batch of the native API.
        json_values: values in one JSON document; memory goes by their number, not by the bytes.
        journal_bytes: size of the journal beyond which nothing more is taken.
        min_free_bytes: free space on the journal's disk below which nothing more is taken.
    """

    body_bytes: int = 20 * 1024 * 1024
    decompressed_bytes: int = 20 * 1024 * 1024
    item_bytes: int = 1024 * 1024
    batch_events: int = 10_000
    json_values: int = 1_000_000
    journal_bytes: int = 1024 * 1024 * 1024
    min_free_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Retention:
    """How long sample events are kept; what was counted is kept for good.

    Attributes:
        events_per_issue: sample events that an issue keeps.
        event_days: age beyond which a sample event goes.
        resolved_event_days: how long after its resolution an issue loses its sample events.
        idle_event_days: how long after its last event an issue loses its sample events.
        store_bytes: size of the store beyond which the oldest sample events go.
    """

    events_per_issue: int = 50
    event_days: float = 90.0
    resolved_event_days: float = 30.0
    idle_event_days: float = 60.0
    store_bytes: int = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExporterConfig:
    """Everything that the exporter is told. With nothing told, it listens on loopback and takes any key.

    Attributes:
        database: address of a PostgreSQL database that exporters share; "" keeps the store in the data directory.
        upgrade_copy: whether a store in the data directory is copied before its schema is brought up to date.
        grafana_url: where the dashboards are, for links; "" when it is not told.
        scrape_interval_seconds: how often Prometheus looks: for how long a new series is shown at 0 goes by it.
    """

    host: str = "127.0.0.1"
    port: int = 9765
    external_url: str = "http://127.0.0.1:9765"
    grafana_url: str = ""
    data_dir: Path = field(default_factory=lambda: default_data_dir(os.environ))
    database: str = ""
    workers: int = 1
    durability: str = "write"
    upgrade_copy: bool = True
    log_format: str = "console"
    projects: tuple[Project, ...] = ()
    limits: Limits = Limits()
    rate_limits: Mapping[str, RateLimit] = field(default_factory=dict)
    daily_quotas: Mapping[str, int] = field(default_factory=dict)
    series_limits: Mapping[str, int] = field(default_factory=dict)
    series_idle_seconds: float = names.DEFAULT_SERIES_IDLE_SECONDS
    scrape_interval_seconds: float = DEFAULT_SCRAPE_INTERVAL_SECONDS
    retention: Retention = Retention()
    artifacts: ArtifactSettings = field(default_factory=ArtifactSettings)
    grouping: GroupingSettings = field(default_factory=GroupingSettings)
    scrubbing: ScrubSettings = field(default_factory=ScrubSettings)
    web_username: str = "errtally"
    web_password: str | None = None
    web_token: str | None = None
    web_tokens: tuple[Token, ...] = ()
    people: people.People = field(default_factory=people.People)
    tickets: tuple[ticket_template.TicketTemplate, ...] = ()
    ticket_secrets: Mapping[str, str] = field(default_factory=dict)
    live_frame_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    metrics_login: bool = False
    metrics_token: str | None = None
    trusted_proxies: tuple[str, ...] = ()

    @property
    def has_metrics_auth(self) -> bool:
        """Whether /metrics asks who is there."""
        return self.metrics_token is not None or (self.metrics_login and self.has_web_auth)

    @property
    def is_open(self) -> bool:
        """Whether any key is taken and projects appear with their first event."""
        return not self.projects

    @property
    def has_web_auth(self) -> bool:
        """Whether pages and API ask who is there."""
        is_asked = self.web_password is not None or self.web_token is not None or bool(self.web_tokens)
        return is_asked or self.people.are_any


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return where journal and store lie unless it is said, wherever the exporter is started.

    That is the folder of a program's own data of the XDG Base Directory Specification.

    Raises:
        ConfigError: the user has no home.
    """
    base = environ.get("XDG_DATA_HOME", "")
    if Path(base).is_absolute():  # the specification has others ignored
        return Path(base) / "errtally"
    try:
        home = environ.get("HOME") or Path.home()
    except RuntimeError as exc:
        raise ConfigError(["data_dir: this user has no home; say with --data-dir where to keep the data"]) from exc
    return Path(home) / ".local" / "share" / "errtally"


def from_environ(environ: Mapping[str, str]) -> ExporterConfig:
    """Build the settings from the file that ``ERRTALLY_CONFIG`` names and the variables that override it.

    Raises:
        ConfigError: lists every problem with its place.
    """
    path = environ.get("ERRTALLY_CONFIG")
    document = dict(load(Path(path) if path else None))
    problems: list[str] = []
    for variable, key in ENVIRONMENT.items():
        if text := environ.get(variable, "").strip():
            if key == "workers":
                if not text.isdecimal() or not 1 <= int(text) <= 64:  # noqa: PLR2004 (the schema's bound)
                    problems.append(f"{variable}: {text!r} is not a number from 1 to 64")
                    continue
                document[key] = int(text)
            else:
                document[key] = text
    if problems:
        raise ConfigError(problems)
    document.setdefault("data_dir", str(default_data_dir(environ)))
    return build(document, path or "command line or environment", Path(path).parent if path else Path())


def to_json(config: ExporterConfig) -> str:
    """Write settings for a worker process, which must not read a file that was changed since it was checked."""
    return msgspec.json.encode(config, enc_hook=str).decode()


def from_json(text: str) -> ExporterConfig:
    """Read what `to_json` wrote."""
    return msgspec.json.decode(text, type=ExporterConfig, dec_hook=lambda kind, value: kind(value))


def build(document: Document, name: str, folder: Path = Path()) -> ExporterConfig:
    """Build the settings from a checked document.

    Args:
        document: what the file says.
        name: stands in front of each problem.
        folder: where relative paths of secrets begin; that of the file, wherever the exporter is started.

    Raises:
        ConfigError: a file of secrets can't be read, two projects share a name, id or key, or the address is
            public while no project or no login is configured.
    """
    problems: list[str] = []
    for key, allowed in _CHOICES.items():  # the schema has checked the file, but not the environment
        if document.get(key, allowed[0]) not in allowed:
            problems.append(f"{name}: {key}: {document[key]!r} is none of {', '.join(map(repr, allowed))}")
    if not str(document.get("external_url", "http://")).startswith(("http://", "https://")):
        problems.append(f"{name}: external_url: {document['external_url']!r} does not start with http:// or https://")
    base = urlsplit(str(document.get("external_url", ""))).path.strip("/").partition("/")[0]
    if base in OWN_ROOTS:
        problems.append(f"{name}: external_url: /{base} is a path of errtally's own: put it below another one")
    web = document.get("web", {})
    if web.get("metrics_login") and not {"password_file", "token_file", "tokens"} & set(web):
        problems.append(f"{name}: web.metrics_login: without web.password_file or web.token_file there is no login")
    if not str(document.get("database", SCHEMES[0])).startswith(SCHEMES):
        problems.append(f"{name}: database: the address of a PostgreSQL database begins with {SCHEMES[0]}")
    if document.get("durability") == "shared" and not document.get("database"):
        problems.append(f"{name}: durability: 'shared' waits for a database: set `database`")
    host, port = _address(str(document.get("listen", "127.0.0.1:9765")), name, problems)
    common = scrubbing(document, f"{name}: scrubbing", problems)
    own_projects = projects(document, name, folder, problems, common)
    if "username" in web and "password_file" not in web:
        problems.append(f"{name}: web.username: without web.password_file nobody is asked for it")
    limits = Limits(**document.get("limits", {}))
    problems += [
        f"{name}: series_limits.{metric}: not a metric that has a limit"
        for metric in document.get("series_limits", {})
        if metric not in names.BY_NAME or not names.BY_NAME[metric].series_limit
    ]
    scrape_interval = document.get("alerting", {}).get("scrape_interval")
    config = ExporterConfig(
        host=host,
        port=port,
        external_url=str(document.get("external_url", _url(host, port))).rstrip("/"),
        grafana_url=str(document.get("grafana", {}).get("url", "")).rstrip("/"),
        data_dir=Path(document["data_dir"]) if "data_dir" in document else default_data_dir(os.environ),
        database=str(document.get("database", "")),
        workers=int(document.get("workers", 1)),
        durability=str(document.get("durability", "write")),
        upgrade_copy=bool(document.get("upgrade_copy", True)),
        log_format=str(document.get("log_format", "console")),
        projects=own_projects,
        limits=limits,
        rate_limits=rate_limits(document),
        daily_quotas=document.get("daily_quotas", {}),
        series_limits=document.get("series_limits", {}),
        scrape_interval_seconds=parse_duration(scrape_interval) if scrape_interval else DEFAULT_SCRAPE_INTERVAL_SECONDS,
        series_idle_seconds=document.get("series_idle_seconds", names.DEFAULT_SERIES_IDLE_SECONDS),
        retention=Retention(**document.get("retention", {})),
        artifacts=ArtifactSettings(**document.get("artifacts", {})),
        grouping=_grouping(document, name, problems),
        scrubbing=common,
        web_username=web.get("username", "errtally"),
        web_password=secret_of(web, "password_file", folder, f"{name}: web.password_file", problems),
        web_token=secret_of(web, "token_file", folder, f"{name}: web.token_file", problems),
        web_tokens=_tokens(web, folder, f"{name}: web.tokens", problems),
        people=people.read(
            web,
            f"{name}: web",
            problems,
            lambda entry, key, place: secret_of(entry, key, folder, place, problems),
            has_proxies=bool(document.get("trusted_proxies")),
        ),
        tickets=ticket_template.read(document.get("tickets", ()), f"{name}: tickets", problems),
        ticket_secrets=_ticket_secrets(document, folder, f"{name}: ticket_webhooks", problems),
        live_frame_origins=tuple(web.get("live_frame_origins", ())),
        allowed_hosts=tuple(web.get("allowed_hosts", ())),
        metrics_login=bool(web.get("metrics_login", False)),
        metrics_token=secret_of(web, "metrics_token_file", folder, f"{name}: web.metrics_token_file", problems),
        trusted_proxies=_networks(document, name, problems),
    )
    if not _is_loopback(host):
        if config.is_open:
            problems.append(
                f"{name}: listen: {host} can be reached from other machines, and without `projects` anybody could "
                "send: configure at least one project with a key"
            )
        if not config.has_web_auth:
            problems.append(
                f"{name}: listen: {host} can be reached from other machines, and without a login anybody could read "
                "the issues: configure web.password_file or web.token_file"
            )
    if problems:
        raise ConfigError(problems)
    return config


def _grouping(document: Document, name: str, problems: list[str]) -> GroupingSettings:
    try:
        return grouping(document, name)
    except ConfigError as exc:
        problems += exc.problems
        return GroupingSettings()


def _address(text: str, name: str, problems: list[str]) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the largest port)
        problems.append(f"{name}: listen: {text!r} is not HOST:PORT")
        return "127.0.0.1", 0
    return host.strip("[]"), int(port)


def _networks(document: Document, name: str, problems: list[str]) -> tuple[str, ...]:
    """Read addresses and ranges of proxies."""
    found = []
    for index, text in enumerate(document.get("trusted_proxies", ())):
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError as exc:
            problems.append(f"{name}: trusted_proxies[{index}]: {exc}")
    return tuple(found)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tokens(web: Mapping[str, Any], folder: Path, place: str, problems: list[str]) -> tuple[Token, ...]:
    """Read the tokens of programs: each has a file, or its hash stands in the configuration itself."""
    found: dict[str, Token] = {}
    taken = {web.get("username", "errtally"), "token", "anonymous"}  # what the history calls others
    for index, entry in enumerate(web.get("tokens", ())):
        here, token_name = f"{place}[{index}]", entry["name"]
        hash_ = entry.get("sha256")
        if (hash_ is None) == ("token_file" not in entry):
            problems.append(f"{here}: a token has either `token_file` or `sha256`")
            continue
        if hash_ is None and (secret := secret_of(entry, "token_file", folder, f"{here}.token_file", problems)):
            hash_ = hash_of(secret)
        if token_name in found or token_name in taken:
            problems.append(f"{here}.name: {token_name!r} is taken: the history tells who did what by it")
        elif hash_ is not None:
            found[token_name] = Token(token_name, hash_.lower(), tuple(entry["scopes"]))
    return tuple(found.values())


def _ticket_secrets(document: Document, folder: Path, place: str, problems: list[str]) -> dict[str, str]:
    """Read the secrets that trackers sign their webhooks with, by the tracker's name."""
    entries = document.get("ticket_webhooks", {}).items()
    found = {
        name: secret_of(one, "secret_file", folder, f"{place}.{name}.secret_file", problems) for name, one in entries
    }
    return {name: secret for name, secret in found.items() if secret is not None}
