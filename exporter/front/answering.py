"""An answer as bytes of HTTP/1.1."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
"""Statuses of answers that have no body, and no length of one (RFC 9110 section 8.6)."""


class Dates:
    """The ``Date`` header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self.line = ""

    def turn(self) -> None:
        """Make it anew when the second is over."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self.line = f"date: {formatdate(now, usegmt=True)}\r\n"


def head(
    status: int,
    headers: Sequence[tuple[str, str]],
    date: str,
    *,
    length: int | None,
    connection: str = "",
    is_chunked: bool = False,
) -> bytes:
    """Write status line and headers.

    Args:
        status: its number.
        headers: beside those that this function writes.
        date: the line of the date.
        length: of the body in bytes; None when it is not known.
        connection: what becomes of the connection, ``close`` or ``keep-alive``; "" when that goes without saying.
        is_chunked: whether the body comes in chunks.
    """
    lines = [_LINES.get(status) or f"HTTP/1.1 {status} \r\n", date]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    if length is not None and status not in _BODILESS:
        lines.append(f"content-length: {length}\r\n")
    if is_chunked:
        lines.append("transfer-encoding: chunked\r\n")
    if connection:
        lines.append(f"connection: {connection}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """Frame a part of a body that comes in chunks; b"" ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)
