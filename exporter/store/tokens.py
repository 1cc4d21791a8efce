"""Tokens that people make for programs: a file of its own, so that one can be revoked whatever the writer is at.

Exporters that share a database have a table of it.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.store.sqlite import SqliteConnection
from errtally.exporter.store.token_table import TABLE
from errtally.exporter.token import NAME, SCOPES, Token, hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from errtally.exporter.store.connection import Connection
    from errtally.exporter.store.postgres.seldom import SeldomConnection

FILE_NAME = "tokens.sqlite3"
PREFIX = "errtally-"
"""Of every token, so that scanners for secrets know one."""

USED_SECONDS = 60.0
"""How exact the time of the last use is: it is written at most so often."""

_BUSY_TIMEOUT_SECONDS = 5.0


class TokenError(StoreError):
    """A token can't be made: its name is taken, or is none, or it has no scopes."""


class TokenStore:
    """The tokens of one exporter, or of all on a database.

    Args:
        data_dir: of the exporter. Each call opens the file in it anew: it is small, and others may write it.
        address: of a database that exporters share; "" for none.
    """

    def __init__(self, data_dir: Path, address: str = "") -> None:
        self._path = data_dir / FILE_NAME
        self._address = address
        self._shared: SeldomConnection | None = None
        self._noted: dict[str, float] = {}

    def create(self, name: str, scopes: tuple[str, ...], by: str, now: float) -> str:
        """Make a token.

        Returns:
            The token itself, which is kept nowhere.

        Raises:
            TokenError: the name is taken, or is none, or the scopes are.
            StoreError: it can't be written.
        """
        if NAME.fullmatch(name) is None:
            raise TokenError(f"{name[:80]!r}: a name has 1 to 64 letters, digits, dots, dashes and underscores")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise TokenError(f"scopes are some of {', '.join(SCOPES)}")
        secret = PREFIX + secrets.token_urlsafe(32)
        kept = " ".join(scope for scope in SCOPES if scope in scopes)
        with self._connection(is_made=True) as db:
            assert db is not None
            made = db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT (name) DO NOTHING",
                (name, hash_of(secret), kept, now, by),
            ).rowcount
        if not made:
            raise TokenError(f"there is a token {name!r} already: revoke it first")
        return secret

    def copy_from(self, others: TokenStore) -> None:
        """Know the tokens of another store as well; a name that is there stays what it is.

        Raises:
            StoreError: they can't be read, or not written.
        """
        known = others.all()
        rows = [(one.name, one.hash, " ".join(one.scopes), one.created, one.by, one.last_used) for one in known]
        if rows:
            with self._connection(is_made=True) as db:
                assert db is not None
                db.executemany("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING", rows)

    def revoke(self, name: str) -> bool:
        """Forget a token; whether there was one.

        Raises:
            StoreError: it can't be written.
        """
        with self._connection() as db:
            return db is not None and db.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount > 0

    def all(self) -> list[Token]:
        """Return the tokens by name.

        Raises:
            StoreError: they can't be read.
        """
        return self._read("ORDER BY name", ())

    def find(self, hash_: str) -> Token | None:
        """Return the token that has a hash.

        Raises:
            StoreError: they can't be read.
        """
        return next(iter(self._read("WHERE hash = ?", (hash_,))), None)

    def named(self, name: str) -> Token | None:
        """Return the token that has a name.

        Raises:
            StoreError: they can't be read.
        """
        return next(iter(self._read("WHERE name = ?", (name,))), None)

    def note_use(self, name: str, now: float) -> None:
        """Note that a token is used, unless that was noted a moment ago.

        Raises:
            StoreError: it can't be written.
        """
        if time.monotonic() - self._noted.get(name, float("-inf")) < USED_SECONDS:
            return
        self._noted[name] = time.monotonic()
        with self._connection() as db:
            if db is not None:
                db.execute("UPDATE tokens SET last_used = ? WHERE name = ?", (now, name))

    def _read(self, where: str, values: tuple[object, ...]) -> list[Token]:
        with self._connection() as db:
            if db is None:
                return []
            rows = db.execute(
                f"SELECT name, hash, scopes, created, by, last_used FROM tokens {where}",  # noqa: S608 (constants)
                values,
            ).fetchall()
        return [
            Token(name, hash_, tuple(scopes.split()), created, by, last_used)
            for name, hash_, scopes, created, by, last_used in rows
        ]

    @contextmanager
    def _connection(self, *, is_made: bool = False) -> Iterator[Connection | None]:
        """Give a connection; None where there is no file, unless it is to be made.

        Raises:
            StoreError: it can't be opened, or what is done with it fails.
        """
        if self._address:
            if self._shared is None:
                from errtally.exporter.store.postgres.seldom import SeldomConnection  # noqa: PLC0415 (an extra)

                self._shared = SeldomConnection(self._address, _BUSY_TIMEOUT_SECONDS)
            with self._shared.opened() as shared:
                yield shared
            return
        if not is_made and not self._path.exists():
            yield None
            return
        try:
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, factory=SqliteConnection
            )
            with closing(connection) as db:
                if is_made:
                    db.execute(TABLE)
                    self._path.chmod(0o600)
                yield db
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"{self._path}: {exc}") from exc
