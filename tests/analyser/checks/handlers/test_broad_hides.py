"""`handlers/broad-hides`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception:\n    x = None\n", [3], id="a default for every error"
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept (KeyError, Exception):\n    x = None\n",
            [3],
            id="one of several types is broad",
        ),
        pytest.param("python", "try:\n    x = f()\nexcept KeyError:\n    x = None\n", [], id="a narrow exception"),
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception as exc:\n    x = exc\n", [], id="the exception is used"
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept Exception:\n    logger.exception('f')\n    x = None\n",
            [],
            id="it is logged",
        ),
        pytest.param(
            "python",
            "try:\n    x = f()\nexcept Exception:\n    self.report_failure()\n    x = None\n",
            [],
            id="something with a telling name is called",
        ),
        pytest.param("python", "try:\n    x = f()\nexcept Exception:\n    x = 1\n    raise\n", [], id="it is raised"),
        pytest.param(
            "python", "try:\n    x = f()\nexcept Exception:\n    x = g()\n", [], id="the work is done in another way"
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (Exception e) { return 0; } } }\n",
            [1],
            id="a default in Java",
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (Exception e) { return h(e); } } }\n",
            [],
            id="the exception is used in Java",
        ),
        pytest.param(
            "java",
            "class A { int f() { try { return g(); } catch (IOException e) { return 0; } } }\n",
            [],
            id="a narrow exception in Java",
        ),
        pytest.param(
            "javascript",
            "async function f() {\ntry { x = await g(); }\ncatch (e) { x = 1; }\n}",
            [3],
            id="a made up value in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function f() {\ntry { x = await g(); }\ncatch (e) { x = e.code; }\n}",
            [],
            id="the error is looked at in JavaScript",
        ),
        pytest.param(
            "javascript",
            "async function f() {\ntry { x = await g(); }\ncatch (e) { report(); x = 1; }\n}",
            [],
            id="something is called in JavaScript",
        ),
        pytest.param(
            "javascript",
            "function f() {\ntry { x = JSON.parse(y); }\ncatch (e) { x = 1; }\n}",
            [],
            id="only parsed in JavaScript",
        ),
        pytest.param(
            "javascript",
            "function isOn() {\ntry { return g(); }\ncatch (e) { return false; }\n}",
            [],
            id="a question in JavaScript",
        ),
        pytest.param("javascript", "g().catch(() => null);", [1], id="a promise that becomes null"),
        pytest.param("javascript", "p.catch(() => null);", [], id="a promise with a name"),
        pytest.param(
            "go",
            "package a\nfunc f() error {\n\terr := g()\n\tif err != nil {\n\t\treturn nil\n\t}\n\treturn h()\n}\n",
            [4],
            id="nil for an error in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() error {\n\terr := g()\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
            [],
            id="the error itself in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() *T {\n\terr := g()\n\tif err != nil {\n\t\treturn nil\n\t}\n\treturn t\n}\n",
            [],
            id="no error to return in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() error {\n\t_, err := os.Stat(p)\n\tif err != nil {\n\t\treturn "
            "nil\n\t}\n\treturn h()\n}\n",
            [],
            id="nothing there in Go",
        ),
        pytest.param(
            "java",
            "class A { X f() {\ntry { return g(); }\ncatch (Exception e) { return other(); } } }",
            [],
            id="another way in Java",
        ),
        pytest.param(
            "java",
            'class A { boolean f() {\ntry { Class.forName("x"); return true; }\ncatch (Throwable e) '
            "{ return false; } } }",
            [],
            id="a class that may be missing in Java",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/broad-hides", language, source) == expected


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    sys.exit(1)\n", [3], id="sys.exit"),
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    raise SystemExit(1)\n", [3], id="SystemExit"),
        pytest.param("python", "try:\n    f()\nexcept Exception as e:\n    sys.exit(str(e))\n", [], id="with its text"),
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    print('no')\n    sys.exit(1)\n", [], id="with a word"),  # noqa: E501 (one row of a table)
        pytest.param("python", "try:\n    f()\nexcept OSError:\n    sys.exit(1)\n", [], id="one kind"),
        pytest.param("java", "class A { void f() { try { g(); }\ncatch (Exception e) { System.exit(1); } } }\n", [2], id="Java"),  # noqa: E501 (one row of a table)
        pytest.param("javascript", "try { f(); }\ncatch (e) { process.exit(1); }\n", [2], id="JavaScript"),
        pytest.param("javascript", "try { f(); }\ncatch (e) { log(e); process.exit(1); }\n", [], id="JavaScript with a word"),  # noqa: E501 (one row of a table)
        pytest.param("go", "package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\tos.Exit(1)\n\t}\n}\n", [3], id="Go"),  # noqa: E501 (one row of a table)
        pytest.param("go", "package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\tlog.Print(err)\n\t\tos.Exit(1)\n\t}\n}\n", [], id="Go with a word"),  # noqa: E501 (one row of a table)
    ],
)  # fmt: skip
def test_the_end_of_the_program_without_a_word(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/broad-hides", language, source) == expected
