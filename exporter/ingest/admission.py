"""The door of one request: whose key it has, from which page it comes, and what of its items is let in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.errors import Limited, OverloadedError, UnauthorizedError
from errtally.exporter.ingest.keys import Keys, is_allowed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.ingest.quotas import Quotas
    from errtally.exporter.ingest.rates import Rates
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.ingest.submission import Submission
    from errtally.exporter.journal.appending import Appending
    from errtally.exporter.projects import Project

BACKLOG_RETRY_SECONDS = 10

ITEM_CATEGORIES = {
    "event": "error",
    "csp_report": "error",
    "transaction": "transaction",
    "span": "transaction",
    "request": "transaction",
    "session": "session",
    "sessions": "session",
    "check_in": "monitor",
    "log": "log_item",
    "alert": "default",
    "client_report": "default",
    "discard": "default",
    "measure": "default",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """What every request has to pass, the same for all requests of one process.

    Attributes:
        rates: None when no rate limit is configured.
        quotas: None when no quota is configured.
    """

    appender: Appending
    rates: Rates | None = None
    quotas: Quotas | None = None


class Admission(Keys):
    """The keys as one request meets them: who may send is asked before its body is read.

    Args:
        keys: all keys.
        gate: what every request has to pass.
        request: the request.
        categories: all that the request may hold; when none of them is let in, it is refused unread.

    Attributes:
        dropped: how many items were not let in, by project, category and reason.
    """

    __slots__ = ("_all", "_categories", "_gate", "_key", "_owner_", "_refused", "_request", "dropped")

    def __init__(self, keys: Keys, gate: Gate, request: Request, categories: tuple[str, ...] = ()) -> None:
        self._all = keys
        self.is_open = keys.is_open
        self._gate = gate
        self._request = request
        self._categories = categories if gate.rates is not None or gate.quotas is not None else ()
        self.dropped: dict[tuple[str, str, str], int] = {}
        self._refused: dict[str, Limited] = {}
        self._key = ""
        self._owner_: Project | None = None

    def project(self, project_id: str | None, key: str | None) -> str:
        """Name the project of this request.

        Raises:
            UnauthorizedError: as `Keys.project`, or the page's origin may not send there (403).
            OverloadedError: nothing at all is taken at the moment.
        """
        keys = self._all
        name, owner = keys.owner(project_id, key)
        if keys.has_origins:
            origin = self._request.header("origin")
            if origin and not is_allowed(origin, owner.allowed_origins):
                raise UnauthorizedError("bad_origin", "pages of this origin may not send to this project", status=403)
        full = self._gate.appender.refusal()
        if full is not None:
            raise OverloadedError(full.reason, str(full), limits=(Limited("", BACKLOG_RETRY_SECONDS, full.reason),))
        self._key, self._owner_ = key or "", owner
        if self._categories:
            self._refuse_unread(owner)
        return name

    def project_of_service(self, project: str, service: str | None) -> str:
        """Name the project of a service; as `Keys.project_of_service`."""
        return self._all.project_of_service(project, service)

    def _refuse_unread(self, owner: Project) -> None:
        """Refuse the request when nothing that it may hold would be let in: reading it costs more than all else."""
        limits = [self._ask(owner, category, 0) for category in self._categories]
        if all(limits):
            closed = tuple(limited for limited in limits if limited is not None)
            # What is in it nobody knows, but there is something.
            self._drop(owner, closed[0], 1)
            raise _overloaded(closed)

    def refuses(self, category: str, quantity: int = 1) -> bool:
        """Whether items of a category need not be decoded; as `Keys.refuses`."""
        owner = self._owner_
        if owner is None or not self._categories:
            return False
        limited = self._refused.get(category) or self._ask(owner, category, 0)
        if limited is None:
            return False
        self._refused[category] = limited
        self._drop(owner, limited, quantity)
        return True

    def _drop(self, owner: Project, limited: Limited, quantity: int) -> None:
        # The project is a label of a counter, and in open mode anybody could make up more.
        labels = (names.OTHER if self._all.is_open else owner.name, limited.category, limited.reason)
        self.dropped[labels] = self.dropped.get(labels, 0) + quantity

    def limit(self, submission: Submission) -> OverloadedError | None:
        """Take out of a submission what this sender's limits and quotas do not let in.

        A category goes as a whole: a batch is never cut in two, so that it can be sent again as it is.

        Args:
            submission: changed in place; what is taken out is added to ``dropped``.

        Returns:
            What to answer with when something was taken out; None when all was let in.
        """
        owner = self._owner_
        if owner is None:
            return None
        limits = list(self._refused.values())
        for category, lists, quantity in _quantities(submission):
            limited = self._ask(owner, category, quantity)
            if limited is not None:
                limits.append(limited)
                self._drop(owner, limited, quantity)
                for entries in lists:
                    entries.clear()
        if not limits:
            return None
        closed = {limited.category for limited in limits}
        for kind in [kind for kind in submission.items if ITEM_CATEGORIES.get(kind) in closed]:
            del submission.items[kind]
        return _overloaded(tuple(limits))

    def admit_whole(self, submission: Submission) -> None:
        """Let a submission in with all that it holds, or not at all: its client sends the whole again.

        Raises:
            OverloadedError: one of its categories is over a limit or quota; nothing is taken out of any.
        """
        owner = self._owner_
        if owner is None:
            return
        held = _quantities(submission)
        limits = [limited for category, _, _ in held if (limited := self._ask(owner, category, 0)) is not None]
        if limits:
            # As for a request that is refused unread: what is sent again later is not lost.
            self._drop(owner, limits[0], 1)
            raise _overloaded(tuple(limits))
        for category, _, quantity in held:
            # Another thread may have taken the last token since; the debt is paid before the next is let in.
            self._ask(owner, category, quantity, is_promised=True)

    def _ask(self, owner: Project, category: str, quantity: int, *, is_promised: bool = False) -> Limited | None:
        gate = self._gate
        if gate.quotas is not None and not is_promised:
            wait = gate.quotas.wait_seconds(owner, category, self._request.received)
            if wait:
                return Limited(category, wait, "quota")
        if gate.rates is not None:
            wait = gate.rates.take(owner, self._key, category, quantity, time.monotonic(), is_promised=is_promised)
            if wait:
                return Limited(category, wait, "rate_limited")
        if gate.quotas is not None and quantity:
            gate.quotas.add(owner, category, quantity, self._request.received)
        return None


def _overloaded(limits: tuple[Limited, ...]) -> OverloadedError:
    text = ", ".join(f"{limited.category} ({limited.reason}, {limited.seconds} s)" for limited in limits)
    return OverloadedError(limits[0].reason, f"not taken for now: {text}", limits=limits)


def _quantities(submission: Submission) -> list[tuple[str, list[list[Any]], int]]:
    """What a request's submissions hold: category, its lists, and how many things are in them."""
    found = []
    for category, lists in _categories((submission, *submission.others)):
        items = [entry for entries in lists for entry in entries]
        quantity = sum(entry.quantity for entry in items) if category in {"session", "log_item"} else len(items)
        if quantity:
            found.append((category, lists, quantity))
    return found


def _categories(parts: Sequence[Submission]) -> tuple[tuple[str, list[list[Any]]], ...]:
    """The lists of one request's submissions by the category that limits them."""
    return (
        ("error", [part.events for part in parts]),
        ("transaction", [part.requests for part in parts]),
        ("session", [part.sessions for part in parts]),
        ("monitor", [part.check_ins for part in parts]),
        ("log_item", [part.logs for part in parts]),
        ("default", [part.discards for part in parts]),
        ("default", [part.alerts for part in parts]),
        ("default", [part.measures for part in parts]),
    )
