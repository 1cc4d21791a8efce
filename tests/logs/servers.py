"""Servers that take logs as strictly as the real ones do."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from tests.client.receiver import Receiver

INDEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,254}\Z")


class FakeElasticsearch(Receiver):
    """The bulk API: a JSON line for the action, one for the document, a line end at the end; a result for each.

    Attributes:
        documents: by index and id.
        verdicts: status for documents whose message is a key, one for each time it comes; 201 afterwards.
        down: answers 503 to everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.verdicts: dict[str, list[int]] = {}
        self.down = False

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.headers.append(headers)
        if self.down:
            return 503, {}, b'{"error":"unavailable"}'
        if path != "/_bulk" or headers.get("Content-Type") != "application/x-ndjson":
            return 406, {}, json.dumps({"error": f"Content-Type header is not supported: {path}"}).encode()
        body = gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw
        if not body.endswith(b"\n"):
            return 400, {}, b'{"error":"The bulk request must be terminated by a newline [\\n]"}'
        lines = [json.loads(line) for line in body.split(b"\n")[:-1]]
        if len(lines) % 2:
            return 400, {}, b'{"error":"Malformed action/metadata line"}'
        items = [self._create(action, document) for action, document in zip(lines[::2], lines[1::2], strict=True)]
        errors = any(item["create"]["status"] >= 300 for item in items)
        return 200, {}, json.dumps({"took": 3, "errors": errors, "items": items}).encode()

    def _create(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        ((kind, meta),) = action.items()
        assert kind == "create"
        index, identity = meta["_index"], meta["_id"]
        result = {"_index": index, "_id": identity}
        if not INDEX.match(index):
            return {"create": {**result, "status": 400, "error": {"type": "invalid_index_name_exception"}}}
        if "@timestamp" not in document:
            return {"create": {**result, "status": 400, "error": {"type": "document_parsing_exception"}}}
        waiting = self.verdicts.get(document["message"])
        if waiting:
            status = waiting.pop(0)
            return {"create": {**result, "status": status, "error": {"type": "es_rejected_execution_exception"}}}
        if (index, identity) in self.documents:
            return {"create": {**result, "status": 409, "error": {"type": "version_conflict_engine_exception"}}}
        self.documents[index, identity] = document
        return {"create": {**result, "status": 201, "result": "created"}}

    def messages(self) -> list[str]:
        return [document["message"] for document in self.documents.values()]


class FakeLoki(Receiver):
    """The push API: labels and values are texts, times are nanoseconds; 204 when all is right."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
        self.down = False

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.headers.append(headers)
        if self.down:
            return 429, {"Retry-After": "0"}, b"Ingestion rate limit exceeded"
        if path != "/loki/api/v1/push" or headers.get("Content-Type") != "application/json":
            return 404, {}, b"page not found"
        body = json.loads(gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw)
        for stream in body["streams"]:
            labels = stream["stream"]
            assert labels, "error at least one label pair is required per stream"
            for name, value in labels.items():
                assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name)
                assert isinstance(value, str)
            key = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
            for at, line, *metadata in stream["values"]:
                assert isinstance(at, str)
                assert len(at) == 19, "nanoseconds"
                assert isinstance(line, str)
                kept = metadata[0] if metadata else {}
                assert all(isinstance(value, str) for value in kept.values())
                self.streams.setdefault(key, []).append((int(at), line, kept))
        return 204, {}, b""
