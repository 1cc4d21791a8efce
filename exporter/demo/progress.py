"""Shows what the demo is at: a table that changes on a terminal, a line now and then in a file or a pipe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table

from errtally.exporter.demo.services import SERVICES

if TYPE_CHECKING:
    from rich.console import Console

    from errtally.exporter.demo.sender import Sender

LINE_EVERY_SECONDS = 10.0


class Progress:
    """What has been sent so far, for the time of a block, and all of it at its end.

    Args:
        console: where to.
        sender: what was sent.
        plan: one sentence that says what will be sent; shown once something was taken, since an error alone is one
            sentence.
    """

    def __init__(self, console: Console, sender: Sender, plan: str) -> None:
        self._console = console
        self._sender = sender
        self._plan = plan
        self._live = Live(console=console, refresh_per_second=4)
        self._began = time.monotonic()
        self._next_line = self._began
        self._stage = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        if not self._console.is_terminal and not self._plan:
            self._console.line()  # there Live leaves the table without the end of its last line

    def show(self, stage: str) -> None:
        """Show what was sent until now.

        Args:
            stage: how the shop is at the moment.
        """
        if self._plan:
            self._console.print(self._plan, highlight=False, soft_wrap=True)
            self._plan = ""
        self._live.update(table(self._sender, stage))
        now = time.monotonic()
        if not self._console.is_terminal and (now >= self._next_line or stage != self._stage):
            self._next_line = now + LINE_EVERY_SECONDS
            tallies = self._sender.tallies.values()
            self._console.print(
                f"{now - self._began:.0f} s, {stage}: {sum(tally.accepted for tally in tallies)} requests accepted, "
                f"{self._sender.rejected} rejected, {sum(tally.events for tally in tallies)} events",
                highlight=False,
                soft_wrap=True,
            )
        self._stage = stage


def table(sender: Sender, title: str) -> Table:
    """Return what was sent as a table, a row for each service."""
    shown = Table(title=title)
    for column in ("project", "events", "requests timed", "accepted", "rejected"):
        shown.add_column(column, justify="left" if column == "project" else "right")
    for service in SERVICES:
        tally = sender.tallies.get(service.project)
        if tally is not None:
            figures = (tally.events, tally.timings, tally.accepted, tally.rejected)
            shown.add_row(service.project, *map(str, figures))
    return shown
