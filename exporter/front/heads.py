"""What the head of a request may say, beyond what the parser sees to: RFC 9110, and RFC 9112 where it is of framing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.exporter.front.environment import add_target

if TYPE_CHECKING:
    from collections.abc import Mapping


def problem(environ: dict[str, Any], target: bytes, version: str) -> tuple[int, str] | None:
    """Add the target to a request's environment and say what is wrong with its head.

    Args:
        environ: has the method and the headers.
        target: as sent.
        version: of HTTP.

    Returns:
        Status and message of the refusal; None when nothing is wrong.
    """
    if version not in {"1.1", "1.0"}:
        return 505, f"HTTP/{version} is not spoken here, HTTP/1.1 is"
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding is not None:
        if version == "1.0":
            return 400, "Transfer-Encoding in a request of HTTP/1.0"
        if coding.strip().lower() != "chunked":
            return 501, "of transfer codings only chunked is known"
    host = environ.get("HTTP_HOST")
    if host is None:
        if version == "1.1":
            return 400, "a request of HTTP/1.1 without a Host header"
    elif "," in host:
        return 400, "more than one Host header"
    try:
        add_target(environ, target)
    except ValueError as exc:
        return 400, str(exc)
    return None


def framing(environ: Mapping[str, Any]) -> bytes:
    """Write the header that says where a request's body ends; b"" without a body."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return b"Transfer-Encoding: chunked\r\n"
    length = environ.get("CONTENT_LENGTH")
    return b"" if length is None else f"Content-Length: {length}\r\n".encode("latin-1")
