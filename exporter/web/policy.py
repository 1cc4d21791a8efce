"""The content security policy of pages: nothing runs, but for pages with a script of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Response

WITHOUT_SCRIPT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
WITH_OWN_SCRIPT = f"{WITHOUT_SCRIPT}; script-src 'self'; connect-src 'self'"


def with_own_script(response: Response) -> Response:
    """Let a page load scripts from this exporter, and none from within itself; they may ask this exporter alone."""
    response.headers["Content-Security-Policy"] = WITH_OWN_SCRIPT
    return response
