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


_FORMS = [
    ("python", "from tenacity import retry\n@retry\ndef f():\n    g()\n", [2], "a bare retry of tenacity"),
    ("python", "import tenacity\n@tenacity.retry()\ndef f():\n    g()\n", [2], "a retry of tenacity with nothing"),
    ("python", "from tenacity import *\nfrom tenacity import retry\n@retry(stop=s)\ndef f():\n    g()\n", [3], "no pause"),  # noqa: E501 (one row of a table)
    ("python", "from tenacity import retry\n@retry(wait=w)\nasync def f():\n    g()\n", [2], "no end"),
    ("python", "from tenacity import retry\n@retry(stop=s, wait=w)\ndef f():\n    g()\n", [], "an end and a pause"),
    ("python", "from shop import retry\n@retry\ndef f():\n    g()\n", [], "another retry"),
    ("python", "import backoff\n@backoff.on_exception(backoff.expo, OSError)\ndef f():\n    g()\n", [2], "backoff for ever"),  # noqa: E501 (one row of a table)
    ("python", "import backoff\n@backoff.on_exception(backoff.expo, Exception, max_tries=3)\ndef f():\n    g()\n", [2], "all"),  # noqa: E501 (one row of a table)
    ("python", "import backoff\n@backoff.on_exception(backoff.expo, OSError, max_tries=3)\ndef f():\n    g()\n", [], "one kind"),  # noqa: E501 (one row of a table)
    ("python", "for _ in range(5):\n    try:\n        return f()\n    except Exception:\n        time.sleep(1)\n", [4], "sleep after everything"),  # noqa: E501 (one row of a table)
    ("python", "for _ in range(5):\n    try:\n        return f()\n    except OSError:\n        time.sleep(1)\n", [], "sleep after one kind"),  # noqa: E501 (one row of a table)
    ("java", "class A {\n@Retryable(Exception.class)\nvoid f() { }\n}\n", [2], "Retryable for everything"),
    ("java", "class A {\n@Retryable(value = {Exception.class}, maxAttempts = 3)\nvoid f() { }\n}\n", [2], "Retryable with a list"),  # noqa: E501 (one row of a table)
    ("java", "class A {\n@Retryable(IOException.class)\nvoid f() { }\n}\n", [], "Retryable for one kind"),
    ("javascript", "async function a() {\n  for (let i = 0; i < 3; i++) {\n    try {\n      return await f();\n    } catch (e) {\n      last = e;\n    }\n  }\n}\n", [5], "bounded without a pause"),  # noqa: E501 (one row of a table)
    ("javascript", "async function a() {\n  for (let i = 0; i < 3; i++) {\n    try {\n      return await f();\n    } catch (e) {\n      await sleep(9);\n    }\n  }\n}\n", [], "bounded with a pause"),  # noqa: E501 (one row of a table)
    ("javascript", "async function a() {\n  for (let i = 0; i < 3; i++) {\n    try {\n      return await f(urls[i]);\n    } catch (e) {\n      last = e;\n    }\n  }\n}\n", [], "another one each time"),  # noqa: E501 (one row of a table)
    ("java", "class A { int f() {\nfor (int i = 0; i < 3; i++) {\ntry { return g.call(); }\ncatch (IOException e) { last = e; }\n}\nreturn 0; } }\n", [4], "bounded in Java"),  # noqa: E501 (one row of a table)
    ("go", "package a\nfunc f() {\n\tfor i := 0; i < 3; i++ {\n\t\tr, err := http.Get(u)\n\t\tif err == nil {\n\t\t\treturn r\n\t\t}\n\t}\n}\n", [5], "bounded in Go"),  # noqa: E501 (one row of a table)
    ("go", "package a\nfunc f() {\n\tfor i := 0; i < 3; i++ {\n\t\tr, err := http.Get(u)\n\t\tif err == nil {\n\t\t\treturn r\n\t\t}\n\t\ttime.Sleep(d)\n\t}\n}\n", [], "bounded with a pause in Go"),  # noqa: E501 (one row of a table)
    ("go", "package a\nfunc f() {\n\tfor i := 0; i < 3; i++ {\n\t\tr, err := http.Get(u[i])\n\t\tif err == nil {\n\t\t\treturn r\n\t\t}\n\t}\n}\n", [], "another one each time in Go"),  # noqa: E501 (one row of a table)
]  # fmt: skip


@pytest.mark.parametrize(("language", "source", "expected"), [pytest.param(*one[:3], id=one[3]) for one in _FORMS])
def test_the_ways_to_try_again(language: str, source: str, expected: list[int]) -> None:
    assert lines("retry/no-backoff", language, source) == expected
