"""Loki's push API: one stream for each level, the entry as a line of JSON, ids as structured metadata."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from errtally.client.post import Answer, Post
from errtally.logs.formatters import line

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDS = ("trace_id", "span_id", "event_id")


class Loki:
    """Sends entries.

    Args:
        url: of Loki.
        tenant: value of `X-Scope-OrgID`; None for none.
        labels: in addition to service, environment and level; keep them few, each value is a stream.
        headers: further ones, such as `Authorization`.
        timeout_seconds: for connecting and for each read.
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if tenant:
            sent["X-Scope-OrgID"] = tenant
        self._post = Post(f"{url.rstrip('/')}/loki/api/v1/push", sent, timeout_seconds)
        self._labels = dict(labels or {})

    def encode(self, entry: dict[str, Any]) -> bytes:
        """Return stream labels and value of an entry."""
        labels = {key: entry[key] for key in ("service", "environment", "level")}
        moment = datetime.fromisoformat(entry["timestamp"]).timestamp()
        nanoseconds = f"{round(moment * 1000) * 1_000_000}"
        metadata = {key: entry[key] for key in _IDS if key in entry}
        value = [nanoseconds, line(entry), *([metadata] if metadata else [])]
        return json.dumps([{**labels, **self._labels}, value]).encode()

    def send(self, batch: list[bytes]) -> Answer:
        """Send entries, in order within each stream."""
        streams: dict[str, dict[str, Any]] = {}
        for encoded in batch:
            labels, value = json.loads(encoded)
            key = json.dumps(labels, sort_keys=True)
            streams.setdefault(key, {"stream": labels, "values": []})["values"].append(value)
        return self._post(json.dumps({"streams": list(streams.values())}).encode())
