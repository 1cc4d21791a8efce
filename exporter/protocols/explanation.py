"""Says all that is wrong with an event, each with its place; off the good path, because it takes 200 microseconds."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from errtally.event import schema
from errtally.exporter.ingest.body import SHORT_JSON_BYTES

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

MAX_ERRORS = 10
MAX_MESSAGE = 200


def explain(raw: bytes | msgspec.Raw, name: str, first: str) -> str:
    """List the errors of an item.

    Args:
        raw: the item's JSON.
        name: its schema, one of ``schema.NAMES``.
        first: what the decoder said, for when the schema says nothing or the item is too large to look at.

    Returns:
        The errors in the order of their places, at most ten: ``MESSAGE - at `$.place`; ...``.
    """
    if len(memoryview(raw)) > SHORT_JSON_BYTES:
        return first
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return first
    found = list(islice(_validator(name).iter_errors(item), MAX_ERRORS))
    if not found:
        return first
    return "; ".join(sorted(f"{_message(error)} - at `{error.json_path}`" for error in found))


@cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (5 MB that a worker does without until then)

    return Draft202012Validator(schema.load(name))


def _message(error: ValidationError) -> str:
    if error.validator == "pattern" and isinstance(error.instance, str):
        return f"{error.instance[:64]!r} does not match {error.validator_value!r}"
    return error.message if len(error.message) <= MAX_MESSAGE else f"{error.message[:MAX_MESSAGE]}..."
