"""What is told of releases beside what comes in of them: that they are made, of which commits, and where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.releases import Releases
from errtally.exporter.journal.records import ReleaseChange

if TYPE_CHECKING:
    from errtally.exporter.digest.budget import Admit, Place
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import DeployChange

DELETED = "deleted"


class Deploys:
    """Keeps the releases that people and programs tell of.

    Args:
        state: what is known of the store; kept current.
        changes: where the changes go.
        place: bounds the base labels.
        admit: bounds the labels of a metric that has a limit.
    """

    def __init__(
        self,
        state: State,
        changes: Changes,
        *,
        place: Place,
        admit: Admit,
    ) -> None:
        self._state = state
        self._changes = changes
        self._place, self._admit = place, admit

    def add(self, told: ReleaseChange | DeployChange) -> None:
        """Fold one; a release that is not known yet is known from then on, as one of which nothing came in."""
        if isinstance(told, ReleaseChange):
            project = self._state.project(told.project)
            if told.status == DELETED:
                self._delete(project, told.release)
            else:
                self._note(project, told.release)
                self._changes.told_releases.append((project, told))
            return
        project, environment = self._place(told.project, told.environment)
        self._note(project, told.release)
        self._changes.deploys.append((project, environment, told))
        self._changes.add[names.DEPLOYS.name, (project, environment), ""] += 1
        labels = self._admit(names.RELEASE_DEPLOYED, (project, environment, told.release))
        key, peak = (names.RELEASE_DEPLOYED.name, labels, ""), self._changes.peak
        peak[key] = max(peak.get(key, 0.0), told.finished)

    def _note(self, project: str, release: str) -> None:
        known = self._state.releases.setdefault(project, Releases())
        if release not in known.known:
            made, forgotten = known.add(release, None)
            self._changes.releases[project, release] = made
            for name in forgotten:
                self._changes.releases[project, name] = None

    def _delete(self, project: str, release: str) -> None:
        known = self._state.releases.get(project)
        one = known.known.get(release) if known is not None else None
        if known is not None and one is not None and one.seen is None:
            del known.known[release]
            self._changes.releases[project, release] = None
            self._changes.told_releases[:] = [
                (where, told)
                for where, told in self._changes.told_releases
                if (where, told.release) != (project, release)
            ]
