"""What a protocol offers to the ingest path: endpoints, each a route and three pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import TooLargeError
from errtally.exporter.ingest.body import check_json

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
        methods: HTTP methods that are decoded; another one is refused with 405.
        endings: the last segments that its paths may have, by which it is found at once; () when they vary.
        media_type: the Content-Type it takes, for a route that answers in the request's own encoding; "" for any.
        resends: whether clients send a request again that was refused for now, and never what an answer told as left
            out, so that a limit takes all of a request or nothing.
        categories: all categories that its requests may hold things of, the main one first: when none of them is let
            in, a request is refused before its body is read. () for a route that nothing limits.
        takes_files: whether its requests are uploads, which may be larger than others and take longer.
        has_page: whether a page lives at the same path, so that other methods are not refused but go on to it.
    """

    protocol: str
    pattern: re.Pattern[str]
    decode: Callable[[Request, Keys, Limits], Delivery]
    answer: Callable[[Delivery], Response]
    refuse: Callable[[RejectedError], Response]
    allow_headers: str = ""
    expose_headers: str = ""
    methods: tuple[str, ...] = ("POST",)
    endings: tuple[str, ...] = ()
    media_type: str = ""
    resends: bool = False
    has_page: bool = False
    categories: tuple[str, ...] = ()
    takes_files: bool = False


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


def error_body(error: RejectedError) -> bytes:
    """Write the exporter's own form of an error: ``{"error": {"code", "message"}}``."""
    return msgspec.json.encode({"error": {"code": error.reason, "message": str(error)}})
