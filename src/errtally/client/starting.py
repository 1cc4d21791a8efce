"""Starts error tracking in a process: makes the application's tracker, and installs what reports by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from errtally.client import current

if TYPE_CHECKING:
    from errtally.client.tracker import Tracker

_ENVIRONMENT = {
    "url": "ERRTALLY_URL",
    "key": "ERRTALLY_KEY",
    "environment": "ERRTALLY_ENVIRONMENT",
    "release": "ERRTALLY_RELEASE",
    "service": "ERRTALLY_SERVICE",
}
"""Variables that stand in for settings not given."""


def init(
    url: str | None = None,
    key: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    service: str | None = None,
    *,
    hooks: bool = True,
    **settings: Any,  # noqa: ANN401 (the attributes of Settings)
) -> Tracker:
    """Report errors of this process from now on; what an earlier call set is sent and replaced.

    Args:
        url: the exporter; ERRTALLY_URL by default. Without one, every call does nothing.
        key: a key of the project; ERRTALLY_KEY by default.
        environment: ``production`` by default.
        release: version of the application.
        service: name of the application.
        hooks: whether uncaught exceptions (of threads as well) and log records are reported by themselves.
        settings: any attribute of `errtally.client.settings.Settings`.

    Raises:
        ConfigError: a setting is wrong; lists all of them.
        TypeError: a setting is not known.
    """
    # Here, so that an import of errtally is quick and takes no HTTP library.
    from errtally.client.measures import process_measures  # noqa: PLC0415
    from errtally.client.settings import NAMES, Settings  # noqa: PLC0415
    from errtally.client.tracker import Tracker  # noqa: PLC0415

    given = {"url": url, "key": key, "environment": environment, "release": release, "service": service}
    for name, value in given.items():
        found = value if value is not None else os.environ.get(_ENVIRONMENT[name])
        if found is not None:
            settings[name] = found
    if unknown := sorted(set(settings) - NAMES):
        raise TypeError(f"init() knows no setting {', '.join(unknown)}; it knows {', '.join(sorted(NAMES))}")
    for name in ("ignore_exceptions", "ignore_messages", "ignore_loggers"):
        settings[name] = tuple(settings.get(name, ()))
    settings["tags"] = {str(name): str(value) for name, value in settings.get("tags", {}).items()}
    checked = Settings(**settings)
    checked.check()
    tracker = Tracker(checked, counters=process_measures if checked.url and checked.pushes() else None)
    current.replace(tracker)
    if checked.push_metrics == "on":
        tracker.measured()
    from errtally.client.integrations import excepthook, log_records, processes, threads  # noqa: PLC0415 (see above)

    if hooks and checked.url:
        excepthook.install()
        threads.install()
        processes.install()
        log_records.install(checked.log_level, checked.breadcrumb_level)
    else:
        log_records.install(0, 0)
    return tracker
