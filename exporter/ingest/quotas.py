"""Daily quotas: how much a project may send of each category from one midnight (UTC) to the next.

Workers add up what they let in once a second, through one small file in the data directory, or the database that
exporters share: the sum holds for all workers and survives a restart. What is let in within that second may go beyond
the quota. When nothing can be added up, each goes on by what it knew last and what it lets in itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.projects import Project

FILE_NAME = "quotas.json"
DAY_SECONDS = 86400
MAX_WAIT_SECONDS = 3600
"""A quota may be raised meanwhile, so clients ask again after an hour at the latest."""


class Ledger(Protocol):
    """Where it is added up what all let in."""

    def add(self, day: int, fresh: Mapping[str, int]) -> Counter[str]:
        """Add what was let in on a day, by name; return what all let in on it.

        Raises:
            OSError, StoreError: it can't; what was to be added comes again with the next call.
        """


class Quotas:
    """The quotas of all projects and what was used of them. Safe for threads.

    Args:
        config: the quotas and the data directory.
        ledger: where it is added up; None for the file in the data directory.
    """

    def __init__(self, config: ExporterConfig, ledger: Ledger | None = None) -> None:
        self._common = config.daily_quotas
        self._ledger = ledger or QuotaFile(config.data_dir / FILE_NAME)
        self._sharing = threading.Lock()
        self._lock = threading.Lock()
        self._day = 0
        self._used: Counter[str] = Counter()
        self._fresh: Counter[str] = Counter()

    @staticmethod
    def are_in(config: ExporterConfig) -> bool:
        """Whether any quota is configured."""
        return bool(config.daily_quotas) or any(project.daily_quotas for project in config.projects)

    def wait_seconds(self, owner: Project, category: str, now: float) -> int:
        """Say whether a project's quota is used up.

        Args:
            owner: the project.
            category: one of ``names.CATEGORIES``.
            now: seconds since the epoch.

        Returns:
            0 while there is something left, otherwise in how many seconds to come back.
        """
        quota = owner.daily_quotas.get(category, self._common.get(category))
        if quota is None:
            return 0
        key = _key(owner, category)
        with self._lock:
            self._turn(now)
            if self._used[key] + self._fresh[key] < quota:
                return 0
        return max(min(int(DAY_SECONDS - now % DAY_SECONDS), MAX_WAIT_SECONDS), 1)

    def add(self, owner: Project, category: str, quantity: int, now: float) -> None:
        """Count what was let in."""
        if category in owner.daily_quotas or category in self._common:
            with self._lock:
                self._turn(now)
                self._fresh[_key(owner, category)] += quantity

    def share(self, now: float) -> None:
        """Add what was let in since the last call to what all let in, and take that over.

        Raises:
            OSError, StoreError: it can't be read or written; nothing is lost, the next call tries again.
        """
        with self._sharing:
            with self._lock:
                self._turn(now)
                day, fresh = self._day, Counter(self._fresh)
            used = self._ledger.add(day, fresh)
            with self._lock:
                if self._day == day:
                    self._used, self._fresh = used, self._fresh - fresh

    def _turn(self, now: float) -> None:
        """Begin anew at midnight; a clock that is set back by some hours does not bring yesterday's quota back."""
        day = int(now // DAY_SECONDS)
        if day > self._day or day < self._day - 1:
            self._day = day
            self._used.clear()
            self._fresh.clear()


class QuotaFile:
    """What the workers of one exporter let in, in a file.

    Args:
        path: of the file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, day: int, fresh: Mapping[str, int]) -> Counter[str]:
        """Add what was let in, as `Ledger.add`.

        Raises:
            OSError: the file can't be read or written.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            known_day, used = _read(descriptor)
            total = Counter(used) if known_day == day else Counter[str]()
            if fresh or known_day != day:
                total += Counter(fresh)
                # Never shorter than before, so that there is room for it on a full disk.
                text = json.dumps({"day": day, "used": total}).encode().ljust(os.fstat(descriptor).st_size)
                os.pwrite(descriptor, text, 0)
            return total
        finally:
            os.close(descriptor)


def _key(owner: Project, category: str) -> str:
    return f"{owner.name}/{category}"


def _read(descriptor: int) -> tuple[int, dict[str, int]]:
    """Read the file; one that is new, or was cut off by a crash, says nothing."""
    try:
        content = json.loads(os.pread(descriptor, 1 << 24, 0))
        return int(content["day"]), {str(name): int(used) for name, used in content["used"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, {}
