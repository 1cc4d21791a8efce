"""Deleting issues: rows, kept events and series go; an error that happens again is a new issue.

Counters of the service stay: what was counted was counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.changes import DeletedIssue

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import DeletionChange


class Deletions:
    """Deletes issues.

    Args:
        state: what is known of the store; kept current.
        changes: where the changes go.
    """

    def __init__(self, state: State, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def decide(self, decision: DeletionChange) -> None:
        """Fold a person's decision; one about an issue that is not there changes nothing."""
        state, changes, project = self._state, self._changes, decision.project
        aliases = state.aliases
        root = aliases.resolve(project, decision.fingerprint)
        known = state.issues.get((project, root))
        if known is None:
            return
        for environment in known.environments:  # those of what was merged into it are taken off already
            changes.add[names.ISSUES.name, (project, environment, known.status), ""] -= 1
        merged = [one for where, one in aliases.into if where == project and aliases.resolve(project, one) == root]
        for fingerprint in merged:
            del aliases.into[project, fingerprint]
            aliases.claimed.discard((project, fingerprint))
            changes.unaliased.append((project, fingerprint))
        aliases.guessed.discard((project, root))
        gone = {root, *merged}
        changes.aliases[:] = [
            one
            for one in changes.aliases
            if one.project != project or (one.fingerprint not in gone and one.into not in gone)
        ]
        for fingerprint in (root, *merged):
            if (issue := state.issues.pop((project, fingerprint), None)) is not None:
                self._remove(project, fingerprint, issue, decision)

    def _remove(self, project: str, fingerprint: str, issue: IssueState, decision: DeletionChange) -> None:
        state, changes = self._state, self._changes
        for environment in issue.environments:
            labels = (project, environment, fingerprint)
            if state.budget.has(names.ISSUE_INFO, labels):
                state.budget.give_up(names.ISSUE_INFO, labels)
                changes.exposed[names.ISSUE_INFO.name, labels] = False
                size = state.budget.sizes[names.ISSUE_INFO.name, project]
                changes.put[names.SERIES.name, (project, names.ISSUE_INFO.name), ""] = size
        changes.issues.pop(issue.id, None)
        changes.deleted_issues.append(
            DeletedIssue(issue.id, project, fingerprint, tuple(issue.environments), decision.at, decision.by)
        )
