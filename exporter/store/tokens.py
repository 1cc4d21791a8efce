"""Tokens that people make for programs: a file of its own, so that one can be revoked whatever the writer is at."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.token import NAME, SCOPES, Token, hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "tokens.sqlite3"
PREFIX = "errtally-"
"""Of every token, so that scanners for secrets know one."""

USED_SECONDS = 60.0
"""How exact the time of the last use is: it is written at most so often."""

_BUSY_TIMEOUT_SECONDS = 5.0
_SCHEMA = """CREATE TABLE IF NOT EXISTS tokens (
  name      TEXT PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,
  scopes    TEXT NOT NULL,  -- separated by blanks
  created   REAL NOT NULL,
  by        TEXT NOT NULL,
  last_used REAL
) WITHOUT ROWID"""


class TokenError(StoreError):
    """A token can't be made: its name is taken, or is none, or it has no scopes."""


class TokenStore:
    """The tokens of one data directory. Each call opens the file anew: it is small, and others may write it.

    Args:
        data_dir: of the exporter.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._noted: dict[str, float] = {}

    def create(self, name: str, scopes: tuple[str, ...], by: str, now: float) -> str:
        """Make a token.

        Returns:
            The token itself, which is kept nowhere.

        Raises:
            TokenError: the name is taken, or is none, or the scopes are.
            StoreError: the file can't be written.
        """
        if NAME.fullmatch(name) is None:
            raise TokenError(f"{name[:80]!r}: a name has 1 to 64 letters, digits, dots, dashes and underscores")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise TokenError(f"scopes are some of {', '.join(SCOPES)}")
        secret = PREFIX + secrets.token_urlsafe(32)
        kept = " ".join(scope for scope in SCOPES if scope in scopes)
        try:
            with closing(self._open()) as db:
                db.execute(_SCHEMA)
                db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL)", (name, hash_of(secret), kept, now, by))
            self._path.chmod(0o600)
        except sqlite3.IntegrityError as exc:
            raise TokenError(f"there is a token {name!r} already: revoke it first") from exc
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"{self._path}: {exc}") from exc
        return secret

    def revoke(self, name: str) -> bool:
        """Forget a token; whether there was one.

        Raises:
            StoreError: the file can't be written.
        """
        if not self._path.exists():
            return False
        try:
            with closing(self._open()) as db:
                return db.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount > 0
        except sqlite3.Error as exc:
            raise StoreError(f"{self._path}: {exc}") from exc

    def all(self) -> list[Token]:
        """Return the tokens by name.

        Raises:
            StoreError: the file can't be read.
        """
        return list(self._read("ORDER BY name", ()))

    def find(self, hash_: str) -> Token | None:
        """Return the token that has a hash.

        Raises:
            StoreError: the file can't be read.
        """
        return next(self._read("WHERE hash = ?", (hash_,)), None)

    def named(self, name: str) -> Token | None:
        """Return the token that has a name.

        Raises:
            StoreError: the file can't be read.
        """
        return next(self._read("WHERE name = ?", (name,)), None)

    def note_use(self, name: str, now: float) -> None:
        """Note that a token is used, unless that was noted a moment ago.

        Raises:
            StoreError: the file can't be written.
        """
        if time.monotonic() - self._noted.get(name, float("-inf")) < USED_SECONDS:
            return
        self._noted[name] = time.monotonic()
        try:
            with closing(self._open()) as db:
                db.execute("UPDATE tokens SET last_used = ? WHERE name = ?", (now, name))
        except sqlite3.Error as exc:
            raise StoreError(f"{self._path}: {exc}") from exc

    def _read(self, where: str, values: tuple[object, ...]) -> Iterator[Token]:
        if not self._path.exists():
            return
        try:
            with closing(self._open()) as db:
                rows = db.execute(
                    f"SELECT name, hash, scopes, created, by, last_used FROM tokens {where}",  # noqa: S608 (constants)
                    values,
                ).fetchall()
        except sqlite3.Error as exc:
            raise StoreError(f"{self._path}: {exc}") from exc
        for name, hash_, scopes, created, by, last_used in rows:
            yield Token(name, hash_, tuple(scopes.split()), created, by, last_used)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
