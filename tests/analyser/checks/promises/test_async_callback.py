"""`promises/async-callback`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines

_EXPRESS = 'const express = require("express");\nconst app = express();\n'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("new Promise(async (resolve) => { resolve(await f()); });\n", [1], id="an executor"),
        pytest.param("new Promise((resolve) => { resolve(f()); });\n", [], id="an executor that is not async"),
        pytest.param("setTimeout(async () => { await f(); }, 1);\n", [1], id="a timer"),
        pytest.param("setInterval(async function () { await f(); }, 1);\n", [1], id="a timer that repeats"),
        pytest.param("setTimeout(async () => await f(), 1);\n", [1], id="without a block"),
        pytest.param("setTimeout(() => f().catch(g), 1);\n", [], id="a timer whose promise is caught"),
        pytest.param("setTimeout(async () => { try { await f(); } catch (e) { g(e); } }, 1);\n", [], id="it catches"),
        pytest.param(
            "function a(setTimeout) { setTimeout(async () => { await f(); }); }\n", [], id="another setTimeout"
        ),
        pytest.param("queue.on('job', async (job) => { await f(job); });\n", [1], id="a listener"),
        pytest.param("process.on('SIGTERM', async () => { await close(); });\n", [], id="the end of the process"),
        pytest.param(_EXPRESS + "app.get('/', async (q, s) => { s.json(await f()); });\n", [3], id="a route"),
        pytest.param(_EXPRESS + "app.post('/', check, async (q, s) => { await f(); });\n", [3], id="after middleware"),
        pytest.param(_EXPRESS + "app.get('/', wrap(async (q, s) => { await f(); }));\n", [], id="a wrapped route"),
        pytest.param("router.get('/', async (q, s) => { await f(); });\n", [], id="a route of something else"),
        pytest.param("f(async () => { await g(); });\n", [], id="some function"),
    ],
)
def test_the_findings_of_a_piece_of_code(source: str, expected: list[int]) -> None:
    assert lines("promises/async-callback", "javascript", source) == expected
