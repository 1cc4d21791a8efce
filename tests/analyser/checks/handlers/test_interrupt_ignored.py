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
        pytest.param(
            "java",
            "class A { void f() { try { g(); }\ncatch (InterruptedException e) { future.fail(e); } } }",
            [],
            id="a future that takes it",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); }\ncatch (InterruptedException e) { log.warn("a", e); } } }',
            [2],
            id="a log that takes it",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); }\ncatch (InterruptedException e) { interrupted = true; } } }",
            [],
            id="a flag that keeps it",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); }\ncatch (InterruptedException ignored) { } } }",
            [],
            id="a name that says it",
        ),
        pytest.param(
            "java",
            'class A { public void run() { try { g(); }\ncatch (InterruptedException e) { log.warn("a"); } } }',
            [],
            id="the end of a thread",
        ),
        pytest.param(
            "java",
            "class A { public void run() { while (on) { try { g(); }\ncatch (InterruptedException "
            'e) { log.warn("a"); } } } }',
            [2],
            id="a thread that goes on",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/interrupt-ignored", language, source) == expected


_WAIT = 'class A { void f() { while (a) { try { g(); %s; }\ncatch (Exception e) { log.error("no", e); } } } }\n'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(_WAIT % "Thread.sleep(1)", [2], id="sleep"),
        pytest.param(_WAIT % "TimeUnit.SECONDS.sleep(1)", [2], id="sleep of a unit"),
        pytest.param(_WAIT % "latch.await()", [2], id="a latch"),
        pytest.param(_WAIT % "queue.take()", [2], id="a queue"),
        pytest.param(_WAIT % "h()", [], id="no wait"),
        pytest.param(
            (_WAIT % "Thread.sleep(1)").replace("log", "Thread.currentThread().interrupt(); log"), [], id="kept"
        ),
        pytest.param(
            (_WAIT % "Thread.sleep(1)").replace("catch (E", "catch (InterruptedException x) { return; } catch (E"),
            [],
            id="a handler of its own",
        ),
    ],
)
def test_everything_caught_around_a_wait(source: str, expected: list[int]) -> None:
    source = source.replace("{ return; }", "{ Thread.currentThread().interrupt(); return; }")
    assert lines("handlers/interrupt-ignored", "java", source) == expected
