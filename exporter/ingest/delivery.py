"""What one request delivered, after its protocol was decoded: the input of scrubbing, grouping and the journal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event
    from errtally.event.signals import Alert, CheckIn, Discard, LogCount, Measure, RequestTiming, SessionCount
    from errtally.exporter.artifacts.bundle import Entry


@dataclass(slots=True)
class EventDelivery:
    """One event and the way to its details.

    Attributes:
        event: the fields that count, group and route.
        details: makes what only a page shows (frames with source, breadcrumbs, request); called only when the event
            is kept as a sample, because it costs more than everything else together. The result is JSON-like.
        has_own_id: whether the client named the event, so that a second delivery of it can be told.
        debug_meta: what the client says of the files that its calls are read by, as JSON or decoded; None without.
        dist: distribution of the release, "" without.
    """

    event: Event
    details: Callable[[], dict[str, Any]]
    has_own_id: bool
    debug_meta: Any = None
    dist: str = ""


@dataclass(frozen=True, slots=True)
class FileDelivery:
    """Scripts and source maps of one release that came together.

    Attributes:
        files: each with its content.
        replaces: whether they may take the place of others that came before.
    """

    release: str
    files: tuple[tuple[Entry, bytes], ...]
    replaces: bool = True


@dataclass(frozen=True, slots=True)
class DeployDelivery:
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


@dataclass(slots=True)
class Delivery:
    """Everything that one request delivered for one project.

    Attributes:
        items: accepted items by kind, for the counter.
        rejected: items that were not taken, by reason, for the counter.
        failures: place in the batch and message of each rejected event (native API).
        event_id: the id to answer with.
        others: what the same request delivered for other projects; their items are counted here.
        identity: as `records.Batch.identity`.
        unkept_bytes: payloads, such as attachments, that are counted and not kept.
    """

    project: str = ""
    events: list[EventDelivery] = field(default_factory=list)
    requests: list[RequestTiming] = field(default_factory=list)
    sessions: list[SessionCount] = field(default_factory=list)
    check_ins: list[CheckIn] = field(default_factory=list)
    discards: list[Discard] = field(default_factory=list)
    logs: list[LogCount] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    uploads: list[FileDelivery] = field(default_factory=list)
    deploys: list[DeployDelivery] = field(default_factory=list)
    items: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    event_id: str | None = None
    others: list[Delivery] = field(default_factory=list)
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
