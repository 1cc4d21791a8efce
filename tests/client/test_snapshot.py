"""Plain copies: always JSON, always bounded, never by code of the application's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.client.snapshot import MAX_DEPTH, MAX_NODES, MAX_TEXT, plain, plain_mapping


class Colour(Enum):
    RED = 1


@dataclass
class Loud:
    name: str

    def __repr__(self) -> str:
        raise AssertionError("no code of the application's runs")

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Colour.RED, "Colour.RED", id="an enum"),
        pytest.param(Decimal("1.50"), "1.50", id="a decimal"),
        pytest.param(UUID(int=7), "00000000-0000-0000-0000-000000000007", id="a UUID"),
        pytest.param(Path("/srv/x"), "/srv/x", id="a path"),
        pytest.param(b"secret", "<6 bytes>", id="bytes"),
        pytest.param(float("nan"), "nan", id="not a number"),
        pytest.param(1 << 70, "…", id="a number beyond 64 bits"),
        pytest.param(Loud("x"), "<tests.client.test_snapshot.Loud>", id="an object with a repr of its own"),
        pytest.param({(1, 2): {3}, None: True}, {"…": [3], "None": True}, id="keys that are no texts"),
        pytest.param("x" * 3000, "x" * (MAX_TEXT - 1) + "…", id="a long text"),
    ],
)
def test_copy_of(value, expected) -> None:
    found = plain(value)
    if isinstance(value, Loud):
        assert found.endswith(".Loud>")
    else:
        assert found == expected


def test_what_is_not_a_mapping_has_a_key() -> None:
    assert plain_mapping([1]) == {"value": [1]}


_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda children: st.lists(children) | st.dictionaries(st.text() | st.integers(), children) | st.tuples(children),
    max_leaves=40,
)


@given(_trees)
def test_a_copy_is_json_whatever_is_copied(value) -> None:
    json.dumps(plain(value), allow_nan=False)


def _depth(value) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0)


def _nodes(value) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_nodes, children))


@pytest.mark.parametrize("kind", ["deep", "wide", "itself", "bushy"])
def test_a_copy_is_bounded(kind: str) -> None:
    value: list = []
    if kind == "deep":
        for _ in range(500):
            value = [value]
    elif kind == "wide":
        value = list(range(100_000))
    elif kind == "itself":
        value.append(value)
    else:
        for _ in range(30):
            value = [value, value]
    copied = plain(value)
    assert _depth(copied) <= MAX_DEPTH + 1
    assert _nodes(copied) <= MAX_NODES + MAX_DEPTH * 2
