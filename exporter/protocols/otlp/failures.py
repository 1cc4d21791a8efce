"""Which events of one trace tell of one failure: what is said of it differs from layer to layer.

Instrumentation records an exception on each span that it passes through, and again in a log record. One layer reports
the wrapper and another its cause; one sends the stack and another only the message, perhaps under the type of the
innermost error. So each event leaves marks of what it tells, and one whose marks are there already counts as sent
before (`digest.fold`).

An exception with a stack is told by its type, its message and the call that raised it, and by those of its causes: the
one that one layer reports as raised is in the chain of the other. The rest of the stack takes no part, because on a
span it goes up to the span and in a log record to the handler. One without a stack is told by its message alone. Two
equal failures within one trace, such as two tries, therefore count once.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from errtally.exporter.grouping.stacktraces import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.event.model import Event, ExceptionInfo

MAX_LINKS = 8

_RAISED, _CHAINED, _SAID, _BARE = "raised", "chained", "said", "said without a stack"
_OF_MESSAGES = (_SAID, _BARE)


def mark(event: Event) -> None:
    """Give an event of an exception in a trace the marks that tell it from other failures."""
    if not event.trace_id:
        return
    chain = links(event)
    said = {message or kind for kind, message, _ in chain}

    def marks(kind: str, told: Iterable[object]) -> tuple[int, ...]:
        # The lowest bit says whether a mark is of a message alone, which is a weaker sign.
        is_of_message = kind in _OF_MESSAGES
        return tuple([_hash(event.trace_id, kind, one) & ~1 | is_of_message for one in told])

    if event.stack:
        event.told_by = (*marks(_CHAINED, chain[:1]), *marks(_RAISED, chain), *marks(_BARE, said))
        event.tells = (*marks(_RAISED, chain[:1]), *marks(_CHAINED, chain), *marks(_SAID, said))
    else:
        event.told_by = marks(_SAID, said)
        event.tells = (*event.told_by, *marks(_BARE, said))


def links(event: Event) -> list[tuple[str, str, tuple[object, ...]]]:
    """Return the exceptions of an event's chain, the raised one first: type, message, and the call that raised it."""
    parsed = parse(event.stack, event.platform) if event.stack else []
    raised = ((event.type or "").replace("$", "."), (event.message or "").strip(), raised_at(event, parsed))
    causes = [
        (_name(one), (one.value or "").strip(), _call(one))
        for one in reversed(parsed[:-1])
        if one.frames and (one.type or one.value)
    ]
    return [raised, *causes[: MAX_LINKS - 1]]


def raised_at(event: Event, parsed: list[ExceptionInfo]) -> tuple[object, ...]:
    """The call that raised an event's exception; a stack that is not understood stands for itself."""
    if not event.stack:
        return ()
    if not parsed or not parsed[-1].frames:
        return (event.stack.strip(),)
    return _call(parsed[-1])


def _name(exception: ExceptionInfo) -> str:
    name = exception.type or ""
    full = f"{exception.module}.{name}" if exception.module and "." not in name else name
    return full.replace("$", ".")  # of a class in a class, which Java's agents name both ways


def _call(exception: ExceptionInfo) -> tuple[object, ...]:
    frame = exception.frames[-1]
    return (frame.abs_path, frame.filename, frame.module, frame.function, frame.lineno)


def _hash(*parts: object) -> int:
    return int.from_bytes(blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).digest(), "big")
