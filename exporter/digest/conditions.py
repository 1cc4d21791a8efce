"""What ends a decision by itself: a newer release a resolution; events, users or the time an ignoring."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.digest.releases import Release

KINDS_OF = {"resolved": ("next_release", "in_release"), "ignored": ("events", "users", "time")}
"""Status to the kinds of conditions that may end it."""

MAX_EVENTS = 1_000_000_000
MAX_USERS = 100_000
"""Users of one condition: each is remembered until it is met."""


@dataclass(slots=True)
class Condition:
    """A condition as it stands.

    Attributes:
        kind: as in `errtally.exporter.journal.records.Until`.
        at: when it was set, seconds since the epoch: what happened before does not count.
        release: of a resolution: the newest release then, or the one that it is resolved in.
        amount: events or users to come, or the moment.
        events: events since.
        users: users since, as keyed hashes.
    """

    kind: str
    at: float
    release: Release | None = None
    amount: float = 0.0
    events: int = 0
    users: set[int] = field(default_factory=set)

    def is_broken_by(self, release: Release | None) -> bool:
        """Whether an event of a release says that the resolution does not hold.

        One that names no release does not say that it is of a newer one.
        """
        if release is None or self.release is None:
            return False
        if self.kind == "in_release":
            return release.place >= self.release.place
        return release.place > self.release.place

    def is_met(self) -> bool:
        """Whether as many events or users came as there had to."""
        return (self.kind == "events" and self.events >= self.amount) or (
            self.kind == "users" and len(self.users) >= self.amount
        )

    def details(self) -> dict[str, str | float]:
        """Name the parameters, as the API and the history show them."""
        if self.kind in KINDS_OF["resolved"]:
            name = "in_release" if self.kind == "in_release" else "after_release"
            return {name: self.release.release if self.release is not None else ""}
        return {"until": moment_text(self.amount)} if self.kind == "time" else {f"until_{self.kind}": int(self.amount)}

    def text(self) -> str:
        """Say it, as what follows ``resolved`` or ``ignored``."""
        release = self.release.release if self.release is not None else ""
        if self.kind == "next_release":
            return f"in the next release after {release}"
        if self.kind == "in_release":
            return f"in {release}"
        if self.kind == "time":
            return f"until {moment_text(self.amount)}"
        count = int(self.amount)
        return f"until {count} more {self.kind.removesuffix('s') if count == 1 else self.kind}"


def moment_text(seconds: float) -> str:
    """Write a moment as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
