"""Which pages may stand in a frame of another site: the live stream, on sites that the configuration names.

No page may by default: a page in a frame can be laid under something else to have people click what they don't see.
The live page changes nothing, so it is the only one that is ever allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

LIVE_PATH = "/live"
_NOWHERE = "frame-ancestors 'none'"
_POLICY = "Content-Security-Policy"


def allow_frames(response: Response, path: str, origins: Sequence[str]) -> None:
    """Let the live page stand in frames of ``origins`` (``https://grafana.example.com``); other answers keep theirs."""
    policy = response.headers.get(_POLICY, "")
    if path == LIVE_PATH and origins:
        response.headers[_POLICY] = policy.replace(_NOWHERE, f"frame-ancestors {' '.join(origins)}")
