"""What an application can choose, checked once, when it calls ``init``."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from errtally import names
from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.scrub import ScrubSettings

MAX_ENVIRONMENT_LENGTH = 64
_PUSH_METRICS = ("auto", "on", "off")


@dataclass(frozen=True)
class Settings:
    """Settings of a tracker.

    Attributes:
        url: the exporter, ``http://host:9765``; empty switches the tracker off.
        key: a key of the project; sent as bearer token.
        project: the project's name, for an exporter without keys.
        environment: ``production``, ``staging`` ...
        release: version of the application.
        service: what the application is called; a tag of every event.
        server_name: the machine, the host's name by default.
        sample_rate: share of events that are sent, 0 to 1.
        before_send: gets every rendered event (a dict) before it is scrubbed; returns it, changed or not, or None to
            drop it. Runs in the sender's thread. An event for which it fails is dropped and counted, because it
            may be what takes secrets out.
        ignore_exceptions: classes, or names as ``ValueError`` or ``shop.errors.PriceError``; subclasses as well.
        ignore_messages: regular expressions, searched in the message.
        ignore_loggers: names of loggers, their children included.
        tags: on every event.
        log_level: records of this level of the standard library's logging and above become events; 0 for none.
        breadcrumb_level: records of this level and above become breadcrumbs; 0 for none.
        status_from: answers of web applications with this status and above become events; 0 for none.
        send_requests: whether web middleware sends request timings.
        send_user_address: whether the address of a web request's client is sent, by which affected users are counted.
        push_metrics: whether counters of recovery, and gauges of breakers, CPU, memory and disk go to the exporter:
            ``on``, ``off``, or ``auto`` for on where prometheus_client is not installed.
        max_breadcrumbs: how many are kept, the oldest go first.
        queue_events: events that wait at most; the oldest go first and are counted.
        queue_requests: request timings that wait at most.
        batch_events: events sent in one request.
        flush_seconds: how long an event waits for others at most.
        timeout_seconds: for connecting and for each read.
        ca_certs: a file of certificates (PEM) of the authorities to trust, instead of the system's.
        shutdown_seconds: how long the process waits at its exit for what has not been sent.
        fork_seconds: how long a fork waits for it, when the exporter answered last time.
        spool_dir: a folder for what could not be sent; None keeps it in memory only.
        spool_bytes: size of that folder at most; the oldest go first and are counted.
        scrub: what is taken out of everything before it leaves the process; None for the defaults.
    """

    url: str = ""
    key: str = ""
    project: str = ""
    environment: str = names.DEFAULT_ENVIRONMENT
    release: str | None = None
    service: str | None = None
    server_name: str | None = None
    sample_rate: float = 1.0
    before_send: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    ignore_exceptions: tuple[type[BaseException] | str, ...] = ()
    ignore_messages: tuple[str, ...] = ()
    ignore_loggers: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    log_level: int = 40
    breadcrumb_level: int = 20
    status_from: int = 400
    send_requests: bool = True
    send_user_address: bool = False
    push_metrics: str = "auto"
    max_breadcrumbs: int = 100
    queue_events: int = 1000
    queue_requests: int = 10_000
    batch_events: int = 10
    flush_seconds: float = 5.0
    timeout_seconds: float = 5.0
    ca_certs: str | None = None
    shutdown_seconds: float = 5.0
    fork_seconds: float = 0.5
    spool_dir: str | None = None
    spool_bytes: int = 16 * 1024 * 1024
    scrub: ScrubSettings | None = None

    def check(self) -> None:
        """Check all values.

        Raises:
            ConfigError: with a line for each value that is wrong.
        """
        problems = [*self._address_problems(), *self._number_problems()]
        problems += [
            f"ignore_messages[{index}]: {source!r} is not a regular expression: {error}"
            for index, source in enumerate(self.ignore_messages)
            if (error := _pattern_error(source)) is not None
        ]
        if not self.environment or len(self.environment) > MAX_ENVIRONMENT_LENGTH:
            problems.append(f"environment: {self.environment!r} is not 1 to {MAX_ENVIRONMENT_LENGTH} characters long")
        if self.push_metrics not in _PUSH_METRICS:
            problems.append(f"push_metrics: {self.push_metrics!r} is none of {', '.join(_PUSH_METRICS)}")
        if problems:
            raise ConfigError(problems)

    def pushes(self) -> bool:
        """Whether metrics are pushed."""
        if self.push_metrics == "auto":
            return "prometheus_client" not in sys.modules and find_spec("prometheus_client") is None
        return self.push_metrics == "on"

    def _address_problems(self) -> list[str]:
        problems: list[str] = []
        if self.url:
            try:
                parts = urlsplit(self.url)
                named = parts.scheme in {"http", "https"} and parts.hostname is not None and parts.port != 0
            except ValueError:
                named = False
            if not named:
                problems.append(f"url: {self.url!r} is not http://HOST:PORT or https://HOST:PORT")
            elif parts.username is not None:
                problems.append("url: holds a user; the key goes to the setting `key`")
        if self.ca_certs is not None and (why := ca_certs_error(self.ca_certs)) is not None:
            problems.append(f"ca_certs: {why}")
        if not self.key.isascii() or not self.key.isprintable():
            problems.append("key: holds characters that a header can't")
        return problems

    def _number_problems(self) -> list[str]:
        least = {
            **dict.fromkeys(("queue_events", "queue_requests", "batch_events", "spool_bytes"), 1),
            **dict.fromkeys(("flush_seconds", "timeout_seconds"), 0.001),
            **dict.fromkeys(
                ("shutdown_seconds", "fork_seconds", "max_breadcrumbs", "log_level", "breadcrumb_level"), 0
            ),
        }
        problems = [
            f"{name}: {value!r} is less than {smallest}"
            for name, smallest in least.items()
            if not (value := getattr(self, name)) >= smallest
        ]
        if not 0 <= self.sample_rate <= 1:
            problems.append(f"sample_rate: {self.sample_rate!r} is not between 0 and 1")
        return problems


NAMES = frozenset(setting.name for setting in fields(Settings))
"""What an application can set."""


def ca_certs_error(path: str) -> str | None:
    """Say why a file holds no certificates to trust; None if it does."""
    import ssl  # noqa: PLC0415 (takes its time, and not everybody needs it)

    try:
        ssl.create_default_context(cafile=path)
    except OSError as exc:  # an SSLError is one
        return f"{path!r} is not a file of certificates: {exc}"
    return None


def _pattern_error(source: str) -> str | None:
    try:
        re.compile(source)
    except re.error as exc:
        return str(exc)
    return None
