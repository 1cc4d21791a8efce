"""Merging: a fingerprint's events go on in another issue, by themselves or as a person says, and back.

Series never go down: what was counted under a merged fingerprint stays there, and only stops growing. Pages add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from errtally import names
from errtally.exporter.digest.changes import AliasChange, Decision
from errtally.exporter.digest.decisions import AGENDA

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import IssueSeen, MergeChange
    from errtally.names import Metric

BY_HAND = "by hand"
FORMER_VERSION = "former version"
TOLD = "the same failure, as another layer tells of it"
GUESSED = "the same failure, told by its message alone"
UNRESOLVED = "the same error before its source map came"


class Merges:
    """Merges and takes back merges.

    Args:
        state: what is known of the store; kept current.
        changes: where the changes go.
        admit: bounds the labels of a metric.
    """

    def __init__(
        self, state: State, changes: Changes, admit: Callable[[Metric, tuple[str, ...]], tuple[str, ...]]
    ) -> None:
        self._state = state
        self._changes = changes
        self._admit = admit

    def join(self, project: str, seen: IssueSeen, at: float) -> str:
        """Return the issue of a fingerprint that is no issue yet: its own, or the one that it is merged into now."""
        aliases = self._state.aliases
        if (project, seen.fingerprint) in aliases.vetoes:
            return seen.fingerprint
        target, reason = self._unresolved(project, seen), UNRESOLVED
        if target is None:
            target, reason = self._former(project, seen, at), FORMER_VERSION
        # Noted in any case, so that what is known does not depend on why it was merged.
        found = aliases.note(project, seen.fingerprint, seen.scope, seen.pattern)
        if target is None and found is not None:
            reason = found.reason
            issues = self._state.issues
            roots = {aliases.resolve(project, known) for known in found.known}
            free = [root for root in roots if (project, root) in issues and (project, root) not in aliases.vetoes]
            free.sort(key=lambda root: issues[project, root].id)
            target = free[0] if free else None
            for other in free[1:]:
                # What a person decided on stays as it is.
                if not issues[project, other].is_decided:
                    self._merge(project, other, free[0], reason, at, by="")
        if target is None:
            return seen.fingerprint
        alias = AliasChange(self._state.next_issue_id, project, seen.fingerprint, target, reason, at, "", seen)
        self._state.next_issue_id += 1
        aliases.into[project, seen.fingerprint] = target
        if reason == UNRESOLVED:
            aliases.claimed |= {(project, target), (project, seen.unresolved)}
        self._changes.aliases.append(alias)
        return target

    def claim(self, project: str, seen: IssueSeen, issue: str, at: float) -> None:
        """Let events of an error that nothing could read, those to come and those that came, count in its issue.

        Events of a release whose maps come late or never then are nothing new, and neither is the first event that
        comes while its map is being read.

        Args:
            project: of the issue.
            seen: an event of it that was read.
            issue: the fingerprint of the issue, which may begin with this event.
            at: when the event was received.
        """
        state, aliases, unread = self._state, self._state.aliases, seen.unresolved
        key = (project, unread)
        if unread in {seen.fingerprint, issue} or key in aliases.claimed or key in aliases.vetoes:
            return
        target = aliases.resolve(project, unread)
        other = state.issues.get((project, target))
        if target == issue:
            aliases.claimed.add((project, unread))
        elif other is None:
            known = replace(seen, fingerprint=unread, scope="", pattern="")
            alias = AliasChange(state.next_issue_id, project, unread, issue, UNRESOLVED, at, "", known)
            state.next_issue_id += 1
            aliases.into[project, unread] = issue
            aliases.claimed.add((project, unread))
            self._changes.aliases.append(alias)
        elif (
            (project, target) not in aliases.claimed and (project, issue) in state.issues and not other.is_decided
        ):  # what a person decided on stays as it is
            aliases.claimed |= {(project, unread), (project, target)}
            self._merge(project, target, issue, UNRESOLVED, at, by="")

    def tell(self, project: str, seen: IssueSeen, first: str, at: float, *, is_guess: bool) -> None:
        """Let what a layer calls a failure be no issue of its own, since another one was heard first.

        What are two issues already stay two: a cause has several wrappers, which are different bugs.

        Args:
            project: of the events.
            seen: what an event is that does not count.
            first: the fingerprint of the one that counted.
            at: when the event was received.
            is_guess: whether the first one is known by its message alone. Several errors may have that message: the
                first of them has it for good.
        """
        state, aliases, fingerprint = self._state, self._state.aliases, seen.fingerprint
        target = aliases.resolve(project, first)
        if (
            (project, target) not in state.issues
            or fingerprint == target
            or (project, fingerprint) in state.issues
            or (project, fingerprint) in aliases.into
            or (project, fingerprint) in aliases.vetoes
            or (is_guess and (target != first or (project, first) in aliases.guessed))
        ):
            return
        if is_guess:
            aliases.guessed.add((project, first))
        known = replace(seen, scope="", pattern="")
        reason = GUESSED if is_guess else TOLD
        self._changes.aliases.append(
            AliasChange(state.next_issue_id, project, fingerprint, target, reason, at, "", known)
        )
        state.next_issue_id += 1
        aliases.into[project, fingerprint] = target

    def decide(self, decision: MergeChange) -> None:
        """Fold a person's decision; one that makes no sense any more when its turn comes changes nothing."""
        aliases, project, fingerprint = self._state.aliases, decision.project, decision.fingerprint
        is_alias = (project, fingerprint) in aliases.into
        if not decision.into:
            if is_alias:
                self._unmerge(decision)
            return
        target = aliases.resolve(project, decision.into)
        if (
            (project, target) not in self._state.issues
            or not (is_alias or (project, fingerprint) in self._state.issues)
            or aliases.resolve(project, fingerprint) == target
        ):
            return
        if is_alias:
            self._unmerge(decision)
        self._merge(project, fingerprint, target, BY_HAND, decision.at, decision.by)

    def _unresolved(self, project: str, seen: IssueSeen) -> str | None:
        """Return the issue that the event belonged to while nothing could read its calls.

        Events of several errors may have been in that one, because minified names tell them apart badly. The first of
        them that is read has it for good; the others become issues of their own.
        """
        aliases = self._state.aliases
        if not seen.unresolved or seen.unresolved == seen.fingerprint:
            return None
        target = aliases.resolve(project, seen.unresolved)
        is_claimed = not aliases.claimed.isdisjoint({(project, target), (project, seen.unresolved)})
        return None if is_claimed or (project, target) not in self._state.issues else target

    def _former(self, project: str, seen: IssueSeen, at: float) -> str | None:
        """Return the issue that a former version put the event into."""
        aliases = self._state.aliases
        if not seen.former or not aliases.settings.merge_former_version or at > aliases.transition_ends:
            return None
        for former in seen.former:
            target = aliases.resolve(project, former)
            if (project, target) in self._state.issues:
                return target
        return None

    def _merge(self, project: str, fingerprint: str, target: str, reason: str, at: float, by: str) -> None:
        state, changes = self._state, self._changes
        alias = AliasChange(0, project, fingerprint, target, reason, at, by)
        state.aliases.into[project, fingerprint] = target
        state.aliases.vetoes.discard((project, fingerprint))
        changes.aliases.append(alias)
        root = state.issues[project, target]
        if (merged := state.issues.get((project, fingerprint))) is not None:
            self._count(project, merged, -1)
            changes.of(project, merged).is_recast = True
            for environment in merged.environments.keys() - root.environments.keys():
                # The issue is not new there: it was known under the other fingerprint.
                labels = self._admit(names.ISSUE_INFO, (project, environment, target))
                alias.environments[environment] = root.environments[environment] = labels[2] != names.OTHER
                changes.add[names.ISSUES.name, (project, environment, root.status), ""] += 1
        if by:
            root.is_decided = True
            changes.of(project, root).decisions.append(Decision(at, by, f"merged {fingerprint} into this"))

    def _unmerge(self, decision: MergeChange) -> None:
        state, changes, project, fingerprint = self._state, self._changes, decision.project, decision.fingerprint
        target = state.aliases.into.pop((project, fingerprint))
        state.aliases.vetoes.add((project, fingerprint))
        changes.aliases.append(AliasChange(0, project, fingerprint, "", "", decision.at, decision.by))
        # What has no counts of its own becomes an issue with its next event.
        if (merged := state.issues.get((project, fingerprint))) is not None:
            self._count(project, merged, 1)
            changes.of(project, merged).is_recast = True
            if merged.condition is not None and merged.condition.kind == "time":
                state.agenda.note((AGENDA, project, fingerprint), merged.condition.amount)
        # The target may have been merged itself since.
        if (former := state.issues.get((project, target))) is not None:
            changes.of(project, former).decisions.append(
                Decision(decision.at, decision.by, f"took {fingerprint} out of this")
            )

    def _count(self, project: str, issue: IssueState, number: int) -> None:
        for environment in issue.environments:
            self._changes.add[names.ISSUES.name, (project, environment, issue.status), ""] += number
