"""`handlers/interrupt-ignored`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (InterruptedException e) { log.warn("no", e); } } }\n',
            [1],
            id="only logged",
        ),
        pytest.param(
            "java", "class A { void f() { try { g(); } catch (InterruptedException e) { } } }\n", [1], id="empty"
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (IOException | InterruptedException e) { h(); } } }\n",
            [1],
            id="one of several",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } "
            "catch (InterruptedException e) { Thread.currentThread().interrupt(); } } }\n",
            [],
            id="set again",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (InterruptedException e) { throw new X(e); } } }\n",
            [],
            id="thrown on",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (InterruptedIOException e) { h(); } } }\n",
            [],
            id="another exception",
        ),
        pytest.param(
            "java",
            "class A { public void run() { try { g(); } catch (InterruptedException e) { return; } } }\n",
            [],
            id="run ends",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/interrupt-ignored", language, source) == expected
