"""Whether events are taken and counted, and if not, why: what /-/ready and the gauge `up` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter import heartbeat

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.chores import Chores
    from errtally.exporter.journal.appending import Appending


OF_THE_DATABASE = frozenset({"artifacts", "shared_artifacts", "quotas", "rates", "log_ins"})
"""Background tasks that fail while a shared database is away; counted and logged as all are."""


class Readiness:
    """What one worker knows of the whole.

    Args:
        data_dir: where the writer's sign of life lies.
        appender: the worker's end of the journal.
        chores: the worker's background tasks.
        is_shared: whether the store is a database that other exporters have as well. When it is away it is for all of
            them, and events are taken nevertheless: that no load balancer may stop.
    """

    def __init__(self, data_dir: Path, appender: Appending, chores: Chores, *, is_shared: bool = False) -> None:
        self._is_shared = is_shared
        self._heartbeat = data_dir / heartbeat.HEARTBEAT_FILE
        self._appender = appender
        self._chores = chores

    def is_up(self) -> bool:
        """Whether the writer keeps the store current."""
        return heartbeat.problem(self._heartbeat) is None

    def problem(self) -> str | None:
        """Say what is wrong, None when nothing is."""
        found = heartbeat.problem(self._heartbeat)
        if found is not None and not self._is_shared:
            return found
        if (error := self._appender.problem()) is not None:
            return error
        for name, text in self._chores.failing().items():
            if self._is_shared and name in OF_THE_DATABASE:
                continue
            return f"the background task {name} fails: {text}"
        return None

    def said(self) -> str:
        """Return what is said when nothing is wrong: that all is well, or that events are taken and wait."""
        found = heartbeat.problem(self._heartbeat)
        return "errtally is ready" if found is None else f"errtally is ready; events wait in the journal: {found}"
