"""What failed, read from an event of any protocol: type, message and the frame that decides.

The raised exception decides; when none of its frames is the application's, the nearest cause with such a frame. A
group of one exception is that exception; a group of several is what its members are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.error_types import is_runtime_panic, named_type, says_nothing, short_type
from errtally.exporter.grouping.in_app import deciding_frame
from errtally.exporter.grouping.minified import is_minified
from errtally.exporter.grouping.model import Crash
from errtally.exporter.grouping.resolved import is_of_bundle
from errtally.exporter.grouping.stacktraces import parse

if TYPE_CHECKING:
    from errtally.event.model import Event, ExceptionInfo, Frame
    from errtally.exporter.grouping.ownership import Ownership

MAX_CAUSES: Final = 5
MAX_MEMBERS: Final = 16
MAX_DEPTH: Final = 8
SHORTEST_TYPE: Final = 3

_GROUPS: Final = frozenset(("ExceptionGroup", "BaseExceptionGroup", "AggregateException", "AggregateError"))
_RUST: Final = frozenset(("rust", "native"))
_UNCAUGHT: Final = (
    "Uncaught (in promise) ",
    "Uncaught ",
    "Unhandled promise rejection: ",
    "Unhandled Promise Rejection: ",
)


def crash_of(event: Event, own: Ownership | None = None) -> Crash:
    """Return what an event says about its failure."""
    exceptions, from_text = _exceptions(event)
    is_rust = (event.platform or "") in _RUST
    if not exceptions:
        frame, in_app = deciding_frame(event.frames, own) if event.frames else (None, False)
        kind = short_type(event.type)
        kind = "" if says_nothing(event.type, kind, is_rust=is_rust) else kind
        found = Crash(kind, without_uncaught(event.message), frame, in_app, exceptions, event.type or "")
    else:
        found = _of_chain(_chain(exceptions, exceptions[-1]), event, own, from_text=from_text, is_rust=is_rust)
        found = _ungrouped(found, exceptions, exceptions[-1], event, own, is_rust=is_rust)
        found.exceptions = exceptions
    if found.frame is None:
        return found
    found.is_minified = is_minified(found.frame)
    found.has_minified_words = found.is_minified or is_of_bundle(found.frame)
    if found.has_minified_words:
        found.type = "" if len(found.type) < SHORTEST_TYPE else found.type  # a class that the minifier named
    return found


def without_uncaught(message: str) -> str:
    """Return a message without what some browsers put in front of it."""
    for prefix in _UNCAUGHT if message.startswith("Un") else ():
        if message.startswith(prefix):
            return message[len(prefix) :]
    return message


def _exceptions(event: Event) -> tuple[list[ExceptionInfo], str]:
    """Return an event's exceptions, and where they were read from when not sent: "stack", "message" or ""."""
    sent = event.exceptions
    if not sent:
        if event.stack:
            return parse(event.stack, event.platform), "stack"
        if "\n" in event.message:
            return _in_text(event.message, event.platform), "message"
    elif len(sent) == 1 and not sent[0].frames and not event.frames and "\n" in (sent[0].value or ""):
        found = _in_text(sent[0].value or "", event.platform)
        if found:
            found[-1].type = found[-1].type or sent[0].type
            return found, ""
    return sent, ""


def _in_text(text: str, platform: str | None) -> list[ExceptionInfo]:
    """Return the exceptions of a stack trace in a message, [] when it holds none."""
    found = parse(text, platform)
    return found if any(exception.frames for exception in found) else []


def _chain(exceptions: list[ExceptionInfo], raised: ExceptionInfo) -> list[ExceptionInfo]:
    """Return an exception with its causes, causes first; members of groups are none."""
    if raised.number is None or not any(exception.is_member for exception in exceptions):
        return exceptions
    chain = [raised]
    while len(chain) < MAX_DEPTH:
        cause = next(
            (one for one in exceptions if one.parent == chain[0].number and not one.is_member and one not in chain),
            None,
        )
        if cause is None:
            break
        chain.insert(0, cause)
    return chain


def _ungrouped(
    found: Crash, exceptions: list[ExceptionInfo], raised: ExceptionInfo, event: Event, own: Ownership | None, *,
    is_rust: bool, depth: int = 0,
) -> Crash:  # fmt: skip
    """Return what a group's only member says; of several members the group with them."""
    group = raised
    members = (
        [one for one in exceptions if one.is_member and one.parent == group.number] if group.number is not None else []
    )
    if not members and short_type(group.type) in _GROUPS and len(exceptions) == 2:  # noqa: PLR2004 (itself and one other)
        members = exceptions[:1]
    if not members or depth >= MAX_DEPTH:
        return found
    said: dict[tuple[object, ...], Crash] = {}
    for member in members[:MAX_MEMBERS]:
        chain = _chain(exceptions, member) if member.number is not None else [member]
        one = _of_chain(chain, event, own, from_text="", is_rust=is_rust)
        one = _ungrouped(one, exceptions, member, event, own, is_rust=is_rust, depth=depth + 1)
        said.setdefault((one.type, one.message, id(one.frame) if one.frame is None else one.frame.function), one)
    if len(said) == 1:
        return next(iter(said.values()))
    found.members = list(said.values())
    return found


def _of_chain(
    exceptions: list[ExceptionInfo], event: Event, own: Ownership | None, *, from_text: str, is_rust: bool
) -> Crash:
    raised = exceptions[-1]
    chosen, frame, in_app = _choose(exceptions, own)
    if frame is None:
        frame, in_app = deciding_frame(event.frames, own)
    kind = "" if chosen.synthetic else chosen.type
    message = chosen.value or ""
    if chosen is raised and raised is not None and (not event.exceptions or raised is event.exceptions[-1]):
        # A trace in text repeats type and message, cut or decorated; what the client says of them is better.
        if from_text == "stack":
            kind, message = event.type or kind, event.message or message
        elif from_text == "message":
            kind = event.type or kind
            message = message or event.message
        else:
            kind, message = kind or (None if chosen.synthetic else event.type), message or event.message
    short = short_type(kind, chosen.module if kind == chosen.type else None)
    if is_runtime_panic(kind):
        short = "panic"
    elif says_nothing(kind, short, is_rust=is_rust) and not chosen.synthetic:
        at = next(at for at, one in enumerate(exceptions) if one is chosen)
        short = named_type(reversed(exceptions[:at]), is_rust=is_rust)
    sent = f"{chosen.module}.{kind}" if chosen.module and kind == chosen.type else kind or ""
    causes = []
    if frame is None:
        told = message
        for cause in reversed(exceptions[:-1][-MAX_CAUSES:]):
            if cause.value and cause.value not in told:
                causes.append(cause)
                told += f"\n{cause.value}"
    return Crash(short, without_uncaught(message), frame, in_app, exceptions, sent, causes)


def _choose(exceptions: list[ExceptionInfo], own: Ownership | None) -> tuple[ExceptionInfo, Frame | None, bool]:
    raised_frame, in_app = deciding_frame(exceptions[-1].frames, own)
    if not in_app:
        for exception in reversed(exceptions[:-1]):
            frame, in_app = deciding_frame(exception.frames, own)
            if in_app:
                return exception, frame, True
    return exceptions[-1], raised_frame, in_app
