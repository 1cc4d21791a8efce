"""JSON from clients to structs, whatever is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.errors import MalformedError
from errtally.exporter.protocols import tolerant


class Leaf(msgspec.Struct):
    name: Any = None


class Tree(msgspec.Struct, rename="camel"):
    first_name: Any = None
    leaf: Leaf | None = None
    leaves: list[Leaf | None] | None = None
    one_or_many: list[Leaf | None] | Leaf | None = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["firstName", "leaf", "leaves", "oneOrMany", "name", "x"]), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(b'{"firstName": "a", "leaf": {"name": 1}}', Tree("a", Leaf(1)), id="what fits"),
        pytest.param(b'{"firstName": "a", "leaf": 5}', Tree("a"), id="a leaf that is no object is left out"),
        pytest.param(b'{"leaves": [{"name": 1}, 2, null]}', Tree(leaves=[Leaf(1)]), id="of a list what fits is kept"),
        pytest.param(b'{"leaves": {"name": 1}, "leaf": {}}', Tree(leaf=Leaf()), id="an object where a list is due"),
        pytest.param(b'{"oneOrMany": {"name": 1}, "leaf": 5}', Tree(one_or_many=Leaf(1)), id="one of two forms"),
        pytest.param(b'{"oneOrMany": [{"name": 1}], "leaf": 5}', Tree(one_or_many=[Leaf(1)]), id="the other form"),
        pytest.param(b'{"firstName": NaN, "x": 1}', None, id="NaN, which is not JSON"),
        pytest.param(b'{"firstName": "\\ud83d"}', Tree("?"), id="half of an emoji"),
        pytest.param(b'{"firstName": "\\ud83d\\ude00"}', Tree("\N{GRINNING FACE}"), id="a whole emoji"),
        pytest.param(b"{}", Tree(), id="nothing"),
    ],
)
def test_what_fits_is_kept(payload, expected):
    found = tolerant.decode(payload, Tree)
    if expected is None:
        assert found.first_name != found.first_name
    else:
        assert found == expected


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"{", b'{"a": \xff}', b'"\xff"', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_object_is_refused(payload):
    with pytest.raises(MalformedError, match="JSON"):
        tolerant.decode(payload, Tree)


@given(JSON)
def test_any_object_is_decoded(sent):
    payload = msgspec.json.encode({"firstName": sent, "leaf": sent, "leaves": sent, "oneOrMany": sent})
    found = tolerant.decode(payload, Tree)
    assert found.leaf is None or isinstance(found.leaf, Leaf)
    assert all(isinstance(leaf, Leaf) for leaf in found.leaves or () if leaf is not None)


@given(JSON)
def test_a_mended_document_is_strict_json_with_the_same_meaning(sent):
    payload = msgspec.json.encode({"x": sent})
    assert msgspec.json.decode(tolerant.strict_json(payload)) == msgspec.json.decode(payload)


class Labelled(msgspec.Struct):
    name: Any = None
    labels: dict[str, Any] | None = None
    leaf: Leaf | None = None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(b'{"labels": {"a": 1}, "leaf": "odd"}', {"a": 1}, id="an object, beside what has the wrong shape"),
        pytest.param(b'{"labels": ["a"], "leaf": "odd"}', None, id="no object"),
    ],
)
def test_an_object_of_any_names_is_kept(sent: bytes, expected: object) -> None:
    assert tolerant.decode(sent, Labelled) == Labelled(labels=expected)


class Typed(msgspec.Struct):
    count: int = 0


def test_a_field_that_would_be_lost_is_told_to_whoever_wrote_the_struct() -> None:
    with pytest.raises(TypeError, match="it would be lost"):
        tolerant.convert({"count": 1}, Typed)
