"""`retry/no-backoff`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python",
            "while True:\n    try:\n        x = f()\n        break\n    except OSError:\n        pass\n",
            [5],
            id="at once",
        ),
        pytest.param(
            "python",
            "import time\nwhile True:\n    try:\n        x = f()\n        break\n"
            "    except TimeoutError:\n        time.sleep(1)\n",
            [6],
            id="for ever",
        ),
        pytest.param(
            "python",
            "def g():\n    for _ in range(3):\n        try:\n            return f()\n"
            "        except ConnectionError:\n            continue\n",
            [5],
            id="counted, at once",
        ),
        pytest.param(
            "python",
            "import time\ndef g():\n    for _ in range(3):\n        try:\n"
            "            return f()\n        except ConnectionError:\n"
            "            time.sleep(1)\n",
            [],
            id="counted, with a pause",
        ),
        pytest.param(
            "python",
            "def g():\n    for i in range(3):\n        try:\n            return f(i)\n"
            "        except OSError:\n            continue\n",
            [],
            id="something else each time",
        ),
        pytest.param(
            "python",
            "while True:\n    try:\n        x = f()\n        break\n    except ValueError:\n        pass\n",
            [],
            id="an answer and no trouble",
        ),
        pytest.param(
            "python",
            "for x in xs:\n    try:\n        f(x)\n    except OSError:\n        pass\n",
            [],
            id="a loop over items",
        ),
        pytest.param(
            "python",
            "while True:\n    try:\n        x = f()\n        break\n    except OSError:\n"
            "        n += 1\n        if n > 3:\n            raise\n        sleep(1)\n",
            [],
            id="it gives up",
        ),
        pytest.param(
            "javascript",
            "async function g() { while (true) { try { return await f(); } catch (e) { h(e); } } }\n",
            [1],
            id="at once in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function g() { while (true) { try { return await f(); } catch (e) { await sleep(1); } } }\n",
            [1],
            id="with a pause and for ever in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function g() { for (let attempt = 0; attempt < 3; attempt++) "
            "{ try { return await f(); } catch (e) { await sleep(1); } } }\n",
            [],
            id="with a pause and a limit in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function g() { while (true) { try { return await f(); } catch (e) { await sleep(1); }\n"
            "if (late()) throw new E(); } }\n",
            [],
            id="it gives up beside the try in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function g() { let up = false;\nwhile (!up) { try { await f(); up = true; } "
            "catch (e) { h(e); } } }\n",
            [2],
            id="until a flag is set in JavaScript",
        ),
        pytest.param(
            "java",
            "class A { void g() {\nwhile (!up) { try { c.connect(); up = true; } catch (IOException "
            "e) { h(e); } } } }\n",
            [2],
            id="until a flag is set in Java",
        ),
        pytest.param(
            "java",
            "class A { X g() { while (true) { try { return q.remove(); } catch "
            "(NoSuchElementException e) { h(e); } } } }\n",
            [],
            id="an answer and no trouble in Java",
        ),
        pytest.param(
            "java",
            "class A { X g() { while (true) { try { return c.connect(); } catch (IOException e) { sleep(1); } } } }\n",
            [1],
            id="with a pause and for ever in Java",
        ),
        pytest.param(
            "java",
            "class A { X g() { while (true) { try { return s.bind(p); } catch (IOException e) { p++; } } } }\n",
            [],
            id="a free port in Java",
        ),
        pytest.param(
            "python",
            "while not up:\n    try:\n        connect()\n        up = True\n    except OSError:\n        pass\n",
            [5],
            id="until a flag is set",
        ),
        pytest.param(
            "python",
            "while True:\n    try:\n        s.bind((h, 0))\n        break\n    except OSError:\n        pass\n",
            [],
            id="a free port",
        ),
        pytest.param(
            "javascript",
            "function g() { while (true) { try { return f(); } catch (e) { h(e); } } }\n",
            [],
            id="nothing remote in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function g() { while (true) { try { return await f(); } catch (e) { if (x) throw e; } } }\n",
            [],
            id="it throws in JavaScript",
        ),
        pytest.param(
            "go",
            "package a\nfunc g() T {\n\tfor {\n\t\tx, err := c.Get(u)\n\t\tif err != nil {\n"
            "\t\t\tcontinue\n\t\t}\n\t\treturn x\n\t}\n}\n",
            [5],
            id="at once in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc g() T {\n\tfor {\n\t\tx, err := c.Get(u)\n\t\tif err != nil {\n"
            "\t\t\ttime.Sleep(s)\n\t\t\tcontinue\n\t\t}\n\t\treturn x\n\t}\n}\n",
            [5],
            id="with a pause and for ever in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc g() T {\n\tfor {\n\t\tx, err := c.Get(u)\n\t\tif err != nil {\n"
            "\t\t\tselect {\n\t\t\tcase <-ctx.Done():\n\t\t\t\treturn x\n\t\t\tcase <-time.After(s):\n\t\t\t}\n"
            "\t\t\tcontinue\n\t\t}\n\t\treturn x\n\t}\n}\n",
            [],
            id="until a context ends it in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc g() {\n\tfor _, u := range us {\n\t\tx, err := c.Get(u)\n"
            "\t\tif err != nil {\n\t\t\tcontinue\n\t\t}\n\t\treturn\n\t}\n}\n",
            [],
            id="the next item in Go",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("retry/no-backoff", language, source) == expected
