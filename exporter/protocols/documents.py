"""Bodies that are several JSON documents: one a line (NDJSON), or back to back with blanks, a record separator
(RFC 7464, as journald sends) or nothing between them, as Fluent Bit's `json_stream` has it.
"""  # noqa: D205

from __future__ import annotations

import json
import re

import msgspec

_BETWEEN = re.compile(r"[\s\x1e]*")
_documents = json.JSONDecoder()
_any = msgspec.json.Decoder()
_NOT_JSON = (ValueError, RecursionError)
"""What both decoders raise: also for text that is not UTF-8, and for what is nested too deeply."""


def split(body: bytes) -> list[bytes]:
    """Split a body into its documents, the first of which has to be an object.

    Args:
        body: what no decoder of one document could read.

    Returns:
        The documents, none where the body is something else. Of lines, one that is broken stays as it is and costs
        itself; of documents back to back, one that is broken and all behind it are the last.
    """
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > 1 and _is_object(lines[0]):
        return lines
    return _back_to_back(body)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(_any.decode(line), dict)
    except _NOT_JSON:
        return False


def _back_to_back(body: bytes) -> list[bytes]:
    text = body.decode("utf-8", "surrogateescape")
    found: list[bytes] = []
    place = _end_of_gap(text, 0)
    while place < len(text):
        end = len(text)
        try:
            sent, end = _documents.raw_decode(text, place)
        except _NOT_JSON:
            sent = None
        if not found and not isinstance(sent, dict):
            return []
        found.append(text[place:end].encode("utf-8", "surrogateescape"))
        place = _end_of_gap(text, end)
    return found


def _end_of_gap(text: str, place: int) -> int:
    gap = _BETWEEN.match(text, place)
    return gap.end() if gap else place
