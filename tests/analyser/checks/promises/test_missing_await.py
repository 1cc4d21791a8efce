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


_SEND = "async function send() { await post(); }\nfunction f() {\n  %s\n}\n"
_FORMS = [
    ("javascript", _SEND % "ready && send();", [3], "behind a condition"),
    ("javascript", _SEND % "ready || send();", [3], "behind or"),
    ("javascript", _SEND % "ready ? send() : g();", [3], "in a choice"),
    ("javascript", _SEND % "g(), send();", [3], "in a sequence"),
    ("javascript", _SEND % "(send());", [3], "in brackets"),
    ("javascript", _SEND % "void send();", [], "void says that it is meant"),
    ("javascript", _SEND % "return ready && send();", [], "returned"),
    ("javascript", _SEND % "const p = ready && send();", [], "kept"),
    ("javascript", "function f() {\n  (async () => { await g(); })();\n}\n", [2], "an async function called at once"),
    ("typescript", "function f() {\n  (async function () { await g(); })();\n}\n", [2], "with the keyword"),
    ("javascript", "(async () => { await g(); })();\n", [1], "at the top of a module"),
    ("javascript", "#!/usr/bin/env node\n(async () => { await g(); })();\n", [], "at the top of a script"),
    ("javascript", "function f() {\n  (async () => { await g(); })().catch(h);\n}\n", [], "with a catch"),
    ("javascript", "function f() {\n  (async () => { try { await g(); } catch (e) { h(e); } })();\n}\n", [], "which catches"),  # noqa: E501 (one row of a table)
    ("python", "import asyncio\nasyncio.create_task(f())\n", [2], "a task that nobody keeps"),
    ("python", "from asyncio import create_task\ncreate_task(f())\n", [2], "by its own name"),
    ("python", "import asyncio\nasyncio.ensure_future(f())\n", [2], "ensure_future"),
    ("python", "import asyncio\nasyncio.get_running_loop().create_task(f())\n", [2], "of the loop"),
    ("python", "def g(loop):\n    loop.create_task(f())\n", [2], "of a loop with a name"),
    ("python", "import asyncio\ntask = asyncio.create_task(f())\n", [], "a task that is kept"),
    ("python", "import asyncio\ndef g():\n    task = asyncio.create_task(f())\n", [3], "a name that nobody reads"),
    ("python", "import asyncio\ndef g():\n    task: T = asyncio.create_task(f())\n", [3], "a name with a type"),
    ("python", "import asyncio\ndef g():\n    task = asyncio.create_task(f())\n    h(task)\n", [], "a name that is read"),  # noqa: E501 (one row of a table)
    ("python", "import asyncio\ndef g():\n    global task\n    task = asyncio.create_task(f())\n", [], "a global"),
    ("python", "import asyncio\nasync def g():\n    async with asyncio.TaskGroup() as tg:\n        tg.create_task(f())\n", [], "a group"),  # noqa: E501 (one row of a table)
    ("python", "def g(board):\n    board.create_task('wash')\n", [], "another create_task"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "source", "expected"), [pytest.param(*one[:3], id=one[3]) for one in _FORMS])
def test_the_ways_to_drop_a_promise(language: str, source: str, expected: list[int]) -> None:
    assert lines("promises/missing-await", language, source) == expected
