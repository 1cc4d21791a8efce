"""How releases do: sessions that did not crash, and the share of users' sessions that they have. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterable

ADOPTION_HOURS = 24


@dataclass(slots=True)
class Health:
    """Sessions of one release.

    Attributes:
        recent: those of the last `ADOPTION_HOURS`.
        project_recent: the same of all releases of its project.
    """

    ended: Counter[str] = field(default_factory=Counter)
    recent: int = 0
    project_recent: int = 0

    @property
    def sessions(self) -> int:
        """How many were started."""
        return self.ended["started"]

    @property
    def crash_free(self) -> float | None:
        """Share of sessions that did not crash, None without any."""
        crashed = sum(self.ended[status] for status in names.CRASHED_SESSION_STATUSES)
        return max(self.sessions - crashed, 0) / self.sessions if self.sessions else None

    @property
    def adoption(self) -> float | None:
        """Share of the project's recent sessions, None where there were none."""
        return self.recent / self.project_recent if self.project_recent else None


def percent(share: float | None, digits: int = 2) -> str:
    """Write a share as people read it; a part is never shown as all or nothing.

    Args:
        share: from 0 to 1, None where there is none.
        digits: after the point.
    """
    if share is None:
        return "none"
    least = 10**-digits
    if 0 < share < 1:
        if share * 100 < least:
            return f"< {least:.{digits}f} %"
        if (1 - share) * 100 < least:
            return f"> {100 - least:.{digits}f} %"
    return f"{share * 100:.{digits}f} %"


def by_release(rows: Iterable[tuple[int, str, str, str, str, float]], hour: int) -> dict[tuple[str, str], Health]:
    """Return the health of each project and release.

    Args:
        rows: as `session_hours.counts` has them.
        hour: the present one, since the epoch.
    """
    found: dict[tuple[str, str], Health] = {}
    recent: Counter[str] = Counter()
    for at, project, _, release, status, sessions in rows:
        health = found.setdefault((project, release), Health())
        health.ended[status] += int(sessions)
        if status == "started" and at > hour - ADOPTION_HOURS:
            health.recent += int(sessions)
            recent[project] += int(sessions)
    for (project, _), health in found.items():
        health.project_recent = recent[project]
    return found
