"""`flow/run-time-assert`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "def f(x):\n    assert x > 0, 'no'\n", [2], id="a parameter with a message"),
        pytest.param("python", "def f(x):\n    assert isinstance(x, int), 'no'\n", [], id="a type"),
        pytest.param("python", "def f(x):\n    assert x is not None, 'no'\n", [], id="not None"),
        pytest.param("python", "def _f(x):\n    assert x > 0, 'no'\n", [], id="a private function"),
        pytest.param("python", "def f(x):\n    assert Y > 0, 'no'\n", [], id="no parameter"),
        pytest.param(
            "python", "def f(x):\n    x = abs(x)\n    assert x >= 0, 'no'\n", [], id="a parameter that was set anew"
        ),
        pytest.param("python", "def f(x):\n    assert x > 0\n", [], id="without a message"),
        pytest.param(
            "python", "def f(x):\n    if y:\n        assert x > 0, 'no'\n", [], id="in the middle of the function"
        ),
        pytest.param(
            "python",
            "def f(x):\n    if y:\n        x.go()\n    assert x.done, 'no'\n",
            [],
            id="after work that may have changed it",
        ),
        pytest.param(
            "python",
            "def f(x):\n    if x is None:\n        raise E\n    assert x > 0, 'no'\n",
            [4],
            id="after another check",
        ),
        pytest.param(
            "java", 'class A { public void f(int x) {\nassert x > 0 : "no";\n} }', [2], id="a public method in Java"
        ),
        pytest.param("java", 'class A { public A(int x) {\nassert x > 0 : "no";\n} }', [2], id="a constructor in Java"),
        pytest.param("java", 'class A { void f(int x) {\nassert x > 0 : "no";\n} }', [], id="a method of the package"),
        pytest.param(
            "java", 'class A { public void f(int x) {\nassert y > 0 : "no";\n} }', [], id="no parameter in Java"
        ),
        pytest.param(
            "java", "class A { public void f(int x) {\nassert x > 0;\n} }", [], id="without a message in Java"
        ),
        pytest.param(
            "java",
            'class A { public void f(int x) {\ng();\nassert x > 0 : "no";\n} }',
            [],
            id="in the middle of the method in Java",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("flow/run-time-assert", language, source) == expected
