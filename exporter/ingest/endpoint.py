"""What a protocol offers to the ingest path: endpoints, each a route and three pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from errtally.errors import OverloadedError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request, Response
    from errtally.exporter.ingest.submission import Submission

RETRY_AFTER = "Retry-After"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of a protocol.

    Attributes:
        protocol: name of the protocol, the label of the ingest metrics.
        pattern: matches the whole path; its named groups reach ``decode`` as ``request.route``.
        decode: checks the key and decodes the request; raises RejectedError.
        answer: makes the answer to a submission that is durable.
        refuse: makes the answer to a request that was not taken, in the protocol's own form; called by `refusal` only.
        allow_headers: request headers a browser may send from another origin; "" when browsers don't use the route.
        expose_headers: answer headers a browser may read, beside ``Retry-After``.
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
    decode: Callable[[Request, Admission, Limits], Submission]
    answer: Callable[[Submission], Response]
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

    def refusal(self, error: RejectedError) -> Response:
        """Make the answer to a request that was not taken; one that may come again has ``Retry-After`` (RFC 9110).

        The protocol may have written the header itself, to ask for another wait.
        """
        response = self.refuse(error)
        if isinstance(error, OverloadedError) and all(name != RETRY_AFTER for name, _ in response.headers):
            waits = (RETRY_AFTER, str(error.retry_after_seconds))
            return replace(response, headers=(*response.headers, waits))
        return response
