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


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("f().finally(g);\n", [1], id="finally alone"),
        pytest.param("f().catch(h).finally(g);\n", [], id="finally after a catch"),
        pytest.param("ready && f().then(g);\n", [1], id="behind a condition"),
        pytest.param("Promise.all([f(), g()]);\n", [1], id="all of several"),
        pytest.param("Promise.race([f(), g()]);\n", [1], id="the first of several"),
        pytest.param("Promise.all([f(), g()]).then(h);\n", [1], id="all of several, then"),
        pytest.param("Promise.all([f(), g()]).catch(h);\n", [], id="all of several with a catch"),
        pytest.param("Promise.allSettled([f(), g()]);\n", [], id="allSettled never rejects"),
        pytest.param("async function a() { await Promise.all([f(), g()]); }\n", [], id="all of several awaited"),
    ],
)
def test_what_else_drops_a_rejection(source: str, expected: list[int]) -> None:
    assert lines("promises/then-without-catch", "javascript", source) == expected
