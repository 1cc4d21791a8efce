"""One shared event model: what every protocol is decoded to, and what scrubbing and grouping work on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Frame:
    """One call in a stack trace. Line and column are for people; they never decide a fingerprint."""

    function: str | None = None
    module: str | None = None
    filename: str | None = None
    abs_path: str | None = None
    lineno: int | None = None
    colno: int | None = None
    in_app: bool | None = None
    context_line: str | None = None
    package: str | None = None


@dataclass(slots=True)
class ResolvedFrame(Frame):
    """A call as its author wrote it, read by an uploaded source map, mapping or debug file.

    Attributes:
        sent: the frame that the client sent; of several calls that were inlined into one, the same.
    """

    sent: Frame | None = None


@dataclass(slots=True)
class ExceptionInfo:
    """One exception of a chain.

    Attributes:
        frames: oldest call first, the place of the crash last, whatever the protocol sent.
        handled: False when nothing caught it; None when the client did not say.
        synthetic: True when the client made the exception up to carry a stack; its type then says nothing.
        number: of this exception in its event, where the client numbers them; else None.
        parent: number of the exception that this one is a cause, or a member, of.
        is_group: whether it holds several exceptions that were raised side by side.
        is_member: whether it is one of those, and no cause.
        newest_first: whether the client sent the frames in the other order than its protocol has.
    """

    type: str | None = None
    value: str | None = None
    module: str | None = None
    frames: list[Frame] = field(default_factory=list)
    handled: bool | None = None
    synthetic: bool = False
    number: int | None = None
    parent: int | None = None
    is_group: bool = False
    is_member: bool = False
    newest_first: bool = False


@dataclass(slots=True)
class User:
    """Who was affected, as sent; only a keyed hash of it is ever kept in the store's counters."""

    id: str | None = None
    email: str | None = None
    username: str | None = None
    ip_address: str | None = None

    def identity(self) -> str | None:
        """The first of id, email, username and address that is there."""
        return self.id or self.email or self.username or self.ip_address


@dataclass(slots=True)
class Event:
    """One error or message event.

    Attributes:
        event_id: 32 lower-case hex digits.
        timestamp: seconds since the epoch, when it happened.
        level: one of ``names.LEVELS``.
        type: error type where the protocol has it beside the exceptions (native events).
        message: text as people read it, parameters filled in.
        template: the message before its parameters were filled in, when the client sent it.
        exceptions: causes first, the one that was raised last.
        frames: stack of an event whose exceptions have none (``attach_stacktrace``, a thread), oldest first.
        stack: stack trace as the runtime's own text, not yet parsed.
        fingerprint: the client's own fingerprint, possibly with ``{{ default }}``.
        told_by: marks of the failure that this event tells of; where one of them was left before, it is no other one.
        tells: marks that it leaves.
        has_full_names: whether an old client of Sentry named the attributes in full (``sentry.interfaces.Exception``).
    """

    event_id: str
    timestamp: float
    level: str = "error"
    type: str | None = None
    message: str = ""
    template: str | None = None
    exceptions: list[ExceptionInfo] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    stack: str | None = None
    platform: str | None = None
    logger: str | None = None
    culprit: str | None = None
    transaction: str | None = None
    environment: str = ""
    release: str | None = None
    server_name: str | None = None
    user: User | None = None
    tags: dict[str, str] = field(default_factory=dict)
    fingerprint: list[str] | None = None
    trace_id: str | None = None
    span_id: str | None = None
    has_full_names: bool = False
    told_by: tuple[int, ...] = ()
    tells: tuple[int, ...] = ()
