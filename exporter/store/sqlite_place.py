"""Watches that the store's files are still those that were opened: what is written to any others nobody will read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from errtally.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = ("", "-wal", "-shm")


class SqlitePlace:
    """The files of one open store.

    Args:
        path: the database file, opened in WAL mode and read from already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._paths = [f"{path}{suffix}" for suffix in _SUFFIXES]
        self._opened = [os.stat(name) for name in self._paths if os.path.exists(name)]  # noqa: PTH110, PTH116

    def check(self) -> None:
        """Compare the files that lie there with those that are open.

        Raises:
            StoreError: one was removed or replaced, or can't be looked at.
        """
        for name, opened in zip(self._paths, self._opened, strict=False):
            try:
                found = os.stat(name)  # noqa: PTH116 (before each transaction)
            except FileNotFoundError as exc:
                raise StoreError(f"{name} was removed while it was open: put it back, or restart") from exc
            except OSError as exc:
                raise StoreError(f"{name} can't be looked at: {exc.strerror}") from exc
            if not os.path.samestat(found, opened):
                raise StoreError(f"{name} was replaced while it was open: put the former one back, or restart")

    def sync(self) -> None:
        """Bring what was committed to the disk; afterwards it survives a loss of power.

        Raises:
            StoreError: the disk fails, or the files are others.
        """
        self.check()
        try:
            # The log alone: closing a second descriptor of the database itself would give up its locks.
            descriptor = os.open(f"{self._path}-wal", os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise StoreError(f"the store can't be brought to the disk: {exc}") from exc
