"""What grouping says about one event: the shape that the journal, the store and the pages work on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grouping:
    """The issue that an event belongs to.

    Attributes:
        fingerprint: 16 hex digits, the issue's id.
        type: error type without its module; "" when the event has none.
        title: what people read, ``Type: pattern``, at most 200 characters.
        culprit: where it happened, as ``place in function``; else the transaction or the logger.
        pattern: the message with what varies masked.
        why: the ingredients of the fingerprint, in words.
    """

    fingerprint: str
    type: str
    title: str
    culprit: str
    pattern: str
    why: tuple[str, ...]
