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
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("flow/run-time-assert", language, source) == expected
