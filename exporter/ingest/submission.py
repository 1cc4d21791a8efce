"""What one request submitted, after its protocol was decoded: the input of scrubbing, grouping and the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event
    from errtally.event.signals import Alert, CheckIn, Discard, LogCount, Measure, RequestTiming, SessionCount
    from errtally.exporter.artifacts.bundle import Entry


class Counts(dict[str, int]):
    """What was counted by name; 0 of what is not there. A tenth of the time that making a `Counter` takes."""

    def __missing__(self, name: str) -> int:
        return 0


class SubmittedEvent(msgspec.Struct):
    """One event and the way to its details.

    Attributes:
        event: the fields that count, group and route.
        details: makes what only a page shows (frames with source, breadcrumbs, request); called only when the event
            is kept as a sample, because it costs more than everything else together. The result is JSON-like.
        has_own_id: whether the client named the event, so that a second submission of it can be told.
        debug_meta: what the client says of the files that its calls are read by, as JSON or decoded; None without.
        dist: distribution of the release, "" without.
    """

    event: Event
    details: Callable[[], dict[str, Any]]
    has_own_id: bool
    debug_meta: Any = None
    dist: str = ""


@dataclass(frozen=True, slots=True)
class SubmittedFiles:
    """Scripts and source maps of one release that came together.

    Attributes:
        files: each with its content.
        replaces: whether they may take the place of others that came before.
    """

    release: str
    files: tuple[tuple[Entry, bytes], ...]
    replaces: bool = True


@dataclass(frozen=True, slots=True)
class SubmittedDeploy:
    """A release that was deployed.

    Attributes:
        ref: the commit that the release was built of; "" where it is not told.
        by: who deployed it.
    """

    release: str
    environment: str
    name: str = ""
    ref: str = ""
    by: str = ""


class Submission(msgspec.Struct):
    """Everything that one request submitted for one project.

    Attributes:
        items: accepted items by kind, for the counter.
        rejected: items that were not taken, by reason, for the counter.
        failures: place in the batch and message of each rejected event (native API).
        event_id: the id to answer with.
        others: what the same request submitted for other projects; their items are counted here.
        identity: as `records.Batch.identity`.
        unkept_bytes: payloads, such as attachments, that are counted and not kept.
    """

    project: str = ""
    events: list[SubmittedEvent] = []
    requests: list[RequestTiming] = []
    sessions: list[SessionCount] = []
    check_ins: list[CheckIn] = []
    discards: list[Discard] = []
    logs: list[LogCount] = []
    alerts: list[Alert] = []
    measures: list[Measure] = []
    uploads: list[SubmittedFiles] = []
    deploys: list[SubmittedDeploy] = []
    items: Counts = msgspec.field(default_factory=Counts)
    rejected: Counts = msgspec.field(default_factory=Counts)
    failures: list[tuple[int, str]] = []
    event_id: str | None = None
    others: list[Submission] = []
    unkept_bytes: int = 0
    identity: str = ""

    def holds_anything(self) -> bool:
        """Whether there is anything in it to keep or to count."""
        return bool(
            self.events
            or self.requests
            or self.sessions
            or self.check_ins
            or self.discards
            or self.logs
            or self.alerts
            or self.measures
        )
