"""Exceptions that ended a process of multiprocessing, which prints them itself and calls no `sys.excepthook`."""

from __future__ import annotations

import os
import sys
from typing import Any

from errtally.client import current

_MECHANISM = "multiprocessing"
_hooked: list[type] = []
_watching: list[bool] = []


def install() -> None:
    """Report what ends children; a second call changes nothing.

    Nobody needs to have imported multiprocessing yet: before a fork it is looked for again, and children of another
    start method import it before the application's module.
    """
    _hook()
    if not _watching:
        _watching.append(True)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_hook)


def _hook() -> None:
    module = sys.modules.get("multiprocessing.process")
    if module is None or _hooked:
        return
    process: Any = module.BaseProcess
    _hooked.append(process)
    before = process._bootstrap  # noqa: SLF001 (the one place that every child passes, whatever `run` it has)

    def bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (multiprocessing's)
        run = self.run

        def reported() -> None:
            try:
                run()
            except Exception as exc:
                tracker = current.tracker()
                if tracker is not None:
                    tracker.capture_exception(exc, level="fatal", tags={"process": self.name}, unhandled=_MECHANISM)
                raise

        self.run = reported
        return before(self, *args, **kwargs)

    process._bootstrap = bootstrap  # noqa: SLF001
