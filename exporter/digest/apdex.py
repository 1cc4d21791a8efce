"""Apdex (technical specification 1.1): zones by the threshold T, a failed request is frustrated whatever it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.projects import Project

SLOT_SECONDS = 10


class Thresholds:
    """T for each project and transaction; where none is configured, the project's, else 0.5 s."""

    def __init__(self, projects: tuple[Project, ...]) -> None:
        self._projects: Mapping[str, Project] = {project.name: project for project in projects}

    def seconds(self, project: str, transaction: str) -> float:
        """Return T for a transaction; "" asks for the whole service."""
        configured = self._projects.get(project)
        if configured is None:
            return names.DEFAULT_APDEX_THRESHOLD_SECONDS
        return configured.transaction_apdex_threshold_seconds.get(transaction, configured.apdex_threshold_seconds)

    def bounds(self) -> frozenset[float]:
        """Return every T in use and its 4 T: with buckets that end there, PromQL gives Apdex as well."""
        used = {names.DEFAULT_APDEX_THRESHOLD_SECONDS}
        for project in self._projects.values():
            used |= {project.apdex_threshold_seconds, *project.transaction_apdex_threshold_seconds.values()}
        return frozenset(bound for seconds in used for bound in (seconds, names.APDEX_TOLERATING_FACTOR * seconds))


def zone(duration_seconds: float, threshold_seconds: float, *, failed: bool) -> int:
    """Return the index of the zone in ``names.APDEX_ZONES``; exactly T is satisfied, exactly 4 T tolerating."""
    if failed or duration_seconds > names.APDEX_TOLERATING_FACTOR * threshold_seconds:
        return 2
    return 0 if duration_seconds <= threshold_seconds else 1


def score(satisfied: int, tolerating: int, frustrated: int) -> float | None:
    """Return (satisfied + tolerating / 2) / total, None without requests."""
    total = satisfied + tolerating + frustrated
    return (satisfied + tolerating / 2) / total if total else None
