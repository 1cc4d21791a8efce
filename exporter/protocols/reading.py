"""What every protocol reads alike of a request: the token of its header, a payload within the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import TooLargeError
from errtally.exporter.ingest.body import check_json

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.request import Request


def bearer(request: Request) -> str | None:
    """Return the token of an ``Authorization: Bearer`` header, None without one."""
    authorization = request.header("authorization")
    return authorization[7:].strip() or None if authorization[:7].lower() == "bearer " else None


def bounded(payload: bytes, limits: Limits, what: str) -> bytes:
    """Return a payload that is no larger than one item may be, in bytes and in values.

    Raises:
        TooLargeError: it is larger; the message calls it ``what``.
    """
    if len(payload) > limits.item_bytes:
        raise TooLargeError("item_too_large", f"{what} of {len(payload)} bytes; the limit is {limits.item_bytes}")
    check_json(payload, limits.json_values)
    return payload
