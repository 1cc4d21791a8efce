"""Daily quotas: how much a project may send of each category from one midnight (UTC) to the next.

Workers add up what they let in through one small file in the data directory, once a second: the sum holds for all
workers and survives a restart. What is let in within that second may go beyond the quota.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.projects import Project

FILE_NAME = "quotas.json"
DAY_SECONDS = 86400
MAX_WAIT_SECONDS = 3600
"""A quota may be raised meanwhile, so clients ask again after an hour at the latest."""


class Quotas:
    """The quotas of all projects and what was used of them. Safe for threads.

    Args:
        config: the quotas and the data directory.
    """

    def __init__(self, config: ExporterConfig) -> None:
        self._common = config.daily_quotas
        self._path: Path = config.data_dir / FILE_NAME
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
        """Add what was let in since the last call to the file, and read what all workers let in.

        Raises:
            OSError: the file can't be read or written; nothing is lost, the next call tries again.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with self._lock:
                self._turn(now)
                day, used = _read(descriptor)
                total = Counter(used) if day == self._day else Counter()
                if self._fresh or day != self._day:
                    total += self._fresh
                    # Never shorter than before, so that there is room for it on a full disk.
                    text = json.dumps({"day": self._day, "used": total}).encode().ljust(os.fstat(descriptor).st_size)
                    os.pwrite(descriptor, text, 0)
                self._used, self._fresh = total, Counter()
        finally:
            os.close(descriptor)

    def _turn(self, now: float) -> None:
        """Begin anew at midnight; a clock that is set back by some hours does not bring yesterday's quota back."""
        day = int(now // DAY_SECONDS)
        if day > self._day or day < self._day - 1:
            self._day = day
            self._used.clear()
            self._fresh.clear()


def _key(owner: Project, category: str) -> str:
    return f"{owner.name}/{category}"


def _read(descriptor: int) -> tuple[int, dict[str, int]]:
    """Read the file; one that is new, or was cut off by a crash, says nothing."""
    try:
        content = json.loads(os.pread(descriptor, 1 << 24, 0))
        return int(content["day"]), {str(name): int(used) for name, used in content["used"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, {}
