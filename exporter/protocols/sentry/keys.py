"""Where a Sentry SDK puts its key: query, X-Sentry-Auth, Authorization, or the envelope's DSN; the first wins."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from errtally.exporter.ingest.request import Request


def of_request(request: Request) -> str | None:
    """Return the key that the address or the headers carry, None without one."""
    if "sentry_key=" in request.query_string or "glitchtip_key=" in request.query_string:
        query = request.query
        if key := query.get("sentry_key") or query.get("glitchtip_key"):
            return key
    for name in ("x-sentry-auth", "authorization"):
        value = request.header(name)
        if value[:7].lower() == "sentry " and (key := _pairs(value[7:]).get("sentry_key")):
            return key
        if value[:6].lower() == "basic ":
            try:
                user = base64.b64decode(value[6:].strip(), validate=True).decode().partition(":")[0]
            except ValueError:  # no base64, or no text in it
                continue
            if user:
                return user
    return None


def of_dsn(dsn: object) -> tuple[str | None, str | None]:
    """Return the key and the project of a DSN, None for what is not there."""
    if not isinstance(dsn, str):
        return None, None
    try:
        parts = urlsplit(dsn)
    except ValueError:
        return None, None
    return parts.username or None, parts.path.rstrip("/").rpartition("/")[2] or None


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        name, separator, value = part.strip().partition("=")
        if separator:
            pairs.setdefault(name.strip().lower(), value.strip().strip('"'))
    return pairs
