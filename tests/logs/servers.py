"""Servers that take logs as strictly as the real ones do, by what their sources and documentation say."""

from __future__ import annotations

import gzip
import json
import re
import time
from typing import Any

from tests.client.receiver import Receiver

INDEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,254}\Z")
BLOCKED = "index [logs-shop] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"

Answered = tuple[int, dict[str, str], bytes]


class FakeElasticsearch(Receiver):
    """The bulk API: a JSON line for the action, one for the document, a line end at the end; a result for each.

    Fields get the type of their first value, as by dynamic mapping, unless an index template says otherwise.

    Attributes:
        documents: by index and id.
        templates: index templates by name.
        verdicts: status for documents whose message is a key, one for each time it comes; 201 afterwards.
        down: answers 503 to everything.
        is_read_only: refuses every document as a full disk makes it.
        takes_templates: whether the key may put templates.
        garbled: answers 200 with what is no JSON to batches with a document of this message.
        body_limit: bytes of a request.
    """

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.templates: dict[str, dict[str, Any]] = {}
        self.types: dict[tuple[str, str], str] = {}
        self.verdicts: dict[str, list[int]] = {}
        self.down = False
        self.is_read_only = False
        self.takes_templates = True
        self.garbled: str | None = None
        self.body_limit = 100 * 1024 * 1024

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> Answered:
        self.headers.append(headers)
        if self.down:
            return 503, {}, b'{"error":"unavailable"}'
        body = gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw
        path, _, query = path.partition("?")
        if path.startswith("/_index_template/") and headers.get("Content-Type") == "application/json":
            return self._put(path.rpartition("/")[2], json.loads(body))
        if path != "/_bulk" or headers.get("Content-Type") != "application/x-ndjson":
            return 406, {}, json.dumps({"error": f"Content-Type header is not supported: {path}"}).encode()
        if len(body) > self.body_limit:
            return 413, {}, b""
        if not body.endswith(b"\n"):
            return 400, {}, b'{"error":"The bulk request must be terminated by a newline [\\n]"}'
        lines = [json.loads(line) for line in body.split(b"\n")[:-1]]
        if len(lines) % 2:
            return 400, {}, b'{"error":"Malformed action/metadata line"}'
        if self.garbled is not None and any(document.get("message") == self.garbled for document in lines[1::2]):
            return 200, {}, b"<html>"
        items = [self._create(action, document) for action, document in zip(lines[::2], lines[1::2], strict=True)]
        errors = any(item["create"]["status"] >= 300 for item in items)
        answer: dict[str, Any] = {"took": 3, "errors": errors, "items": items}
        if "filter_path=" in query:
            answer = {"errors": errors, "items": [{"create": _filtered(item["create"])} for item in items]}
        return 200, {}, json.dumps(answer).encode()

    def _put(self, name: str, template: dict[str, Any]) -> Answered:
        if not self.takes_templates:
            return 403, {}, b'{"error":{"type":"security_exception"}}'
        self.templates[name] = template
        return 200, {}, b'{"acknowledged":true}'

    def _create(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        ((kind, meta),) = action.items()
        assert kind == "create"
        index, identity = meta["_index"], meta["_id"]
        result = {
            "_index": index,
            "_id": identity,
            "_version": 1,
            "_shards": {"total": 2, "successful": 1, "failed": 0},
        }

        def failed(status: int, kind: str, reason: str = "") -> dict[str, Any]:
            error = {"type": kind, "reason": reason, "caused_by": {"type": "x", "reason": "y" * 600}}
            return {"create": {**result, "status": status, "error": error}}

        if self.is_read_only:
            return failed(403, "cluster_block_exception", BLOCKED)
        if not INDEX.match(index):
            return failed(400, "invalid_index_name_exception")
        if "@timestamp" not in document:
            return failed(400, "document_parsing_exception", "data stream timestamp field [@timestamp] is missing")
        waiting = self.verdicts.get(document["message"])
        if waiting:
            return failed(waiting.pop(0), "es_rejected_execution_exception")
        if (index, identity) in self.documents:
            return failed(409, "version_conflict_engine_exception")
        if (misfit := self._misfit(index, document)) is not None:
            return failed(400, "mapper_parsing_exception", f"failed to parse field [{misfit}]")
        self.documents[index, identity] = document
        return {"create": {**result, "status": 201, "result": "created"}}

    def _misfit(self, index: str, document: dict[str, Any]) -> str | None:
        """The field whose value has another type than the index knows; learns the types of fields that are new."""
        templates = [one for one in self.templates.values() if index in one["index_patterns"]]
        learned: dict[tuple[str, str], str] = {}
        for path, value in _leaves(document):
            own = "object" if isinstance(value, dict) else {str: "text", bool: "boolean"}.get(type(value), "number")
            if own != "object" and any(_is_keyword(one, path, value) for one in templates):
                own = "keyword"
            known = self.types.get((index, path), own)
            if "object" in (known, own) and known != own:
                return path
            if known in {"number", "boolean"} and known != own:
                return path
            learned[index, path] = known
        self.types |= learned
        return None

    def messages(self) -> list[str]:
        return [document["message"] for document in self.documents.values()]


def _leaves(value: dict[str, Any], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, child in value.items():
        if child is None:
            continue
        found.append((f"{path}{key}", child[0] if isinstance(child, list) and child else child))
        if isinstance(child, dict):
            found += _leaves(child, f"{path}{key}.")
    return found


def _is_keyword(template: dict[str, Any], path: str, value: Any) -> bool:
    kind = {str: "string", bool: "boolean", int: "long", float: "double"}.get(type(value))
    for rule in template["template"]["mappings"]["dynamic_templates"]:
        ((_, one),) = rule.items()
        pattern = re.escape(one["path_match"]).replace(r"\*", ".*")
        if kind == one["match_mapping_type"] and re.fullmatch(pattern, path):
            return one["mapping"]["type"] == "keyword"
    return False


def _filtered(result: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"status": result["status"]}
    if "error" in result:
        kept["error"] = {key: result["error"][key] for key in ("type", "reason")}
    return kept


class FakeLoki(Receiver):
    """The push API, by the validator of Loki 3.7's distributor and the streams of its ingester.

    Entries that do not fit are refused with 400 and the others of the request are stored all the same; one that is as
    the last one of its stream, in time, line and metadata, is dropped without a word.

    Attributes:
        streams: time, line and metadata by labels.
        max_line_size: bytes of a line.
        takes_metadata: ``allow_structured_metadata``.
        fails_until_told: answers 500 until something is posted to ``/well``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
        self.down = False
        self.fails_until_told = False
        self.max_line_size = 256 * 1024
        self.takes_metadata = True

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> Answered:
        self.headers.append(headers)
        if self.down:
            return 429, {"Retry-After": "0"}, b"Ingestion rate limit exceeded"
        if path == "/well":
            self.fails_until_told = False
            return 204, {}, b""
        if self.fails_until_told:
            return 500, {}, b"no ingester"
        if path != "/loki/api/v1/push" or headers.get("Content-Type") != "application/json":
            return 404, {}, b"page not found"
        body = json.loads(gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw)
        problems: list[str] = []
        for stream in body["streams"]:
            self._push(stream["stream"], stream["values"], problems)
        return (400, {}, "\n".join(problems).encode()) if problems else (204, {}, b"")

    def _push(self, labels: dict[str, str], values: list[list[Any]], problems: list[str]) -> None:
        if not labels:
            problems.append("error at least one label pair is required per stream")
            return
        for name, value in labels.items():
            if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) or not isinstance(value, str):
                problems.append(f"error parsing labels {labels!r}")
                return
        key = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
        stored = self.streams.setdefault(key, [])
        now = time.time_ns()
        for at, line, *rest in values:
            assert isinstance(at, str)
            assert len(at) == 19, "nanoseconds"
            metadata = rest[0] if rest else {}
            assert all(isinstance(value, str) for value in metadata.values())
            if metadata and not self.takes_metadata:
                problems.append(f"stream '{key}' includes structured metadata, but this feature is disallowed.")
            elif len(line.encode()) > self.max_line_size:
                problems.append(f"max entry size '{self.max_line_size}' bytes exceeded for stream '{key}'")
            elif int(at) > now + 600 * 10**9:
                problems.append(f"entry for stream '{key}' has timestamp too new: {at}")
            elif int(at) < now - 7 * 86_400 * 10**9:
                problems.append(f"entry for stream '{key}' has timestamp too old: {at}")
            elif (int(at), line, metadata) not in stored[-1000:]:
                stored.append((int(at), line, metadata))

    def messages(self) -> list[str]:
        return [json.loads(line)["message"] for values in self.streams.values() for _, line, _ in values]
