"""`promises/then-without-catch`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("javascript", "f().then(g);\n", [1], id="nothing catches"),
        pytest.param("javascript", "f().then(g).finally(h);\n", [1], id="finally is no catch"),
        pytest.param("javascript", "f().then(g).catch(h);\n", [], id="a catch"),
        pytest.param("javascript", "f().then(g, h);\n", [], id="a second function"),
        pytest.param("javascript", "function a() { return f().then(g); }\n", [], id="returned"),
        pytest.param("javascript", "async function a() { await f().then(g); }\n", [], id="awaited"),
        pytest.param("javascript", "const p = f().then(g);\n", [], id="kept"),
        pytest.param("javascript", "cy.get('a').then(g);\n", [], id="Cypress"),
        pytest.param(
            "javascript",
            "f().then(() => g().catch(h));\n",
            [1],
            id="a catch within the chain's argument is not the chain's",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("promises/then-without-catch", language, source) == expected
