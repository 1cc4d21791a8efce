"""What exporters on a database tell each other of limits: quotas, how many of them live, failed log-ins."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Final

from errtally.exporter.store.postgres.database import SILENT_SECONDS
from errtally.exporter.store.postgres.seldom import SeldomConnection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE_SECONDS: Final = 5.0

_NOW: Final = "extract(epoch FROM clock_timestamp())::double precision"
_NOTE: Final = """INSERT INTO quotas (day, name, member, used) VALUES (?, ?, ?, ?)
ON CONFLICT (day, name, member) DO UPDATE SET used = excluded.used"""
_LIVING: Final = f"SELECT count(*) FROM shippers WHERE shipped > {_NOW} - {SILENT_SECONDS}"  # noqa: S608 (constants)
_FAIL: Final = f"INSERT INTO failed_logins (who, member, at) VALUES (?, ?, {_NOW})"  # noqa: S608 (constants)
_FAILED: Final = f"""SELECT who, {_NOW} - at, id FROM failed_logins
WHERE member <> ? AND at > {_NOW} - CAST(? AS BIGINT) ORDER BY id"""  # noqa: S608 (constants)
_FORGET: Final = f"DELETE FROM failed_logins WHERE at < {_NOW} - CAST(? AS BIGINT)"  # noqa: S608 (constants)


class SharedLimits:
    """What one worker process tells the others, and what they told. Safe for threads.

    Args:
        address: of the database.
    """

    def __init__(self, address: str) -> None:
        self._shared = SeldomConnection(address, PATIENCE_SECONDS)
        self._member = secrets.token_hex(8)
        self._day = 0
        self._own: Counter[str] = Counter()

    def add(self, day: int, fresh: Mapping[str, int]) -> Counter[str]:
        """Add what was let in on a day; return what all let in.

        Each has a row of its own with all that it let in on that day, so one that is written twice counts once.

        Raises:
            StoreError: the database can't be asked. It may have what was added, and has it once when that comes again.
        """
        own = self._own + Counter(fresh) if day == self._day else Counter(fresh)
        with self._shared.transaction() as db:
            if day != self._day:
                db.execute("DELETE FROM quotas WHERE day < ?", (day - 1,))
            db.write_rows(_NOTE, [(day, name, self._member, own[name]) for name in fresh])
            rows = db.execute("SELECT name, sum(used) FROM quotas WHERE day = ? GROUP BY name", (day,)).fetchall()
        self._day, self._own = day, own
        return Counter({name: int(used) for name, used in rows})

    def living(self) -> int:
        """Return how many exporters take events, by what each of them notes; this one counts, whatever is noted.

        Raises:
            StoreError: the database can't be asked.
        """
        with self._shared.opened() as db:
            return max(int(db.execute(_LIVING).fetchone()[0]), 1)

    def exchange(
        self, failed: Sequence[str], forgiven: Sequence[str], window_seconds: float
    ) -> list[tuple[str, float, int]]:
        """Tell of failed log-ins, and hear of those of others.

        Args:
            failed: from where they were tried, one entry for each.
            forgiven: who logged in.
            window_seconds: how long one counts.

        Returns:
            From where each was tried elsewhere, how many seconds ago, and its number.

        Raises:
            StoreError: the database can't be asked, and was told nothing.
        """
        with self._shared.transaction() as db:
            db.executemany("DELETE FROM failed_logins WHERE who = ?", [(who,) for who in forgiven])
            db.executemany(_FAIL, [(who, self._member) for who in failed])
            if failed or forgiven:
                db.execute(_FORGET, (int(window_seconds),))
            rows = db.execute(_FAILED, (self._member, int(window_seconds))).fetchall()
        return [(who, float(age), int(number)) for who, age, number in rows]
