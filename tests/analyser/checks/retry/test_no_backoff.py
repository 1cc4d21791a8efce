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
            [],
            id="with a pause in JavaScript",
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
            "package a\nfunc g() {\n\tfor _, u := range us {\n\t\tx, err := c.Get(u)\n"
            "\t\tif err != nil {\n\t\t\tcontinue\n\t\t}\n\t\treturn\n\t}\n}\n",
            [],
            id="the next item in Go",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("retry/no-backoff", language, source) == expected
