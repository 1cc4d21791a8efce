"""Applications under test: called as a server does, and what was reported of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import errtally

if TYPE_CHECKING:
    from tests.client.receiver import Receiver

TRACEPARENT = "00-2aa5e3f9674549a48e2b4aa27225a5b3-00f067aa0ba902b7-01"


def called(app: Any, path: str, **environ: str) -> tuple[list[str], bytes]:
    made: dict[str, Any] = {"PATH_INFO": path, **environ}
    setup_testing_defaults(made)
    statuses: list[str] = []
    body = app(made, lambda status, _headers, _exc=None: statuses.append(status))
    try:
        return statuses, b"".join(body)
    finally:
        body.close()


def seen(receiver: Receiver) -> tuple[list[tuple[str, str]], list[tuple[str, int | None, bool]]]:
    """Levels and messages of events, and transaction, status and failure of timings."""
    assert errtally.flush(10)
    events = [(event["level"], event["message"]) for event in receiver.events()]
    return events, [(t["transaction"], t.get("status"), t["failed"]) for t in receiver.requests()]
