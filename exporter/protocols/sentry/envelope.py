"""The framing of envelopes (develop.sentry.dev, "Envelopes"): header line, then items of header line and payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HEADER_BYTES = 8192
MAX_ITEMS = 1000
_NEWLINE = 0x0A
_NO_ENVELOPE = "envelope: no item follows the first line; an event alone is sent to /api/<project>/store/"
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises: also for text that is not UTF-8, and for what is nested too deeply."""


class Header(msgspec.Struct):
    """The fields of an envelope's first line that are used; those behind ``dsn`` are an event's, never a header's."""

    event_id: Any = None
    sent_at: Any = None
    dsn: Any = None
    exception: Any = None
    message: Any = None
    logentry: Any = None
    level: Any = None
    platform: Any = None


class ItemHeader(msgspec.Struct):
    """The fields of an item's header that are used."""

    type: str
    length: int | None = None
    content_type: Any = None
    item_count: Any = None


_header = msgspec.json.Decoder(Header)
_item_header = msgspec.json.Decoder(ItemHeader)


def header(body: bytes) -> tuple[Header, int]:
    """Decode an envelope's first line.

    Returns:
        The header and the offset behind its line.

    Raises:
        MalformedError: the line is not a JSON object, or it is an event and no envelope.
        TooLargeError: the line is longer than 8 KiB.
    """
    end = body.find(b"\n")
    has_items = 0 <= end < len(body) - 1
    end = len(body) if end < 0 else end
    if end > MAX_HEADER_BYTES and not has_items:
        raise MalformedError("no_envelope", _NO_ENVELOPE)
    if end > MAX_HEADER_BYTES:
        raise TooLargeError("header_too_large", f"envelope header: {end} bytes; the limit is {MAX_HEADER_BYTES}")
    try:
        head = _header.decode(body[:end])
    except _NOT_JSON as exc:
        raise MalformedError("bad_envelope_header", f"envelope header: not a JSON object: {exc}") from exc
    if not has_items and (head.exception or head.message or head.logentry or head.level or head.platform):
        raise MalformedError("no_envelope", _NO_ENVELOPE)
    return head, end + 1


def items(body: bytes, offset: int) -> Iterator[tuple[ItemHeader, bytes]]:
    """Split an envelope behind its header into items, one after the other: those before broken framing are good.

    Args:
        body: the whole envelope.
        offset: where the first item's header begins.

    Yields:
        Each item's header and payload.

    Raises:
        MalformedError: a header is not a JSON object with a type, or a length does not fit; names the item.
        TooLargeError: a header line is longer than 8 KiB, or there are more than 1,000 items.
    """
    found = 0
    size = len(body)
    while offset < size:
        if body[offset] == _NEWLINE:  # an empty line between or behind items
            offset += 1
            continue
        place = f"item {found}"
        if found >= MAX_ITEMS:
            raise TooLargeError("too_many_items", f"more than {MAX_ITEMS} items")
        end = body.find(b"\n", offset)
        end = size if end < 0 else end
        if end - offset > MAX_HEADER_BYTES:
            raise TooLargeError(
                "header_too_large", f"{place}: header of {end - offset} bytes; the limit is {MAX_HEADER_BYTES}"
            )
        try:
            item = _item_header.decode(body[offset:end])
        except _NOT_JSON as exc:
            raise MalformedError("bad_item_header", f"{place}: header: {exc}") from exc
        start = min(end + 1, size)  # a header may end the envelope when its payload is empty
        if item.length is None:
            end = body.find(b"\n", start)
            end = size if end < 0 else end
        else:
            end = start + item.length
            if item.length < 0 or end > size:
                raise MalformedError(
                    "bad_item_length", f"{place}: length {item.length}, but {size - start} bytes follow its header"
                )
            if end < size and body[end] != _NEWLINE:
                raise MalformedError("bad_item_length", f"{place}: no line ends behind its {item.length} bytes")
        yield item, body[start:end]
        found += 1
        offset = end + 1
