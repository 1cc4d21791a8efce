"""Posts one body over HTTP and says what to do next; the only file of the client that touches the network."""

from __future__ import annotations

# http.client and getaddrinfo look these codecs up. Not first in the sender's thread: a process that forks while one
# is being imported would leave its child half of it, and that child could never send.
import encodings.ascii
import encodings.idna  # noqa: F401
import gzip
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from errtally.client.retry_after import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

_GZIP_FROM_BYTES = 400
_ANSWER_BYTES = 262_144
_SHOWN = 300
_TOO_LARGE = 413
_AGAIN = frozenset({401, 402, 403, 404, 405, 407, 408, 421, 423, 425, 429})
"""Of the 4xx, what another time or a corrected setting may change; others say that the body is wrong."""


class Verdict(Enum):
    """What an answer means for the batch."""

    TAKEN = "taken"
    AGAIN = "again"
    TOO_LARGE = "too_large"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one post.

    Attributes:
        status: 0 when there was none.
        why: for people: status and beginning of the body, or the failure.
        retry_after_seconds: what the server asked for.
        left: of a batch that was taken in part, the places of those to send again; None for all of it.
        is_doubtful: whether the batch itself may be why it was not taken: sent too often, it is given up.
    """

    verdict: Verdict
    status: int = 0
    why: str = ""
    body: bytes = b""
    retry_after_seconds: float | None = None
    left: tuple[int, ...] | None = None
    is_doubtful: bool = False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as GET, without its body, and look as if it had been taken."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


class Post:
    """Posts to one address, compressed, through the proxies that the environment names.

    Args:
        url: where to.
        headers: of each request.
        timeout_seconds: for connecting and for each read.
        ca_certs: a file of the authorities to trust; None for the system's.
        answer_bytes: what is read of an answer.

    Raises:
        OSError: that file is none of certificates.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_seconds: float,
        ca_certs: str | None = None,
        *,
        answer_bytes: int = _ANSWER_BYTES,
    ) -> None:
        self._url = url
        self._headers = {"User-Agent": "errtally-client", **headers}
        self._timeout = timeout_seconds
        self._answer_bytes = answer_bytes
        handlers: list[Any] = [_NoRedirect]
        if ca_certs is not None:
            import ssl  # noqa: PLC0415 (takes its time, and not everybody needs it)

            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_certs)))
        self._opener = urllib.request.build_opener(*handlers)

    def __call__(self, body: bytes, *, path: str = "", method: str = "POST") -> Answer:
        """Post a body; never raises for what the network or the server does.

        Args:
            body: what is sent.
            path: put behind the address.
            method: of HTTP.
        """
        headers = dict(self._headers)
        if len(body) >= _GZIP_FROM_BYTES:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        request = urllib.request.Request(f"{self._url}{path}", data=body, headers=headers, method=method)  # noqa: S310 (checked)
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return Answer(Verdict.TAKEN, answer.status, body=answer.read(self._answer_bytes))
        except urllib.error.HTTPError as exc:
            with exc:
                return _refusal(exc)
        except (OSError, http.client.HTTPException, ValueError) as exc:
            # URLError, timeouts and TLS errors are OSErrors; ValueError: a name that IDNA can't encode.
            return Answer(Verdict.AGAIN, why=f"{type(exc).__name__}: {exc}")


def _refusal(error: urllib.error.HTTPError) -> Answer:
    status = error.code
    try:
        body = error.read(_ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        body = b""
    why = f"{status} {body[:_SHOWN].decode('utf-8', 'replace')}".strip()
    if status == _TOO_LARGE:
        return Answer(Verdict.TOO_LARGE, status, why, body)
    if 400 <= status < 500 and status not in _AGAIN:  # noqa: PLR2004 (client errors)
        return Answer(Verdict.REFUSED, status, why, body)
    return Answer(Verdict.AGAIN, status, why, body, retry_after_seconds(error.headers.get("Retry-After")))
