"""What stands in the journal: scrubbed, grouped facts as MessagePack arrays.

Fields are only ever added at the end, with a default, so that a newer exporter reads an older journal.
"""

from __future__ import annotations

import msgspec

from errtally.event.signals import Schedule  # noqa: TC001 (msgspec reads it)


class IssueSeen(msgspec.Struct, array_like=True, frozen=True):
    """The issue that events of a batch belong to; complete, so that any batch can be the first to name it.

    Attributes:
        scope: what the patterns of two issues have to share to be compared; "" when this one is never merged by itself.
        former: its fingerprints by former versions of the algorithm.
        unresolved: its fingerprint before uploaded files gave its calls their names, "" when none did.
    """

    fingerprint: str
    type: str
    title: str
    culprit: str
    pattern: str = ""
    why: tuple[str, ...] = ()
    platform: str = ""
    scope: str = ""
    former: tuple[str, ...] = ()
    unresolved: str = ""


class EventSeen(msgspec.Struct, array_like=True):
    """One event.

    Attributes:
        issue: index into the batch's issues.
        timestamp: when it happened, seconds since the epoch.
        has_own_id: whether the client named it, so that it is looked up among those counted already.
        user: keyed 64-bit hash of the user, None without one.
        sample: the event's page as scrubbed JSON, None when this one is only counted.
        tags: scrubbed tags of an event that has a sample; those of the others are not counted.
        message: the beginning of the scrubbed message of one that has a sample.
        is_unhandled: whether the client says that nothing caught it.
        told_by: marks of its failure, by which a layer that tells of it again is known; 64 bits each.
        tells: marks that it leaves.
        texts: what it says, of one that has a sample: its messages, behind full names of types.
        people: keyed 64-bit hashes of everything that its user is called, of one that has a sample.
    """

    issue: int
    environment: str
    level: str
    timestamp: float
    event_id: str
    has_own_id: bool = False
    user: int | None = None
    release: str = ""
    transaction: str = ""
    trace_id: str = ""
    sample: bytes | None = None
    tags: dict[str, str] = {}
    message: str = ""
    is_unhandled: bool = False
    told_by: tuple[int, ...] = ()
    tells: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    people: tuple[int, ...] = ()


class RequestSeen(msgspec.Struct, array_like=True):
    """One request of an observed service.

    Attributes:
        quantity: how many requests of this duration it stands for.
        is_address: whether the transaction was made of an address that somebody asked for.
        is_unsure: whether its client says that all went well before it knows of a panic that is passed on.
        is_page: whether it was a page: no error of its trace fails it.
    """

    environment: str
    transaction: str
    method: str
    status_class: str
    failed: bool
    duration_seconds: float
    timestamp: float
    trace_id: str = ""
    quantity: int = 1
    is_unsure: bool = False
    is_address: bool = False
    is_page: bool = False


class SessionSeen(msgspec.Struct, array_like=True):
    """Sessions of one release with one status.

    Attributes:
        user: keyed 64-bit hash of who had the session, None where nobody is named.
    """

    environment: str
    release: str
    status: str
    quantity: int
    session_id: str = ""
    user: int | None = None


class CheckInSeen(msgspec.Struct, array_like=True):
    """One report of a scheduled job.

    Attributes:
        check_in_id: names the run, "" when the client did not.
        schedule: when the job is to run, None when this report does not say.
        duration_seconds: how long the run took, None when the client does not say.
    """

    environment: str
    monitor: str
    status: str
    timestamp: float
    check_in_id: str = ""
    schedule: Schedule | None = None
    duration_seconds: float | None = None


class DiscardSeen(msgspec.Struct, array_like=True):
    """Events that a client discarded."""

    reason: str
    category: str
    quantity: int


class LogSeen(msgspec.Struct, array_like=True):
    """Log records of one level."""

    environment: str
    level: str
    quantity: int


class AlertSeen(msgspec.Struct, array_like=True):
    """One alert, firing (``ends_at`` is None) or resolved."""

    fingerprint: str
    name: str
    severity: str
    starts_at: float
    ends_at: float | None
    labels: dict[str, str]
    summary: str
    links: dict[str, str] = {}


class MeasureSeen(msgspec.Struct, array_like=True):
    """A count or a value that a client's process pushed; ``labels`` are the metric's own, without ``process``."""

    environment: str
    name: str
    labels: tuple[str, ...]
    value: float
    process: str = ""


class Batch(msgspec.Struct, array_like=True, tag="batch"):
    """What one request delivered for one project.

    Attributes:
        identity: names the request, when its client sends it again if it hears no answer: then its request timings,
            log records, discards and counters count once. "" stands for a request that is not sent again. Events have
            ids of their own.
    """

    project: str
    received: float
    issues: list[IssueSeen] = []
    events: list[EventSeen] = []
    requests: list[RequestSeen] = []
    sessions: list[SessionSeen] = []
    check_ins: list[CheckInSeen] = []
    discards: list[DiscardSeen] = []
    logs: list[LogSeen] = []
    alerts: list[AlertSeen] = []
    identity: str = ""
    measures: list[MeasureSeen] = []


class Tallies(msgspec.Struct, array_like=True, tag="tallies"):
    """What a worker counted of its own work since its last tallies.

    Attributes:
        counters: metric, label values, increment.
        observations: histogram, label values, increments of its buckets (not cumulative, the last is +Inf), sum.
    """

    counters: list[tuple[str, tuple[str, ...], float]] = []
    observations: list[tuple[str, tuple[str, ...], tuple[int, ...], float]] = []


class Until(msgspec.Struct, array_like=True, frozen=True):
    """What ends a decision by itself.

    Attributes:
        kind: ``next_release`` (a release newer than today's newest), ``in_release`` (``release`` or a newer one),
            ``events`` or ``users`` (``amount`` of them from now on), or ``time`` (``amount``, seconds since the epoch).
    """

    kind: str
    release: str = ""
    amount: float = 0.0


class StatusChange(msgspec.Struct, array_like=True, tag="status"):
    """A person's decision on an issue, folded in order with its events."""

    project: str
    fingerprint: str
    status: str
    at: float
    by: str = ""
    until: Until | None = None


class MergeChange(msgspec.Struct, array_like=True, tag="merge"):
    """A person's decision that events of one fingerprint belong to another issue, or no longer do.

    Attributes:
        into: fingerprint of the issue that they belong to; "" takes the merge back.
    """

    project: str
    fingerprint: str
    into: str
    at: float
    by: str = ""


class FieldChange(msgspec.Struct, array_like=True, tag="field"):
    """What a person says of an issue beside its status.

    Attributes:
        field: one of `FIELDS`; of one that is not known, an older exporter changes nothing.
        value: "" takes back what was said.
    """

    project: str
    fingerprint: str
    field: str
    value: str
    at: float
    by: str = ""


FIELDS = ("assignee", "priority", "ticket")
"""Who is to see to the issue (a name), how urgent it is (`PRIORITIES`), and the address of its ticket elsewhere."""

PRIORITIES = ("high", "medium", "low")


class NoteChange(msgspec.Struct, array_like=True, tag="note"):
    """A note that a person leaves at an issue."""

    project: str
    fingerprint: str
    text: str
    at: float
    by: str = ""


class DeletionChange(msgspec.Struct, array_like=True, tag="deletion"):
    """A person's decision to delete an issue with its kept events, its notes, and all that was merged into it."""

    project: str
    fingerprint: str
    at: float
    by: str = ""


class Commit(msgspec.Struct, array_like=True, frozen=True):
    """One commit of a release.

    Attributes:
        id: its hash, or number.
        author: name.
        at: seconds since the epoch, None where it was not told.
        paths: files that it changed.
    """

    id: str
    author: str = ""
    message: str = ""
    repository: str = ""
    at: float | None = None
    paths: tuple[str, ...] = ()


class ReleaseChange(msgspec.Struct, array_like=True, tag="release"):
    """What continuous integration tells of a release, whether or not anything of it has come in.

    Attributes:
        released: when it came out, seconds since the epoch; None where it is not told.
        ref: branch, tag or commit that it was built of; "" where it is not told, as ``url``.
        commits: all that it has over the release before; none where they are not told.
        status: ``open``, ``archived``, or ``deleted``, which forgets one of which nothing came in; "" leaves it.
    """

    project: str
    release: str
    at: float
    by: str = ""
    released: float | None = None
    ref: str = ""
    url: str = ""
    commits: tuple[Commit, ...] = ()
    status: str = ""


class DeployChange(msgspec.Struct, array_like=True, tag="deploy"):
    """A release was deployed to an environment; times in seconds since the epoch.

    Attributes:
        started: None where it is not told.
    """

    project: str
    release: str
    environment: str
    at: float
    finished: float
    started: float | None = None
    name: str = ""
    url: str = ""
    by: str = ""


Record = (
    Batch
    | Tallies
    | StatusChange
    | MergeChange
    | FieldChange
    | NoteChange
    | DeletionChange
    | ReleaseChange
    | DeployChange
)

encoder = msgspec.msgpack.Encoder()
decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)
