"""JSON from clients to typed structs: quick when it fits, attribute by attribute when it does not.

A struct's fields are the attributes that are used; the others are skipped, not decoded. Leaves are ``Any``, because
old and odd clients send numbers, null or objects where text is due; `values` makes of them what is expected.
"""

from __future__ import annotations

import json
import re
import types
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from errtally.errors import MalformedError
from errtally.exporter.ingest.body import check_json

MAX_VALUES = 100_000
"""Values in one item; real events have a few thousand."""

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises: also for text that is not UTF-8, and for what is nested too deeply."""

_half_of_a_pair = re.compile(rb"\\u[dD][89a-fA-F]").search

T = TypeVar("T", bound=msgspec.Struct)


def decode(payload: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode a JSON object; what has the wrong shape in it is left out, and the rest is kept.

    Raises:
        MalformedError: the payload is not a JSON object, or is nested too deeply.
    """
    try:
        found: T = _decoder(kind).decode(payload)
    except NOT_JSON:  # a ValidationError is a DecodeError
        return convert(document(payload), kind)
    return found


def document(payload: bytes | msgspec.Raw) -> dict[str, Any]:
    """Decode a whole JSON object, also with the NaN and Infinity that Python clients write.

    Raises:
        MalformedError: the payload is not a JSON object, or is nested too deeply.
        TooLargeError: it has too many values.
    """
    check_json(bytes(payload), MAX_VALUES)
    try:
        # A byte that is not UTF-8 costs a character, not the event: clients do not send again.
        value = json.loads(bytes(payload).decode("utf-8", "replace"))
        if _half_of_a_pair(bytes(payload)):
            # Text cut within an emoji holds half of it, which UTF-8 can't; browsers send that.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as exc:
        raise MalformedError("bad_json", f"not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise MalformedError("bad_json", f"a JSON object is due, not {type(value).__name__}")
    return value


def strict_json(payload: bytes | msgspec.Raw) -> bytes:
    """Write a JSON object again as strict JSON: NaN becomes null, half of a surrogate pair a question mark.

    Raises:
        MalformedError: as `document`.
    """
    return msgspec.json.encode(document(payload))


def convert(value: dict[str, Any], kind: type[T]) -> T:
    """Convert an object and everything in it that fits the struct's fields."""
    fitting: dict[str, Any] = {}
    for name, (encoded, hint) in _fields(kind).items():
        if (found := _convert(value.get(encoded), hint)) is not None:
            fitting[name] = found
    return kind(**fitting)


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; everything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """Return an object; of everything else an empty one."""
    return value if isinstance(value, dict) else {}


def _convert(value: object, hint: object) -> Any:  # noqa: ANN401
    if value is None or hint is Any:
        return value
    if hint is types.NoneType:
        return None
    if get_origin(hint) in {Union, types.UnionType}:
        return next((found for part in get_args(hint) if (found := _convert(value, part)) is not None), None)
    if get_origin(hint) is list:
        if not isinstance(value, list):
            return None
        (inner,) = get_args(hint)
        return [found for item in value if (found := _convert(item, inner)) is not None]
    if get_origin(hint) is dict:
        return value if isinstance(value, dict) else None
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return convert(value, hint) if isinstance(value, dict) else None
    raise TypeError(f"a struct that is decoded tolerantly can't have a field of {hint!r}: it would be lost")


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    hints = get_type_hints(kind)
    return {info.name: (info.encode_name, hints[info.name]) for info in msgspec.structs.fields(kind)}
