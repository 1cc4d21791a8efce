"""The published JSON Schemas and the decoders of the native API agree."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.exporter.door import Door

from errtally.errors import MalformedError
from errtally.event import schema
from errtally.exporter.protocols import native
from errtally.exporter.protocols.explanation import MAX_ERRORS, explain
from errtally.exporter.protocols.measures import NativeMeasure

EVENT = {"message": "no stock"}
REQUEST = {"transaction": "GET /", "duration_seconds": 0.25}


def _decodes(name: str, item: object) -> bool:
    raw = json.dumps(item).encode()
    try:
        if name == "event":
            native.event_from(raw, 1.0, 1 << 20)
        else:
            native._timing(raw, 1.0)
    except MalformedError:
        return False
    return True


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)


def _fitting(part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Everything that fits a schema, as far as ours use the language."""
    if "anyOf" in part:
        return st.one_of([_fitting(choice) for choice in part["anyOf"]])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part.get("type", [])
    return st.one_of([_of_type(kind, part) for kind in ([kinds] if isinstance(kinds, str) else kinds)] or [_ANYTHING])


def _of_type(kind: str, part: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "string":
            return st.from_regex(part["pattern"], fullmatch=True) if "pattern" in part else _TEXT
        case "integer":
            return st.integers(part.get("minimum", -(2**63)), part.get("maximum", 2**63))
        case "number":
            least, most = part.get("minimum"), part.get("maximum")
            whole = st.integers(-(2**53) if least is None else least, 2**53 if most is None else most)
            return whole | st.floats(min_value=least, max_value=most, allow_nan=False, allow_infinity=False)
        case "array":
            return st.lists(_fitting(part.get("items", {})), max_size=3)
        case "object" if "properties" in part:
            known, required = part["properties"], part.get("required", [])
            return st.fixed_dictionaries(
                {name: _fitting(known[name]) for name in required},
                optional={name: _fitting(other) for name, other in known.items() if name not in required}
                | {"unknown": _ANYTHING},
            )
        case "object":
            return st.dictionaries(_TEXT, _fitting(part.get("additionalProperties", {})), max_size=3)
    return {"null": st.none(), "boolean": st.booleans()}[kind]


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema.load(name))


@pytest.mark.parametrize("name", schema.NAMES)
def test_every_field_of_the_decoder_is_in_the_schema(name: str) -> None:
    kind = {"event": native.NativeEvent, "request": native.NativeRequest, "measure": NativeMeasure}[name]
    fields = {info.encode_name: info for info in msgspec.structs.fields(kind)}
    assert set(fields) <= set(schema.load(name)["properties"])
    assert {field for field, info in fields.items() if info.required} == set(schema.load(name)["required"])


@settings(max_examples=150, deadline=None)
@given(_fitting(schema.load("event")))
def test_an_event_that_fits_the_schema_is_taken(item: dict) -> None:
    assert _decodes("event", item)


@settings(max_examples=100, deadline=None)
@given(_fitting(schema.load("request")))
def test_a_timing_that_fits_the_schema_is_taken(item: dict) -> None:
    assert _decodes("request", item)


@pytest.mark.parametrize(
    ("name", "item"),
    [
        pytest.param("event", {}, id="no message"),
        pytest.param("event", [], id="a list"),
        pytest.param("event", {"message": None}, id="a message of null"),
        pytest.param("event", {"message": 5}, id="a message that is a number"),
        pytest.param("event", {**EVENT, "event_id": "123"}, id="a short id"),
        pytest.param("event", {**EVENT, "event_id": "g" * 32}, id="an id that is not hexadecimal"),
        pytest.param("event", {**EVENT, "event_id": 5}, id="an id that is a number"),
        pytest.param("event", {**EVENT, "timestamp": True}, id="a time that is true"),
        pytest.param("event", {**EVENT, "timestamp": {}}, id="a time that is an object"),
        pytest.param("event", {**EVENT, "type": 1}, id="a type that is a number"),
        pytest.param("event", {**EVENT, "stack": []}, id="a stack that is a list"),
        pytest.param("event", {**EVENT, "fingerprint": "x"}, id="a fingerprint that is no list"),
        pytest.param("event", {**EVENT, "fingerprint": [1]}, id="a fingerprint of numbers"),
        pytest.param("event", {**EVENT, "context": []}, id="a context that is a list"),
        pytest.param("event", {**EVENT, "context": {"user": "bob"}}, id="a user that is a text"),
        pytest.param("event", {**EVENT, "context": {"user": {"id": 1.5}}}, id="a user id with a fraction"),
        pytest.param("event", {**EVENT, "context": {"user": {"id": True}}}, id="a user id that is true"),
        pytest.param("event", {**EVENT, "context": {"environment": 1}}, id="an environment that is a number"),
        pytest.param("event", {**EVENT, "context": {"tags": ["a"]}}, id="tags that are a list"),
        pytest.param("event", {**EVENT, "context": {"tags": {"a": []}}}, id="a tag that is a list"),
        pytest.param("event", {**EVENT, "context": {"trace": "abc"}}, id="a trace that is a text"),
        pytest.param("request", {}, id="an empty timing"),
        pytest.param("request", {"transaction": "a"}, id="no duration"),
        pytest.param("request", {"duration_seconds": 1}, id="no transaction"),
        pytest.param("request", {**REQUEST, "duration_seconds": -1}, id="a negative duration"),
        pytest.param("request", {**REQUEST, "duration_seconds": "1"}, id="a duration that is a text"),
        pytest.param("request", {**REQUEST, "method": None}, id="a method of null"),
        pytest.param("request", {**REQUEST, "status": "200"}, id="a status that is a text"),
        pytest.param("request", {**REQUEST, "status": 2.5}, id="a status with a fraction"),
        pytest.param("request", {**REQUEST, "failed": 1}, id="a verdict that is a number"),
        pytest.param("request", {**REQUEST, "release": 1}, id="a release that is a number"),
    ],
)
def test_what_the_decoder_refuses_does_not_fit_the_schema_and_is_explained(name: str, item: object) -> None:
    assert not _decodes(name, item)
    assert not Draft202012Validator(schema.load(name)).is_valid(item)
    assert " - at `$" in explain(json.dumps(item).encode(), name, "first")


@pytest.mark.parametrize(
    ("name", "item"),
    [
        pytest.param("event", EVENT, id="a message alone"),
        pytest.param("event", {**EVENT, "event_id": "0" * 32, "unknown": {"a": 1}}, id="unknown fields"),
        pytest.param("event", {**EVENT, "event_id": "01234567-89AB-cdef-0123-456789abcdef"}, id="an id with dashes"),
        pytest.param("event", {**EVENT, "timestamp": 1.5, "level": "warn", "fingerprint": []}, id="odd but right"),
        pytest.param("event", {**EVENT, "context": {"user": {"id": 7}, "tags": {"a": None}}}, id="numbers and nulls"),
        pytest.param("request", REQUEST, id="a timing"),
        pytest.param("request", {**REQUEST, "status": None, "failed": None}, id="a timing with nulls"),
    ],
)
def test_what_the_decoder_takes_fits_the_schema(name: str, item: object) -> None:
    assert _decodes(name, item)
    assert Draft202012Validator(schema.load(name)).is_valid(item)


def test_all_errors_of_an_event_are_told_with_their_places() -> None:
    item = {"message": 5, "context": {"user": {"email": 7}, "tags": {"a": {}}}, "fingerprint": [3]}
    answer = Door().send("/api/events", json.dumps(item).encode())
    assert answer.status == 400
    message = json.loads(answer.body)["error"]["message"]
    for place in ("$.message", "$.context.user.email", "$.context.tags.a", "$.fingerprint[0]"):
        assert f"at `{place}`" in message


def test_a_hopeless_event_does_not_get_a_hopelessly_long_answer() -> None:
    item = {"message": 5, "fingerprint": list(range(5000)), "level": "x" * 5000}
    message = explain(json.dumps(item).encode(), "event", "first")
    assert message.count(" - at `") == MAX_ERRORS
    assert len(message) < 4000


def test_an_event_too_large_to_look_at_keeps_the_decoder_s_word() -> None:
    raw = json.dumps({"message": 5, "x": "y" * 70_000}).encode()
    assert explain(raw, "event", "first") == "first"
