"""`promises/missing-await`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "async def f():\n    pass\nasync def g():\n    f()\n", [4], id="a coroutine"),
        pytest.param(
            "python",
            "class A:\n    async def f(self):\n        pass\n    async def g(self):\n        self.f()\n",
            [5],
            id="a method",
        ),
        pytest.param("python", "async def f():\n    pass\nasync def g():\n    await f()\n", [], id="awaited"),
        pytest.param(
            "python",
            "@task\nasync def f():\n    pass\ndef g():\n    f()\n",
            [],
            id="a decorator may make it a function",
        ),
        pytest.param("python", "async def f():\n    pass\ndef g(f):\n    f()\n", [], id="a parameter of that name"),
        pytest.param(
            "python",
            "class A:\n    async def f(self):\n        pass\nclass B:\n    def f(self):\n"
            "        pass\n    def g(self):\n        self.f()\n",
            [],
            id="also a plain function",
        ),
        pytest.param("javascript", "async function f() { await g(); }\nfunction h() { f(); }\n", [2], id="a call"),
        pytest.param(
            "typescript", "class A { async f() { await g(); } h() { this.f(); } }\n", [1], id="a method of this"
        ),
        pytest.param(
            "javascript",
            "async function f() { await g(); }\nfunction h() { void f(); }\n",
            [],
            id="void says that nobody waits",
        ),
        pytest.param(
            "javascript",
            "async function f() { try { await g(); } catch (e) { r(e); } }\nfunction h() { f(); }\n",
            [],
            id="one that catches its errors",
        ),
        pytest.param(
            "javascript",
            "async function f() { await g(); }\nfunction h() { const p = f(); return p; }\n",
            [],
            id="kept",
        ),
        pytest.param(
            "javascript",
            "async function f() { await g(); }\nclass A { f() { } }\nfunction h() { f(); }\n",
            [],
            id="two functions of that name",
        ),
        pytest.param(
            "javascript",
            "async function f() {\n  if (x) { try { await g(); } catch (e) { h(e); } }\n}\nfunction k() {\n  f();\n}",
            [],
            id="all that waits is caught",
        ),
        pytest.param(
            "javascript",
            "async function f(resolve) {\n  resolve(await g());\n}\nfunction k(resolve) {\n  f(resolve);\n}",
            [],
            id="it tells by its callback",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("promises/missing-await", language, source) == expected
