"""Answers in Sentry's form: the event's id, or what is wrong and what not to send for now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import OverloadedError
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from errtally.errors import Limited, RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.ingest.submission import Submission

_SENTRY_CATEGORIES = {"error": "error;security", "transaction": "transaction;span"}
"""Categories as Sentry's SDKs tell them apart, where they are more than ours."""

_ALLOW_HEADERS = (
    "X-Sentry-Auth, X-Requested-With, X-Forwarded-For, Origin, Referer, Accept, Content-Type, Authentication, "
    "Authorization, Content-Encoding, Transfer-Encoding, sentry-trace, baggage, traceparent, X-CSRFToken"
)
_WORD = re.compile(r"[a-z-]+")
_EXPOSE_HEADERS = "X-Sentry-Error, X-Sentry-Rate-Limits"


def answer(submission: Submission) -> Response:
    """Answer as Relay does: the event's id, or an empty object."""
    return Response(200, b'{"id":"%s"}' % submission.event_id.encode() if submission.event_id else b"{}")


def refuse(error: RejectedError) -> Response:
    """Refuse as Relay does: ``{"detail", "causes"}`` and the text in a header."""
    message = str(error)
    headers = [("X-Sentry-Error", "".join(c if " " <= c <= "~" else "?" for c in message[:500]))]
    if isinstance(error, OverloadedError) and error.limits:
        headers.append(("X-Sentry-Rate-Limits", rate_limits(error.limits)))
    body = msgspec.json.encode({"detail": message, "causes": [error.reason]})
    return Response(error.status, body, headers=tuple(headers))


def rate_limits(limits: Iterable[Limited]) -> str:
    """Write the header that mutes a client for some categories only: ``seconds:categories:scope:reason``."""
    return ", ".join(
        f"{limit.seconds}:{_SENTRY_CATEGORIES.get(limit.category, limit.category)}:key:{limit.reason}"
        for limit in limits
    )


def endpoint(
    path: str,
    decode: Callable[[Request, Admission, Limits], Submission],
    *,
    answer: Callable[[Submission], Response] = answer,
    methods: tuple[str, ...] = ("POST",),
    categories: tuple[str, ...] = ("error",),
) -> Endpoint:
    """Make an endpoint of this protocol.

    Args:
        path: pattern of the path behind any prefix and before the optional last slash.
        decode: as `Endpoint.decode`.
        answer: as `Endpoint.answer`.
        methods: as `Endpoint.methods`.
        categories: as `Endpoint.categories`.
    """
    return Endpoint(
        protocol="sentry",
        pattern=re.compile(f"(?:/.*)?{path}/?"),
        decode=decode,
        answer=answer,
        refuse=refuse,
        allow_headers=_ALLOW_HEADERS,
        expose_headers=_EXPOSE_HEADERS,
        methods=methods,
        endings=_endings(path),
        categories=categories,
    )


def _endings(path: str) -> tuple[str, ...]:
    """The words that may stand last in a path, () when it ends in anything else."""
    words = path.rpartition("/")[2].removeprefix("(?:").removesuffix(")").split("|")
    return tuple(words) if all(_WORD.fullmatch(word) for word in words) else ()
