"""Several exporters on one PostgreSQL server: started, asked and compared."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
from tests.faults.processes import of_session
from tests.faults.record import Row
from tests.faults.sending import compared
from tests.flow.exporter import AT_ONCE, Exporter
from tests.waiting import until

from errtally import names
from errtally.exporter.installation import REPLICA_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.exporter.postgres import Server
    from tests.faults.sending import Traffic

TAKEOVER_SECONDS = 10.0
"""After so long at the latest another one folds in the place of one that is gone."""


class Replicas:
    """Exporters on one database.

    Args:
        folder: each has a folder of its own in it.
        address: of the database.
        count: how many.
        flags: of `errtally serve`.
        addresses: where each of them finds the database, when that is not the same.
    """

    def __init__(
        self, folder: Path, address: str, count: int, *flags: str, addresses: Sequence[str] | None = None
    ) -> None:
        self.address = address
        config = folder / "errtally.yml"
        config.write_text(json.dumps(AT_ONCE))
        flags = ("--config", str(config), "--workers", "1", *flags)
        self.all: list[Exporter] = []
        for number, one in enumerate(addresses or [address] * count):
            own = folder / f"replica{number}"
            own.mkdir()
            self.all.append(Exporter(own, *flags, environ={"ERRTALLY_DATABASE": one}))

    @staticmethod
    def one_more(data_dir: Path, address: str) -> Exporter:
        """Make one more exporter, with a data directory that may be there already."""
        exporter = Exporter(data_dir.parent, "--workers", "1", environ={"ERRTALLY_DATABASE": address})
        exporter.data_dir = data_dir
        return exporter

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.address, autocommit=True, connect_timeout=10) as db:
            return db.execute(statement).fetchall()

    def holder(self) -> Exporter | None:
        """The one that folds, by the lease; None while nobody does."""
        rows = self.ask(
            "SELECT replica FROM writers WHERE expires > extract(epoch FROM clock_timestamp())::double precision"
        )
        by_name = {(one.data_dir / REPLICA_FILE).read_text().strip(): one for one in self.all if one.data_dir.exists()}
        return by_name[str(rows[0][0])] if rows else None

    def wait_for_holder(self, *, other_than: Exporter | None = None) -> Exporter:
        """Wait until somebody folds."""
        found: list[Exporter] = []

        def is_found() -> bool:
            one = self.holder()
            if one is not None and one is not other_than:
                found.append(one)
            return bool(found)

        until(is_found, lambda: "nobody folds")
        return found[0]

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"{one.log}:\n{one.log.read_text()[-3000:]}" for one in self.all if one.log.exists())

    def wait_until_counted(self) -> None:
        """Wait until all of them say that nothing waits."""
        for one in self.all:
            one.wait_until_folded()
        until(lambda: self.ask("SELECT count(*) FROM journal") == [(0,)], self.logs)

    def outcome(self, experiment: str, rounds: int, *traffic: Traffic) -> Row:
        """Compare what was acknowledged with what all of them have counted, event by event."""
        self.wait_until_counted()
        counts = {int(one.total(names.EVENTS)) for one in self.all}
        assert len(counts) == 1, counts
        acknowledged = set().union(*(one.acknowledged for one in traffic))
        blobs = [bytes(row[0]) for row in self.ask("SELECT hashes FROM seen")]  # type: ignore[arg-type]
        row = compared(experiment, rounds, {"default": acknowledged}, counts.pop(), blobs)
        return Row(
            row.experiment, row.rounds, row.acknowledged, row.counted, row.lost, row.doubled,
            sum(one.sent for one in traffic), int(max(one.silent_seconds for one in traffic)) + 1,
        )  # fmt: skip


def pause(exporter: Exporter) -> None:
    """Have none of an exporter's processes run, as a machine that hangs."""
    os.killpg(exporter.pid, signal.SIGSTOP)


def resume(exporter: Exporter) -> None:
    """Let its processes run again."""
    os.killpg(exporter.pid, signal.SIGCONT)


def is_gone(exporter: Exporter) -> bool:
    """Whether none of its processes runs any more."""
    return not of_session(exporter.pid)


@contextmanager
def replicas(
    folder: Path, server: Server | str, count: int = 3, *flags: str, addresses: Sequence[str] | None = None
) -> Iterator[Replicas]:
    """Run exporters on a server, or at an address, until the block ends."""
    address = server if isinstance(server, str) else server.address
    made = Replicas(folder, address, count, *flags, addresses=addresses)
    with ExitStack() as stack:
        for one in made.all:
            stack.callback(_end, one)
            one.start()
        yield made


def _end(exporter: Exporter) -> None:
    if exporter.is_running:
        resume(exporter)
        exporter.stop()
