"""One call that sets up an application's logging."""

from __future__ import annotations

import importlib.util
import logging
import logging.handlers
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from errtally.event.scrub import Scrubber
from errtally.logs.elasticsearch import Elasticsearch
from errtally.logs.entry import Entries, Identity
from errtally.logs.formatters import ConsoleFormatter, JsonFormatter
from errtally.logs.logger import audit_log
from errtally.logs.loki import Loki
from errtally.logs.shipping import ShippingHandler

if TYPE_CHECKING:
    from errtally.event.scrub import ScrubSettings

FILE_BYTES = 5 * 1024 * 1024
FILES_KEPT = 5
_DEVELOPMENT = frozenset({"development", "dev", "local"})
_installed: list[logging.Handler] = []


def configure(
    service: str,
    environment: str = "production",
    version: str | None = None,
    *,
    level: int | str = logging.INFO,
    directory: str | Path | None = "logs",
    console: Literal["coloured", "json", "none"] | None = None,
    elasticsearch: str | Elasticsearch | None = None,
    loki: str | Loki | None = None,
    structlog: bool | None = None,
    scrub: ScrubSettings | None = None,
    keep_identities: bool = True,
) -> None:
    """Set up the root logger; what an earlier call set up is replaced, other handlers stay.

    Args:
        service: name of the application.
        environment: ``development`` has a coloured console, others JSON on standard error.
        version: of the application.
        level: records below it are left out.
        directory: for ``errors.log`` and ``combined.log``; None for no files. One process a directory: the standard
            library's rotation is not made for several.
        console: None to choose by the environment.
        elasticsearch: address, or a transport with settings of its own.
        loki: address, or a transport with settings of its own.
        structlog: whether structlog writes through this as well; None: where it is installed.
        scrub: what is taken out of every record.
        keep_identities: whether audit records have their user, and request records their ip, as they are; else both are
            scrubbed as all values are.

    Raises:
        OSError: the directory can't be written.
        ValueError: the level is not known.
    """
    entries = Entries(Identity(service, environment, version), Scrubber(scrub), keep_identities=keep_identities)
    handlers: list[logging.Handler] = []
    shown = console or ("coloured" if environment in _DEVELOPMENT else "json")
    if shown != "none":
        handlers.append(_console(entries, shown))
    if directory is not None:
        handlers += _files(entries, Path(directory))
    if elasticsearch is not None:
        transport = Elasticsearch(elasticsearch, service) if isinstance(elasticsearch, str) else elasticsearch
        shipping = ShippingHandler(entries, transport)
        transport.discards = shipping.discards
        handlers.append(shipping)
    if loki is not None:
        handlers.append(ShippingHandler(entries, Loki(loki) if isinstance(loki, str) else loki))
    root = logging.getLogger()
    root.setLevel(level)
    _remove()
    for handler in handlers:
        root.addHandler(handler)
    _installed[:] = handlers
    audit_log.setLevel(logging.INFO)
    if structlog or (structlog is None and importlib.util.find_spec("structlog") is not None):
        from errtally.logs.structlog_records import install  # noqa: PLC0415 (optional)

        install()


def _remove() -> None:
    root = logging.getLogger()
    for handler in _installed:
        root.removeHandler(handler)
        handler.close()
    _installed.clear()


def _console(entries: Entries, shown: str) -> logging.Handler:
    handler = logging.StreamHandler()
    coloured = shown == "coloured"
    handler.setFormatter(
        ConsoleFormatter(entries, coloured=sys.stderr.isatty()) if coloured else JsonFormatter(entries)
    )
    return handler


def _files(entries: Entries, directory: Path) -> list[logging.Handler]:
    directory.mkdir(parents=True, exist_ok=True)
    found: list[logging.Handler] = []
    for name, level in (("errors", logging.ERROR), ("combined", logging.NOTSET)):
        handler = logging.handlers.RotatingFileHandler(
            directory / f"{name}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True
        )
        handler.setLevel(level)
        handler.setFormatter(JsonFormatter(entries))
        found.append(handler)
    return found
