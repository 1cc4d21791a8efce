"""An issue's status: what people decide, and what takes it back: an event, as many as were asked for, the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM
from errtally.exporter.digest.changes import Decision
from errtally.exporter.digest.conditions import KINDS_OF, Condition
from errtally.exporter.digest.releases import Releases

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes, IssueChange
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import EventSeen, StatusChange, Until

AGENDA = "issue"


class Decisions:
    """Keeps the status of issues.

    Args:
        state: what is known of the store; kept current.
        changes: where the changes go.
    """

    def __init__(self, state: State, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def release(self, project: str, release: str, at: float) -> None:
        """Note that something of a release came in; at any time but the first, this changes only how often."""
        known = self._state.releases.get(project)
        if known is None:
            known = self._state.releases[project] = Releases()
        known.uses[release] += 1
        one = known.known.get(release)
        if one is None or one.seen is None:
            self._add_release(project, known, release, at)

    def _add_release(self, project: str, known: Releases, release: str, seen: float | None) -> None:
        made, forgotten = known.add(release, seen)
        self._changes.releases[project, release] = made
        for name in forgotten:
            self._changes.releases[project, name] = None

    def decide(self, decision: StatusChange) -> None:
        """Fold a person's decision; one about an issue that is not there, or that changes nothing, changes nothing."""
        fingerprint = self._state.aliases.resolve(decision.project, decision.fingerprint)
        known = self._state.issues.get((decision.project, fingerprint))
        if known is None:
            return
        condition = self._condition(decision)
        if known.status == decision.status and condition is None and known.condition is None:
            return
        known.is_decided = True
        self._touch(decision.project, fingerprint, known)
        change = self._changes.of(decision.project, known)
        if decision.status == "resolved" and known.status != "resolved":
            self._count_resolution(decision.project, known, decision.at)
        self._set_status(known, change, decision.status, decision.at, condition)
        if condition is not None and condition.kind == "time":
            self._state.agenda.note((AGENDA, decision.project, fingerprint), condition.amount)
        what = decision.status if condition is None else f"{decision.status} {condition.text()}"
        details = condition.details() if condition is not None else {}
        change.decisions.append(Decision(decision.at, decision.by, what, details))

    def _condition(self, decision: StatusChange) -> Condition | None:
        """Make the condition that a decision asks for; None for one that holds until the next."""
        until: Until | None = decision.until
        if until is None or until.kind not in KINDS_OF.get(decision.status, ()):
            return None
        if decision.status == "ignored":
            return Condition(until.kind, decision.at, amount=until.amount)
        releases = self._state.releases.setdefault(decision.project, Releases())
        if until.kind == "next_release":
            newest = releases.newest()
            return Condition(until.kind, decision.at, newest) if newest is not None else None
        release = releases.named(until.release)
        if release not in releases.known:
            # It gets its place now, so that what appears before it does is older where names do not tell.
            self._add_release(decision.project, releases, release, None)
        return Condition(until.kind, decision.at, releases.known[release])

    def _count_resolution(self, project: str, known: IssueState, at: float) -> None:
        since = known.regressed if known.status == "regressed" and known.regressed else known.first_seen
        metric, seconds = names.ISSUE_RESOLUTION, max(at - since, 0.0)
        for environment in known.environments:
            labels = (project, environment)
            self._changes.add[names.RESOLVED_ISSUES.name, labels, ""] += 1
            self._changes.add[metric.name, labels, OF_CATALOGUE[metric.name].part(seconds)] += 1
            self._changes.add[metric.name, labels, SUM] += seconds

    def look_at(self, known: IssueState, change: IssueChange, event: EventSeen, environment: str) -> None:
        """See whether an event takes the decision on its issue back.

        An event that happened before the decision came late: it neither takes the decision back nor is it one of those
        that the decision waits for.
        """
        condition = known.condition
        if known.status == "resolved":
            if event.timestamp <= (known.resolved or 0.0):
                return
            if condition is not None:
                release = self._state.releases[change.project].known.get(event.release) if event.release else None
                if not condition.is_broken_by(release):
                    return
            what = f"regressed in {environment}" + (f" with {event.release}" if condition is not None else "")
            self._set_status(known, change, "regressed", event.timestamp, None)
            details: dict[str, str | float] = {"environment": environment}
            change.decisions.append(
                Decision(event.timestamp, "", what, details | ({"release": event.release} if event.release else {}))
            )
            self._changes.add[names.REGRESSIONS.name, (change.project, environment), ""] += 1
            self._changes.noticed.add((names.LAST_REGRESSION.name, (change.project, environment), ""))
        elif condition is not None and event.timestamp > condition.at:
            condition.events += 1
            if condition.kind == "users" and event.user is not None and event.user not in condition.users:
                condition.users.add(event.user)
                change.counted_users.append(event.user)
            if condition.is_met():
                self._reopen(known, change, condition, event.timestamp)

    def pass_time(self, project: str, fingerprint: str, now: float) -> None:
        """See whether the time of an ignored issue is over; one that was merged into another waits until it is back."""
        known = self._state.issues.get((project, fingerprint))
        condition = known.condition if known is not None else None
        if known is None or condition is None or condition.kind != "time":
            return
        if condition.amount > now:
            self._state.agenda.note((AGENDA, project, fingerprint), condition.amount)
        elif (project, fingerprint) not in self._state.aliases.into:
            self._touch(project, fingerprint, known)
            self._reopen(known, self._changes.of(project, known), condition, condition.amount)

    def _touch(self, project: str, fingerprint: str, known: IssueState) -> None:
        """Keep the series of an issue that is decided on: it is not idle."""
        for environment, is_exposed in known.environments.items():
            if is_exposed:
                label_set = (names.ISSUE_INFO.name, (project, environment, fingerprint))
                self._state.budget.touched[label_set] = self._state.now

    def _reopen(self, known: IssueState, change: IssueChange, condition: Condition, at: float) -> None:
        self._set_status(known, change, "unresolved", at, None)
        change.decisions.append(
            Decision(at, "", f"unresolved again: was ignored {condition.text()}", condition.details())
        )

    def _set_status(
        self, known: IssueState, change: IssueChange, status: str, at: float, condition: Condition | None
    ) -> None:
        for environment in known.environments:
            self._changes.add[names.ISSUES.name, (change.project, environment, known.status), ""] -= 1
            self._changes.add[names.ISSUES.name, (change.project, environment, status), ""] += 1
        if status == "resolved":
            known.resolved = change.resolved = at
        elif status == "regressed":
            known.regressed = change.regressed = at
        known.status = change.status = status
        known.condition = change.condition = condition
        change.is_condition_new = True
        change.counted_users.clear()
