"""Frames: how records lie in a segment file, so that a torn or damaged tail is told from a whole one.

A frame is a header (little endian: payload length u32, CRC-32 of payload and of the header's rest u32,
events u32, received f64) and the payload, one record.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from mmap import mmap

HEADER = struct.Struct("<IIId")
_REST = struct.Struct("<Id")
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
"""A header with a larger length is damage, not a frame."""

_MIN_EVENT_BYTES = 16
"""Less than any event's record takes; a header that claims more events than have room is damaged itself."""

# The end of a header: the upper bytes of a time between 1987 and 2106 as a little-endian double. In the text of records
# they can't stand side by side, since no UTF-8 sequence has them, so nobody can hide a frame in what he sends.
_TIME_END = re.compile(rb"[\xc0-\xef]\x41")


class Frame(NamedTuple):
    """One frame: its payload, the events in it, when they were received, and where the next frame begins."""

    payload: bytes
    events: int
    received: float
    end: int


class DamagedFrameError(Exception):
    """The bytes at a place are no frame: the checksum or the length is wrong."""


def encode(payload: bytes, events: int, received: float) -> bytes:
    """Put the header in front of a payload."""
    checksum = crc32(_REST.pack(events, received), crc32(payload))
    return HEADER.pack(len(payload), checksum, events, received) + payload


def decode(buffer: bytes, offset: int) -> Frame | None:
    """Read the frame at an offset.

    Returns:
        The frame; None when the buffer ends before it does.

    Raises:
        DamagedFrameError: the length can't be, or the checksum does not fit.
    """
    start = offset + HEADER.size
    if len(buffer) < start:
        return None
    length, checksum, events, received = HEADER.unpack_from(buffer, offset)
    if length > MAX_PAYLOAD_BYTES:
        raise DamagedFrameError(f"a payload of {length} bytes")
    if len(buffer) < start + length:
        return None
    payload = buffer[start : start + length]
    if crc32(_REST.pack(events, received), crc32(payload)) != checksum:
        raise DamagedFrameError("the checksum does not fit")
    return Frame(payload, events, received, start + length)


def find(buffer: bytes, offset: int) -> int | None:
    """Find the first whole frame at or behind an offset, whatever lies before it; None when there is none."""
    for match in _TIME_END.finditer(buffer, offset + HEADER.size - 2):
        start = match.end() - HEADER.size
        try:
            if decode(buffer, start) is not None:
                return start
        except DamagedFrameError:
            continue
    return None


def lost(buffer: bytes, start: int, end: int) -> int:
    """Say how many events were in bytes that are no frames any more, by what can be read of their headers.

    Returns:
        Their number; for a header that makes no sense, and for one of a record without events, one.
    """
    events = 0
    while start < end:
        if start + HEADER.size > end:
            return events + 1
        length, _, here, _ = HEADER.unpack_from(buffer, start)
        start += HEADER.size + length
        if start > end or here * _MIN_EVENT_BYTES > length:
            return events + 1
        events += max(here, 1)
    return events


def pending(buffer: bytes | mmap, offset: int, end: int) -> tuple[int, int]:
    """Count the events in the frames from an offset on, by their headers alone.

    Args:
        buffer: a segment's bytes.
        offset: where a frame begins.
        end: a frame that goes beyond this is not counted.

    Returns:
        The number of events, and where the frames that were counted end.
    """
    events, last = 0, end - HEADER.size
    while offset <= last:
        length, _, here, _ = HEADER.unpack_from(buffer, offset)
        after = offset + HEADER.size + length
        # An event takes more than a byte: otherwise this is damage, and what follows is not known.
        if here > length or after > end:
            break
        events += here
        offset = after
    return events, offset


def first_received(buffer: bytes | mmap, offset: int, end: int) -> float | None:
    """Say when the events of the first frame that has any were received; arguments as `pending`."""
    while offset <= end - HEADER.size:
        length, _, here, received = HEADER.unpack_from(buffer, offset)
        if here:
            return float(received)
        offset += HEADER.size + length
    return None
