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
