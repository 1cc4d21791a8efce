"""What a log record says, as plain and scrubbed values: the same for files, Elasticsearch and Loki."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from errtally.client import scope
from errtally.client.integrations.log_records import extra_of, level_name
from errtally.client.snapshot import plain, short
from errtally.client.stack import catch, render
from errtally.event.scrub import Scrubber

if TYPE_CHECKING:
    import logging

_KEPT = "_errtally_entry"
IDENTITIES = {"audit": "user_id", "requests": "ip"}
"""By logger, the value that its records are there for: who it was."""
_MESSAGE = 32_768


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes: the same for every entry of a process."""

    service: str
    environment: str
    version: str | None = None


class Entries:
    """Makes entries of records; each once, however many handlers write it.

    Args:
        identity: of the process.
        scrubber: takes secrets and personal data out.
        keep_identities: whether who did something (audit records) and whose request it was (request records) stays as
            it is; else these go through the scrubber like everything.
    """

    def __init__(self, identity: Identity, scrubber: Scrubber | None = None, *, keep_identities: bool = True) -> None:
        self.identity = identity
        self._scrubber = scrubber or Scrubber()
        self._kept = IDENTITIES if keep_identities else {}

    def of(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the entry of a record.

        Keys: timestamp, level, message, logger, service, environment, version, and where there is one: error {name,
        message, stack}, context (everything given as ``extra``), trace_id, span_id, event_id.
        """
        found: tuple[Entries, dict[str, Any]] | None = getattr(record, _KEPT, None)
        if found is not None and found[0] is self:
            return found[1]
        entry = self._make(record)
        setattr(record, _KEPT, (self, entry))
        return entry

    def _make(self, record: logging.LogRecord) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": level_name(record.levelno),
            "message": self._scrubber.scrub_text(short(record.getMessage(), _MESSAGE)),
            "logger": record.name,
            "service": self.identity.service,
            "environment": self.identity.environment,
            "version": self.identity.version,
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            caught = catch(error)
            entry["error"] = {
                "name": caught.type,
                "message": self._scrubber.scrub_text(caught.message),
                "stack": self._scrubber.scrub_text(render(caught)),
            }
        context = extra_of(record)
        context.pop("event_id", None)
        if context:
            copied = plain(context)
            entry["context"] = self._scrubber.scrub_value(copied)
            kept = self._kept.get(record.name)
            if kept is not None and kept in copied:
                entry["context"][kept] = copied[kept]
        trace_id, span_id = trace()
        ids = {"trace_id": trace_id, "span_id": span_id, "event_id": getattr(record, "event_id", None)}
        entry.update({name: value for name, value in ids.items() if value})
        return entry


def trace() -> tuple[str | None, str | None]:
    """Return the ids of the current trace and span: of the scope, else of OpenTelemetry where it is in use."""
    known = scope.current()
    if known.trace_id:
        return known.trace_id, known.span_id
    otel = sys.modules.get("opentelemetry.trace")
    if otel is None:
        return None, None
    context = otel.get_current_span().get_span_context()
    if not context.is_valid:
        return None, None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"
