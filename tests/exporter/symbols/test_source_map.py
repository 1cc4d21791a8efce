"""A map is read as its format says, or refused with a reason: a wrong line is worse than none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.exporter.symbols import made

from errtally.errors import SymbolError
from errtally.exporter.symbols import build_table, source_map


def _changed(**more: Any) -> bytes:
    return made.encoded({**made.source_map(), **more})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b" \n", "empty", id="white space"),
        pytest.param(b"<!doctype html><title>404</title>", "not the JSON", id="the page of a 404"),
        pytest.param(made.encoded(made.source_map())[:-40], "not the JSON", id="one that was cut"),
        pytest.param(b"[1, 2]", "not the JSON", id="another document"),
        pytest.param(b'{"version": 3}', "neither mappings nor sections", id="no mappings"),
        pytest.param(_changed(mappings="AA!A"), "no Base64", id="a letter that is not Base64"),
        pytest.param(_changed(mappings="AAAA,g"), "has 0 numbers", id="a number without its end"),
        pytest.param(_changed(mappings="AA"), "has 2 numbers", id="two numbers"),
        pytest.param(_changed(mappings="AAAAAA"), "has 6 numbers", id="six numbers"),
        pytest.param(_changed(mappings="gggggggggC"), "32 bits", id="a number too large"),
        pytest.param(_changed(mappings="ACAA"), "map's sources", id="a source that is not there"),
        pytest.param(_changed(mappings="AAAAgB"), "map's names", id="a name that is not there"),
        pytest.param(_changed(mappings="AADA"), "map's sources", id="a line before the first"),
        pytest.param(_changed(mappings="DAAA"), "lead out of the script", id="a column before the first"),
        pytest.param(_changed(mappings="AAgEA"), "which has", id="a line behind the source's last"),
        pytest.param(
            b'{"sections": [{"offset": {"line": 0, "column": 0}, "url": "a.map"}]}',
            "another file",
            id="a section elsewhere",
        ),
        pytest.param(
            json.dumps(
                {
                    "sections": [
                        {"offset": {"line": 2, "column": 0}, "map": made.source_map()},
                        {"offset": {"line": 1, "column": 0}, "map": made.source_map()},
                    ]
                }
            ).encode(),
            "in their order",
            id="sections in the wrong order",
        ),
    ],
)
def test_what_is_no_map_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SymbolError, match=reason) as refused:
        source_map.read(content)
    assert refused.value.reason in {"bad_map", "too_large"}


def test_sections_nested_without_end_are_refused() -> None:
    nested: dict[str, Any] = made.source_map()
    for _ in range(50):
        nested = {"sections": [{"offset": {"line": 0, "column": 0}, "map": nested}]}
    with pytest.raises(SymbolError, match="too deeply"):
        source_map.read(made.encoded(nested))


@pytest.mark.parametrize(
    "front",
    [
        pytest.param(b"\xef\xbb\xbf", id="a byte order mark"),
        pytest.param(b")]}'\n", id="the line against JSON hijacking"),
    ],
)
def test_what_stands_before_the_json_is_skipped(front: bytes) -> None:
    plain = source_map.read(made.encoded(made.source_map()))
    found = source_map.read(front + made.encoded(made.source_map()))
    assert found.positions.columns == plain.positions.columns


@pytest.mark.parametrize(
    ("root", "url", "joined"),
    [
        pytest.param("", "src/a.ts", "src/a.ts", id="no root"),
        pytest.param("https://src.example/shop", "a.ts", "https://src.example/shop/a.ts", id="a slash between"),
        pytest.param("https://src.example/shop/", "a.ts", "https://src.example/shop/a.ts", id="its own slash"),
        pytest.param("/srv", "webpack://shop/a.ts", "webpack://shop/a.ts", id="an address stays"),
        pytest.param(None, "a.ts", "a.ts", id="null"),
    ],
)
def test_sources_stand_below_their_root(root: str | None, url: str, joined: str) -> None:
    assert source_map.read(_changed(sources=[url], sourceRoot=root)).sources[0].url == joined


@pytest.mark.parametrize("name", ["debugId", "debug_id"])
def test_a_map_says_its_debug_id_in_either_spelling(name: str) -> None:
    assert source_map.read(_changed(**{name: made.DEBUG_ID.upper()})).debug_id == made.DEBUG_ID


def test_a_section_ends_where_the_next_begins() -> None:
    first = {**made.source_map(), "mappings": made.mappings([(0, 0, 0, 0), (90, 0, 5, 0)])}
    second = {**made.source_map(url="b.ts"), "mappings": made.mappings([(0, 0, 2, 0), (10, 0, 6, 4)])}
    found = source_map.read(made.encoded({"sections": [
        {"offset": {"line": 0, "column": 0}, "map": first}, {"offset": {"line": 0, "column": 50}, "map": second},
    ]}))  # fmt: skip
    assert list(found.positions.columns) == [0, 50, 60]
    assert [found.sources[number].url for number in found.positions.sources] == ["../src/cart.ts", "b.ts", "b.ts"]


def test_places_that_a_generator_wrote_in_any_order_are_sorted() -> None:
    text = f"{made.vlq(9, 0, 1, 0)},{made.vlq(-5, 0, 1, 0)}"
    assert list(source_map.read(_changed(mappings=text)).positions.columns) == [4, 9]


def test_a_map_in_its_script_is_read_from_it() -> None:
    comment = "//# sourceMappingURL=data:application/json;charset=utf-8;base64,"
    script = made.SCRIPT + "\n" + comment + base64.b64encode(made.encoded(made.source_map())).decode()
    assert build_table.build(None, script.encode())


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(made.SCRIPT, "no_map", id="none in it"),
        pytest.param("//# sourceMappingURL=data:application/json;base64,@@@", "bad_map", id="one that is no Base64"),
    ],
)
def test_a_script_without_a_map_is_refused(script: str, reason: str) -> None:
    with pytest.raises(SymbolError) as refused:
        build_table.build(None, script.encode())
    assert refused.value.reason == reason


def test_the_map_of_another_build_is_not_used() -> None:
    script = f"{made.SCRIPT}\n//# debugId={made.DEBUG_ID}"
    other = {**made.source_map(), "debugId": "11111111-1f5c-4c0e-9d1f-7a2b3c4d5e6f"}
    with pytest.raises(SymbolError) as refused:
        build_table.build(made.encoded(other), script.encode())
    assert refused.value.reason == "wrong_build"
