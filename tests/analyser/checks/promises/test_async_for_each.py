"""`promises/async-for-each`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("javascript", "xs.forEach(async (x) => { await f(x); });\n", [1], id="an arrow function"),
        pytest.param(
            "typescript",
            "xs.forEach(async function (x: string) { await f(x); });\n",
            [1],
            id="a function in TypeScript",
        ),
        pytest.param("javascript", "xs.forEach((x) => { f(x); });\n", [], id="a function that is not async"),
        pytest.param("javascript", "Promise.all(xs.map(async (x) => { await f(x); }));\n", [], id="map"),
        pytest.param(
            "javascript",
            "xs.forEach(async (x) => { try { await f(x); } catch (e) { g(e); } });\n",
            [],
            id="one that catches all",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("promises/async-for-each", language, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("a.map(async (x) => { await f(x); });\n", [1], id="map whose promises nobody keeps"),
        pytest.param("const p = a.map(async (x) => { await f(x); });\n", [], id="map whose promises are kept"),
        pytest.param("a.filter(async (x) => await f(x));\n", [1], id="filter"),
        pytest.param("const b = a.filter(async (x) => await f(x));\n", [1], id="filter that is kept"),
        pytest.param("if (a.some(async (x) => await f(x))) { g(); }\n", [1], id="some"),
        pytest.param("a.filter((x) => f(x));\n", [], id="filter with a function that is not async"),
    ],
)
def test_other_methods_that_do_not_wait(source: str, expected: list[int]) -> None:
    assert lines("promises/async-for-each", "javascript", source) == expected
