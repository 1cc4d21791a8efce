"""`handlers/bare-except`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "try:\n    f()\nexcept:\n    x = 1\n", [3], id="a bare except that returns"),
        pytest.param("python", "try:\n    f()\nexcept:\n    pass\n", [3], id="a bare except that passes"),
        pytest.param(
            "python", "try:\n    f()\nexcept:\n    undo()\n    raise\n", [], id="one that raises again is clean-up"
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept:\n    def g():\n        raise E\n",
            [3],
            id="a raise in a function within it is not a raise of it",
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept Exception:\n    x = 1\n", [], id="except Exception is another matter"
        ),
        pytest.param("python", "try:\n    f()\nexcept:\n    exc = sys.exc_info()\n", [], id="kept for later"),
        pytest.param("python", "try:\n    f()\nexcept:\n    os._exit(1)\n", [], id="the end of the process"),
        pytest.param("python", "try:\n    f()\nexcept:  # noqa\n    x = 1\n", [], id="a comment beside it"),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/bare-except", language, source) == expected
