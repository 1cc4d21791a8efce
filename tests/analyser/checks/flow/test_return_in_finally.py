"""`flow/return-in-finally`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "def f():\n    try:\n        g()\n    finally:\n        return 1\n", [5], id="return"),
        pytest.param(
            "python",
            "while x:\n    try:\n        g()\n    finally:\n        break\n",
            [5],
            id="break of the loop around",
        ),
        pytest.param(
            "python", "try:\n    g()\nfinally:\n    for x in y:\n        break\n", [], id="break of a loop within"
        ),
        pytest.param(
            "python", "try:\n    g()\nfinally:\n    def h():\n        return 1\n", [], id="return of a function within"
        ),
        pytest.param(
            "javascript", "function f() { try { g(); } finally { if (x) { return 1; } } }\n", [1], id="return in an if"
        ),
        pytest.param(
            "javascript",
            "function f() { try { g(); } finally { h(() => { return 1; }); } }\n",
            [],
            id="return of an arrow function",
        ),
        pytest.param(
            "javascript",
            "function f() { try { g(); } finally { switch (x) { case 1: break; } } }\n",
            [],
            id="break of a switch",
        ),
        pytest.param(
            "java",
            "class A { void f() { while (x) { try { g(); } finally { continue; } } } }\n",
            [1],
            id="continue in Java",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } finally { h(() -> { return 1; }); } } }\n",
            [],
            id="return of a lambda in Java",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("flow/return-in-finally", language, source) == expected


_JS = "o: for (const a of b) { for (const c of d) { try { f(); } finally {\n%s\n} } }\n"


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("javascript", _JS % "throw e;", [2], id="throw"),
        pytest.param("javascript", _JS % "try { g(); throw e; } catch (x) { h(x); }", [], id="a throw that is caught"),
        pytest.param("javascript", _JS % "for (const x of y) { break o; }", [2], id="a jump to a label outside"),
        pytest.param("javascript", _JS % "p: for (const x of y) { for (;;) { break p; } }", [], id="to a label inside"),
        pytest.param("javascript", _JS % "switch (x) { case 1: continue; }", [2], id="continue in a switch"),
        pytest.param("javascript", _JS % "switch (x) { case 1: break; }", [], id="break in a switch"),
        pytest.param("javascript", _JS % "for (const x of y) { continue; }", [], id="continue of a loop inside"),
        pytest.param("java", "class A { void f() { try { g(); } finally {\nthrow new X(); } } }\n", [2], id="throw in Java"),  # noqa: E501 (one row of a table)
        pytest.param("java", "class A { void f() { o: while (a) { try { g(); } finally {\nwhile (b) { continue o; } } } } }\n", [2], id="a label in Java"),  # noqa: E501 (one row of a table)
        pytest.param("java", "class A { void f() { while (a) { try { g(); } finally {\nswitch (b) { case 1: continue; } } } } }\n", [2], id="a switch in Java"),  # noqa: E501 (one row of a table)
    ],
)  # fmt: skip
def test_the_ways_to_leave_a_finally(language: str, source: str, expected: list[int]) -> None:
    assert lines("flow/return-in-finally", language, source) == expected
