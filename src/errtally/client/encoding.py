"""What goes to the exporter, as JSON: rendered, shown to ``before_send``, scrubbed, cut to size, by the sender."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from errtally.client import rendering
from errtally.client.complaints import complain
from errtally.client.snapshot import short

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.client.discards import Discards
    from errtally.client.settings import Settings
    from errtally.event.scrub import Scrubber

ERROR, REQUEST = "error", "transaction"
"""Categories of the report of discards, as Sentry's clients name them."""

LABEL = 200
"""Characters of a name or tag at most."""

_MAX_EVENT_BYTES = 900_000
"""Below the exporter's default limit of one event, 1 MiB."""


class Encoder:
    """Encodes events and timings.

    Args:
        settings: checked ones.
        scrubber: returns what takes secrets out.
        server_name: the host, as events tell it.
        discards: counts what is dropped.
    """

    def __init__(
        self, settings: Settings, scrubber: Callable[[], Scrubber], server_name: str, discards: Discards
    ) -> None:
        self._settings = settings
        self._scrubber = scrubber
        self._server_name = server_name
        self._discards = discards

    def event(self, noted: rendering.Noted) -> bytes | None:
        """Return an event as JSON; None when it is dropped, which is counted."""
        event: dict[str, Any] | None = rendering.render(noted, self._settings, self._server_name)
        if self._settings.before_send is not None:
            try:
                event = self._settings.before_send(event or {})
            except Exception as exc:  # noqa: BLE001 (the application's code)
                complain("before_send failed, and drops events", exc)
                self._discards.add("before_send_error", ERROR)
                return None
        if event is None:
            self._discards.add("before_send", ERROR)
            return None
        return self._encode(rendering.scrub(event, self._scrubber()), ERROR)

    def _encode(self, item: dict[str, Any], category: str) -> bytes | None:
        try:
            encoded = as_json(item)
        except (TypeError, ValueError, RecursionError) as exc:
            complain("an item is not JSON, and dropped", exc)
            self._discards.add("internal_error", category)
            return None
        if len(encoded) <= _MAX_EVENT_BYTES:
            return encoded
        context = item.get("context")
        for holder, part in ((item, "breadcrumbs"), (context, "extra"), (context, "request")):
            if isinstance(holder, dict) and holder.pop(part, None) is not None:
                return self._encode(item, category)
        self._discards.add("too_large", category)
        return None

    def request(self, timing: tuple[Any, ...]) -> bytes | None:
        """Return the timing of a request as JSON; None when it is dropped, which is counted."""
        transaction, duration, method, status, failed, ended, trace_id = timing
        item = {
            "transaction": self._scrubber().scrub_text(short(str(transaction), LABEL)),
            "duration_seconds": max(float(duration), 0.0),
            "timestamp": ended,
            "environment": self._settings.environment,
        }
        optional = {"method": method, "status": status, "release": self._settings.release, "trace_id": trace_id}
        item.update({key: value for key, value in optional.items() if value})
        if failed is not None:
            item["failed"] = failed
        return self._encode(item, REQUEST)


def as_json(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        TypeError: it is none.
        ValueError: it holds a number that JSON has not.
    """
    # Lone surrogates have no UTF-8; escaped, JSON can hold them.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
