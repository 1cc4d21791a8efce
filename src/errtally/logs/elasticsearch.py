"""Elasticsearch's bulk API: index ``logs-<service>``, documents {@timestamp, severity, message, fields}.

Each document has an id of its own and is created, not indexed: one sent twice after a lost answer is there once.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from errtally.client.post import Answer, Post, Verdict

if TYPE_CHECKING:
    from errtally.client.discards import Discards

log = logging.getLogger("errtally.logs")

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")
_CONFLICT = 409
_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_NAME = 255


def index_name(service: str) -> str:
    """Return the index of a service: lower case, without the characters that an index must not have."""
    return f"logs-{_NOT_IN_A_NAME.sub('-', service.lower()).strip('-.') or 'unnamed'}"[:_LONGEST_NAME]


class Elasticsearch:
    """Sends entries.

    Args:
        url: of the cluster.
        service: names the index.
        api_key: as Elasticsearch shows it, base64 of id and key; None for none.
        timeout_seconds: for connecting and for each read.
        discards: where documents that the cluster refuses are counted.
    """

    def __init__(
        self,
        url: str,
        service: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 10.0,
        discards: Discards | None = None,
    ) -> None:
        headers = {"Content-Type": "application/x-ndjson"}
        if api_key:
            headers["Authorization"] = f"ApiKey {api_key}"
        self._post = Post(f"{url.rstrip('/')}/_bulk", headers, timeout_seconds)
        self._index = index_name(service)
        self.discards = discards

    def encode(self, entry: dict[str, Any]) -> bytes:
        """Return the action and the document, two lines."""
        fields = {key: value for key, value in entry.items() if key not in {"timestamp", "level", "message"}}
        action = {"create": {"_index": self._index, "_id": uuid.uuid4().hex}}
        document = {
            "@timestamp": entry["timestamp"],
            "severity": entry["level"],
            "message": entry["message"],
            "fields": fields,
        }
        return f"{json.dumps(action)}\n{json.dumps(document)}\n".encode()

    def send(self, batch: list[bytes]) -> Answer:
        """Send documents; those that the cluster was too busy for are left, those it refuses are counted."""
        answer = self._post(b"".join(batch))
        if answer.verdict is not Verdict.TAKEN:
            return answer
        try:
            document = json.loads(answer.body)
            if not document["errors"]:
                return answer
            results = [next(iter(item.values())) for item in document["items"]]
            statuses = [result["status"] for result in results]
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            return Answer(Verdict.AGAIN, answer.status, f"not an answer of the bulk API: {answer.body[:100]!r}")
        left = tuple(place for place, status in enumerate(statuses) if status in _AGAIN)
        refused = [
            result
            for result, status in zip(results, statuses, strict=True)
            if status >= 400 and status not in _AGAIN and status != _CONFLICT  # noqa: PLR2004 (client errors)
        ]
        if refused:
            log.warning("Elasticsearch refused %d documents, the first: %s", len(refused), refused[0].get("error"))
            if self.discards is not None:
                self.discards.add("refused", "log", len(refused))
        if left:
            return Answer(Verdict.AGAIN, answer.status, f"{len(left)} documents were too many", left=left)
        return replace(answer, body=b"")
