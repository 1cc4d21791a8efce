"""From the parts of an HTTP request to the environment of a WSGI call (PEP 3333)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

MAX_KNOWN_NAMES = 1024
MAX_KNOWN_NAME_BYTES = 64


class _Keys(dict[bytes, str]):
    """Names of headers as clients spell them to keys of the environment: the same few come with every request.

    A name with an underscore is "" and left out: it would be taken for the one with a dash, which a proxy in front
    may have checked.
    """

    def __missing__(self, name: bytes) -> str:
        if b"_" in name:
            made = ""
        else:
            made = name.decode("latin-1").upper().replace("-", "_")
            if made not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                made = f"HTTP_{made}"
        if len(name) <= MAX_KNOWN_NAME_BYTES:
            if len(self) >= MAX_KNOWN_NAMES:
                self.clear()
            self[name] = made
        return made


_keys = _Keys()


def add_header(environ: dict[str, Any], name: bytes, value: bytes) -> None:
    """Add one header; values of one that comes again are joined by a comma, as RFC 9110 section 5.3 has it."""
    key = _keys[name]
    if not key:
        return
    text = value.decode("latin-1")
    known = environ.get(key)
    environ[key] = text if known is None else f"{known}; {text}" if key == "HTTP_COOKIE" else f"{known},{text}"


def add_target(environ: dict[str, Any], target: bytes) -> None:
    """Add path and query of a request's target.

    Raises:
        ValueError: the target is neither a path nor an address.
    """
    if target[:1] != b"/":
        if target == b"*" and environ["REQUEST_METHOD"] == "OPTIONS":
            target = b"/*"
        else:  # the whole address, as clients send it to a proxy; its host is the one that counts (RFC 9112 3.2.2)
            parts = urlsplit(target.decode("latin-1"))
            if not parts.hostname or parts.scheme not in {"http", "https"}:
                raise ValueError("the target is no path")
            environ["HTTP_HOST"] = parts.netloc.rpartition("@")[2]
            target = (parts.path or "/").encode("latin-1") + (
                f"?{parts.query}".encode("latin-1") if parts.query else b""
            )
    path, _, query = target.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    environ["PATH_INFO"] = path.decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")
