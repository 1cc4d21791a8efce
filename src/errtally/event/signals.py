"""What a client may send beside error events: timings, sessions, check-ins, reports of what it discarded."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RequestTiming:
    """One request that an observed service served.

    Attributes:
        status_class: one of ``names.STATUS_CLASSES``.
        failed: True when the service failed it (a server error), which makes it frustrated for Apdex.
        timestamp: when it ended, seconds since the epoch.
        is_address: whether the transaction was made of an address that somebody asked for.
        is_unsure: whether the client may not know yet that the request failed.
        is_page: whether a browser or phone loaded it: an error in what it shows says nothing of the request.
        quantity: how many requests of this duration it stands for, where a client adds them up itself.
    """

    transaction: str
    duration_seconds: float
    timestamp: float
    method: str = ""
    status_class: str = "unknown"
    failed: bool = False
    environment: str = ""
    release: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    quantity: int = 1
    is_unsure: bool = False
    is_address: bool = False
    is_page: bool = False


@dataclass(slots=True)
class SessionCount:
    """Sessions of one release with one status (``names.SESSION_STATUSES``).

    Attributes:
        session_id: set for a single session, whose status may be reported again and counts once.
        user: who used the program, as the client names them.
    """

    status: str
    quantity: int = 1
    environment: str = ""
    release: str | None = None
    session_id: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is to run, as its check-ins tell.

    Attributes:
        kind: ``crontab`` or ``interval``.
        value: five fields of cron, or how many units lie between two runs.
        unit: ``minute``, ``hour``, ``day``, ``week``, ``month`` or ``year`` of an interval.
        timezone: IANA name that cron's fields are in.
        margin_seconds: how much later than planned a job may report.
        max_runtime_seconds: how long a run may take.
    """

    kind: str
    value: str
    unit: str = ""
    timezone: str = "UTC"
    margin_seconds: float = 60.0
    max_runtime_seconds: float = 1800.0


@dataclass(slots=True)
class CheckIn:
    """One report of a scheduled job; ``status`` is one of ``names.CHECK_IN_STATUSES``.

    Attributes:
        check_in_id: names the run, so that its end belongs to its start; "" when the client did not.
        schedule: when the job is to run, None when this report does not say.
    """

    monitor: str
    status: str
    timestamp: float
    environment: str = ""
    duration_seconds: float | None = None
    check_in_id: str = ""
    schedule: Schedule | None = None


@dataclass(slots=True)
class Discard:
    """Events that a client discarded before sending them."""

    reason: str
    category: str
    quantity: int


@dataclass(slots=True)
class Alert:
    """One alert as Alertmanager tells of it.

    Attributes:
        fingerprint: Alertmanager's id of the alert's label set; with ``starts_at`` it names one firing.
        ends_at: when it was resolved; None while it fires.
        links: ``alertmanager``, ``source`` and ``runbook`` to addresses of http or https, those that were told.
    """

    fingerprint: str
    name: str
    severity: str
    starts_at: float
    ends_at: float | None = None
    labels: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    links: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LogCount:
    """Log records of one level; they never count as errors."""

    level: str
    quantity: int
    environment: str = ""


@dataclass(slots=True)
class Measure:
    """A count or a value that a client's process pushes.

    Attributes:
        name: of a metric of ``names.PUSHED``.
        labels: values of its own labels, in the catalogue's order, without base labels and ``process``.
        value: of a counter, by how much it grew; of a gauge, what it is.
        process: what a gauge is of.
    """

    name: str
    labels: tuple[str, ...]
    value: float
    environment: str = ""
    process: str = ""
