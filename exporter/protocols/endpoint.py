"""What a protocol offers to the ingest path: endpoints, each a route and three pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import TooLargeError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.delivery import Delivery
    from errtally.exporter.ingest.keys import Keys
    from errtally.exporter.ingest.request import Request, Response


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of a protocol.

    Attributes:
        protocol: name of the protocol, the label of the ingest metrics.
        pattern: matches the whole path; its named groups reach ``decode`` as ``request.route``.
        decode: checks the key and decodes the request; raises RejectedError.
        answer: makes the answer to a delivery that is durable.
        refuse: makes the answer to a request that was not taken, in the protocol's own form.
        allow_headers: request headers a browser may send from another origin; "" when browsers don't use the route.
        expose_headers: answer headers a browser may read.
        ending: the last segment of all its paths, by which it is found at once; "" when that varies.
        media_type: the Content-Type it takes, for a route that answers in the request's own encoding; "" for any.
    """

    protocol: str
    pattern: re.Pattern[str]
    decode: Callable[[Request, Keys, Limits], Delivery]
    answer: Callable[[Delivery], Response]
    refuse: Callable[[RejectedError], Response]
    allow_headers: str = ""
    expose_headers: str = ""
    ending: str = ""
    media_type: str = ""


def bearer(request: Request) -> str | None:
    """Return the token of an ``Authorization: Bearer`` header, None without one."""
    authorization = request.header("authorization")
    return authorization[7:].strip() or None if authorization[:7].lower() == "bearer " else None


def bounded(payload: bytes, limits: Limits, what: str) -> bytes:
    """Return a payload that is no larger than one item may be.

    Raises:
        TooLargeError: it is larger; the message calls it ``what``.
    """
    if len(payload) > limits.item_bytes:
        raise TooLargeError("item_too_large", f"{what} of {len(payload)} bytes; the limit is {limits.item_bytes}")
    return payload


def error_body(error: RejectedError) -> bytes:
    """Write the exporter's own form of an error: ``{"error": {"code", "message"}}``."""
    return msgspec.json.encode({"error": {"code": error.reason, "message": str(error)}})
