"""Loki's push API: one stream for each level, the entry as a line of JSON, ids as structured metadata.

VictoriaLogs takes the same under its path ``/insert``.
"""

from __future__ import annotations

import json
import logging
import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from errtally.client.post import Answer, Post, Verdict
from errtally.logs.formatters import line

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("errtally.logs")

_IDS = ("trace_id", "span_id", "event_id")
_NO_METADATA = b"includes structured metadata, but this feature is disallowed"
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


class Loki:
    """Sends entries.

    Args:
        url: of Loki.
        tenant: value of `X-Scope-OrgID`; None for none.
        labels: in addition to service, environment and level; keep them few, each value is a stream.
        headers: further ones, such as `Authorization`.
        timeout_seconds: for connecting and for each read.
        structured_metadata: whether ids go beside the line as well, which Loki allows from 3.0, and before only where
            ``allow_structured_metadata`` is set. They are in the line in any case.
        ca_certs: a file of the authorities to trust; None for the system's.

    Raises:
        ValueError: a label has a name that Loki does not take.
        OSError: ``ca_certs`` is no file of certificates.
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 10.0,
        structured_metadata: bool = True,
        ca_certs: str | None = None,
    ) -> None:
        # VictoriaLogs takes the line's fields apart, and is told so which one it shows; Loki does not look at it.
        sent = {"Content-Type": "application/json", "VL-Msg-Field": "message", **(headers or {})}
        if tenant:
            sent["X-Scope-OrgID"] = tenant
        self._post = Post(f"{url.rstrip('/')}/loki/api/v1/push", sent, timeout_seconds, ca_certs)
        self._labels = {name: str(value) for name, value in (labels or {}).items()}
        for name in self._labels:
            if not _LABEL.match(name):
                raise ValueError(f"labels: {name!r} is no name of a label: letters, digits and _, no digit first")
        self._structured_metadata = structured_metadata
        self._last_nanoseconds = 0
        self.refusal = ""

    def encode(self, entry: dict[str, Any]) -> bytes:
        """Return stream labels and value of an entry."""
        labels = {key: str(entry[key]) for key in ("service", "environment", "level")}
        ids = {key: entry[key] for key in _IDS if key in entry} if self._structured_metadata else {}
        value = [str(self._nanoseconds(entry["timestamp"])), line(entry), *([ids] if ids else [])]
        return json.dumps([{**labels, **self._labels}, value]).encode()

    def send(self, batch: list[bytes]) -> Answer:
        """Send entries, in order within each stream."""
        streams: dict[str, dict[str, Any]] = {}
        for encoded in batch:
            labels, value = json.loads(encoded)
            if not self._structured_metadata:
                del value[2:]  # of one that was encoded before this was known
            key = json.dumps(labels, sort_keys=True)
            streams.setdefault(key, {"stream": labels, "values": []})["values"].append(value)
        answer = self._post(json.dumps({"streams": list(streams.values())}).encode())
        if answer.verdict is not Verdict.REFUSED:
            return answer
        self.refusal = answer.why
        if self._structured_metadata and _NO_METADATA in answer.body:
            log.warning("Loki takes no structured metadata; it goes without from now on: %s", answer.why)
            self._structured_metadata = False
            return self.send(batch)
        return answer

    def _nanoseconds(self, timestamp: str) -> int:
        """Return a time later than all before: of equal lines of one nanosecond Loki keeps one.

        Clocks tell microseconds, so the nanoseconds tell processes apart that write to one stream.
        """
        moment = round(datetime.fromisoformat(timestamp).timestamp() * 1e6) * 1000 + os.getpid() % 1000
        self._last_nanoseconds = max(moment, self._last_nanoseconds + 1)
        return self._last_nanoseconds
