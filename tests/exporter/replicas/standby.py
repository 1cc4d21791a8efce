"""A primary whose commits wait for a standby that is not there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
from tests.waiting import until

if TYPE_CHECKING:
    from tests.exporter.postgres import Server

_WAITS = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def wait_for_standby(server: Server, name: str) -> None:
    """Have commits wait for a standby that is not there, from when this returns; "" for none."""
    with psycopg.connect(server.address, autocommit=True) as db:
        db.execute("SET synchronous_commit = local")
        db.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        db.execute("SELECT pg_reload_conf()")
        until(lambda: db.execute("SHOW synchronous_standby_names").fetchone() == (name,))
        if name:  # commits wait when the checkpointer has heard of it, too
            threading.Thread(target=_commit, args=(server.address,), daemon=True).start()
            until(lambda: db.execute(_WAITS).fetchone() == (True,))
        else:
            until(lambda: db.execute(_WAITS).fetchone() == (False,))


def _commit(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as db:
        db.execute("CREATE TABLE committed (number INTEGER)")
        for number in range(100_000):  # the first one that waits does so until the standby is given up
            db.execute("INSERT INTO committed VALUES (%s)", (number,))
            row = db.execute("SHOW synchronous_standby_names").fetchone()
            if row == ("",):
                return
