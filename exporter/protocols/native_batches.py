"""How the native API's bodies hold items: a batch, a JSON array, one item, or one a line; none is decoded here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, TooLargeError
from errtally.exporter.ingest.body import check_json
from errtally.exporter.protocols import documents

if TYPE_CHECKING:
    from errtally.exporter.config import Limits


class EventBatch(msgspec.Struct):
    """A batch; without its list, what came is one event, which a decoder that fails would tell at some cost."""

    events: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    discarded: list[msgspec.Raw] = []
    measures: list[msgspec.Raw] = []
    report_id: str | None = None


class RequestBatch(msgspec.Struct):
    """As `EventBatch`."""

    requests: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    report_id: str | None = None


class _Probe(msgspec.Struct):
    """Tells a batch whose list has another type from a single event, without decoding what is in it."""

    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    requests: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


EVENTS = msgspec.json.Decoder(EventBatch)
REQUESTS = msgspec.json.Decoder(RequestBatch)
_probe = msgspec.json.Decoder(_Probe)
_list = msgspec.json.Decoder(list[msgspec.Raw])
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises: also for text that is not UTF-8, and for what is nested too deeply."""


def raw_items(
    body: bytes, limits: Limits, batch: msgspec.json.Decoder[Any], name: str, required: str
) -> tuple[list[msgspec.Raw] | list[bytes], object]:
    """Split a body into items without decoding them; returns the batch as well, None where the body is none."""
    found: list[msgspec.Raw] | list[bytes]
    check_json(body, limits.json_values)
    sent = None
    if not body.strip():
        raise MalformedError("empty_body", f'the body is empty; send {{"{name}": [...]}}')
    try:
        sent = batch.decode(body)
        listed = getattr(sent, name)
        if listed is msgspec.UNSET:
            sent, listed = None, [body]
        found = listed
    except NOT_JSON as exc:
        found = _other_forms(body, name, required, exc)
    if len(found) > limits.batch_events:
        raise TooLargeError("batch_too_large", f"{len(found)} {name}; the limit is {limits.batch_events}")
    return found, sent


def _other_forms(body: bytes, name: str, required: str, error: Exception) -> list[msgspec.Raw] | list[bytes]:
    probe: _Probe | None
    try:
        if body.lstrip()[:1] == b"[":
            return _list.decode(body)
        probe = _probe.decode(body)
    except msgspec.ValidationError:  # no object
        probe = None
    except NOT_JSON as exc:
        found = documents.split(body)  # of several, the decoder has met only the first one
        if len(found) < 2:  # noqa: PLR2004 (more than one)
            raise MalformedError("bad_json", f"not JSON: {exc}") from exc
        return found
    if probe is not None and getattr(probe, name) is msgspec.UNSET:
        return [body]
    raise MalformedError("bad_json", f'{error}; send {{"{name}": [...]}} or one object with {required!r}') from error
