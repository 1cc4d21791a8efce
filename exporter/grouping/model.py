"""What grouping says about one event: the shape that the journal, the store and the pages work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.event.model import Event

if TYPE_CHECKING:
    from errtally.event.model import ExceptionInfo, Frame


@dataclass(slots=True)
class Grouping:
    """The issue that an event belongs to. Nobody changes one; frozen, it would take twice the time to make.

    Attributes:
        fingerprint: 16 hex digits, the issue's id.
        type: error type without its module; "" when the event has none.
        title: what people read, ``Type: pattern``, at most 200 characters.
        culprit: where it happened, as ``place in function``; else the transaction or the logger.
        pattern: the message with what varies masked.
        why: the ingredients of the fingerprint, in words.
        scope: what two issues have to share (type, place and function, a line each) for their patterns to be
            compared; "" when the fingerprint was chosen (by a client, a rule or a template) or has no message in it.
        former: fingerprints of the same event by former versions, the newest first.
        unresolved: fingerprint of the same event as it was sent, before uploaded files gave its calls their names; ""
            when none did.
    """

    fingerprint: str
    type: str
    title: str
    culprit: str
    pattern: str
    why: tuple[str, ...]
    scope: str = ""
    former: tuple[str, ...] = ()
    unresolved: str = ""


@dataclass(slots=True)
class Crash:
    """What an event says about its failure, from whichever protocol it came.

    Attributes:
        type: without its module.
        frame: the one that decides.
        in_app: whether that frame is the application's.
        exceptions: as sent, or as read from the stack trace's text.
        sent_type: the type as sent, with its module where there is one.
        causes: of an exception that no frame decides: those that its own message does not tell.
        members: of a group of several exceptions, what each says.
        is_minified: whether the frame is of a bundle, whose functions are called otherwise after each build.
        has_minified_words: whether the same is true of words in the message: also where a source map read the frame.
    """

    type: str
    message: str
    frame: Frame | None
    in_app: bool
    exceptions: list[ExceptionInfo] = field(default_factory=list)
    sent_type: str = ""
    causes: list[ExceptionInfo] = field(default_factory=list)
    members: list[Crash] = field(default_factory=list)
    is_minified: bool = False
    has_minified_words: bool = False


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a rule says of an event.

    Attributes:
        fingerprint: the parts, with variables.
        title: with variables; None keeps the computed one.
        why: which rule it was.
    """

    fingerprint: tuple[str, ...]
    title: str | None
    why: str


Rule = Callable[[Event, Crash], Ruled | None]
"""Server-side fingerprint rules: what they say of an event, None when they say nothing."""
