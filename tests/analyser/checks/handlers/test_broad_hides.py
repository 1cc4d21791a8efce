"""`handlers/broad-hides`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception:\n    x = None\n", [3], id="a default for every error"
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept (KeyError, Exception):\n    x = None\n",
            [3],
            id="one of several types is broad",
        ),
        pytest.param("python", "try:\n    x = f()\nexcept KeyError:\n    x = None\n", [], id="a narrow exception"),
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception as exc:\n    x = exc\n", [], id="the exception is used"
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept Exception:\n    logger.exception('f')\n    x = None\n",
            [],
            id="it is logged",
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept Exception:\n    self.report_failure()\n    x = None\n",
            [],
            id="something with a telling name is called",
        ),
        pytest.param("python", "try:\n    x = f()\nexcept Exception:\n    x = 1\n    raise\n", [], id="it is raised"),
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception:\n    x = g()\n", [], id="the work is done in another way"
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (Exception e) { return 0; } } }\n",
            [1],
            id="a default in Java",
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (Exception e) { return h(e); } } }\n",
            [],
            id="the exception is used in Java",
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (IOException e) { return 0; } } }\n",
            [],
            id="a narrow exception in Java",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/broad-hides", language, source) == expected
