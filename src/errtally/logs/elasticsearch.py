"""Elasticsearch's and OpenSearch's bulk API: documents {@timestamp, severity, message, fields} in ``logs-<service>``.

That is a data stream, by an index template that the transport puts there; it indexes all values of the context as
keywords, so that one logged as a number first and as a text later fits. Each document has an id of its own and is
created, not indexed: one sent twice after a lost answer is there once.
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
_BAD_REQUEST = 400
_LATER = frozenset({401, 403, 404, 429, 503})
"""Another time, or a corrected setting of the cluster, may change these."""
_FAILED = frozenset({500, 502, 504})
_DOWN = frozenset({429, 500, 502, 503, 504})
_LONGEST_NAME = 255
_ANSWER_BYTES = 64 * 1024 * 1024
_FILTER = "?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
"""What is asked of an answer: without it, it tells more of each document than was sent."""
_BLOCKED = "cluster_block_exception"


def index_name(service: str) -> str:
    """Return the index of a service: lower case, without the characters that an index must not have."""
    return f"logs-{_NOT_IN_A_NAME.sub('-', service.lower()).strip('-.') or 'unnamed'}"[:_LONGEST_NAME]


def index_template(service: str) -> dict[str, Any]:
    """Return the index template of a service, as `PUT _index_template` takes it."""
    from importlib.resources import files  # noqa: PLC0415 (takes its time, and not everybody ships there)

    text = files("errtally.logs").joinpath("index_template.json").read_text(encoding="utf-8")
    template: dict[str, Any] = json.loads(text)
    template["index_patterns"] = [index_name(service)]
    return template


class Elasticsearch:
    """Sends entries.

    Args:
        url: of the cluster.
        service: names the index.
        api_key: as Elasticsearch shows it, base64 of id and key; None for none.
        timeout_seconds: for connecting and for each read.
        discards: where documents that the cluster refuses are counted.
        put_template: whether the index template is put there before the first documents; a cluster that does not allow
            it gets the documents all the same.
        headers: further ones, such as `Authorization`.
        ca_certs: a file of the authorities to trust; None for the system's.

    Raises:
        OSError: ``ca_certs`` is no file of certificates.
    """

    def __init__(
        self,
        url: str,
        service: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 10.0,
        discards: Discards | None = None,
        put_template: bool = True,
        headers: dict[str, str] | None = None,
        ca_certs: str | None = None,
    ) -> None:
        own = {"Authorization": f"ApiKey {api_key}"} if api_key else {}
        own.update(headers or {})
        base = url.rstrip("/")
        ndjson = {"Content-Type": "application/x-ndjson", **own}
        self._post = Post(f"{base}/_bulk{_FILTER}", ndjson, timeout_seconds, ca_certs, answer_bytes=_ANSWER_BYTES)
        self._index = index_name(service)
        self._put = Post(
            f"{base}/_index_template/errtally-{self._index}",
            {"Content-Type": "application/json", **own},
            timeout_seconds,
            ca_certs,
        )
        self._template = json.dumps(index_template(service)).encode() if put_template else b""
        self.discards = discards
        self.refusal = ""

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
        """Send documents; those that the cluster was too busy for are left, those it refuses are counted.

        One that does not fit what the index has learned of others goes once more with its fields as one text.
        """
        if self._template:
            answer = self._put(self._template, method="PUT")
            if answer.verdict is Verdict.AGAIN and (answer.status == 0 or answer.status in _DOWN):
                return answer  # documents before the template would make a plain index
            self._template = b""
            if answer.verdict is not Verdict.TAKEN:
                log.warning("the index template of %s was not taken: %s", self._index, answer.why)
        return self._sent(batch, as_text=False)

    def _sent(self, batch: list[bytes], *, as_text: bool) -> Answer:
        answer = self._post(b"".join(map(_with_fields_as_text, batch) if as_text else batch))
        if answer.verdict is Verdict.REFUSED:
            self.refusal = answer.why
        if answer.verdict is not Verdict.TAKEN:
            return answer
        results = _results(answer.body, len(batch))
        if results is None:
            why = f"not an answer of the bulk API: {answer.body[:100]!r}"
            return Answer(Verdict.AGAIN, answer.status, why, is_doubtful=True)
        left: list[int] = []
        misfits: list[int] = []
        refused: list[str] = []
        doubtful = bool(results)
        why = ""
        for place, (status, kind, reason) in enumerate(results):
            if status in _LATER | _FAILED or kind == _BLOCKED:
                left.append(place)
                doubtful &= status in _FAILED
                why = f"{self._index} is read-only: {reason}" if kind == _BLOCKED else f"{status} {kind}: {reason}"
            elif status == _BAD_REQUEST and not as_text:
                misfits.append(place)
            elif status >= _BAD_REQUEST and status != _CONFLICT:
                refused.append(f"{status} {kind}: {reason}")
        if misfits:
            again = self._sent([batch[place] for place in misfits], as_text=True)
            if again.verdict is Verdict.AGAIN:
                places = range(len(misfits)) if again.left is None else again.left
                left += [misfits[place] for place in places]
                doubtful &= again.is_doubtful
                why = why or again.why
            elif again.verdict is not Verdict.TAKEN:
                refused += [again.why] * len(misfits)
        if refused:
            self.refusal = refused[-1]
            log.warning("%s refused %d documents, the last: %s", self._index, len(refused), self.refusal)
            if self.discards is not None:
                self.discards.add("refused", "log", len(refused))
        if left:
            why = f"{len(left)} documents were not taken, {why}"
            return Answer(Verdict.AGAIN, answer.status, why, left=tuple(sorted(left)), is_doubtful=doubtful)
        return replace(answer, body=b"")


def _results(body: bytes, count: int) -> list[tuple[int, str, str]] | None:
    """Return status, type and reason of each document, nothing where all went well; None for no answer of the API."""
    try:
        document = json.loads(body)
        if document["errors"] is False:
            return []
        results = [next(iter(item.values())) for item in document["items"]]
        found = []
        for result in results:
            error = result.get("error") or {}
            told = (error.get("type", ""), error.get("reason", "")) if isinstance(error, dict) else ("", str(error))
            found.append((int(result["status"]), str(told[0]), str(told[1])[:300]))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None
    return found if len(found) == count else None


def _with_fields_as_text(encoded: bytes) -> bytes:
    action, document, _ = encoded.split(b"\n")
    sent = json.loads(document)
    # Under another name: the index may have its own idea of every field below `fields`.
    sent["fields_text"] = json.dumps(sent.pop("fields"), ensure_ascii=False)
    return action + b"\n" + json.dumps(sent).encode() + b"\n"
