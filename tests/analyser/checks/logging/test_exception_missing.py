"""`logging/exception-missing`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError:\n    logger.error('no')\n",
            [4],
            id="an error without the exception",
        ),
        pytest.param(
            "python",
            "import logging\ntry:\n    f()\nexcept OSError:\n    logging.getLogger('a').error('no')\n",
            [5],
            id="a logger made in place",
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept OSError:\n    logger.error('no', exc_info=True)\n", [], id="with exc_info"
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept OSError:\n    logger.exception('no')\n", [], id="logger.exception"
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError as exc:\n    logger.error('no: %s', exc)\n",
            [],
            id="the exception as an argument",
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept OSError:\n    logger.error('no')\n    raise\n", [], id="raised again"
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept KeyError:\n    logger.error('no key')\n", [], id="a type that says it all"
        ),
        pytest.param("python", "logger.error('no')\n", [], id="outside of a handler"),
        pytest.param("python", "try:\n    f()\nexcept OSError:\n    logger.info('no')\n", [], id="at the level info"),
        pytest.param(
            "javascript", "try { f(); } catch (e) { console.error('no'); }\n", [1], id="console.error without the error"
        ),
        pytest.param(
            "javascript", "try { f(); } catch (e) { logger.error('no ' + e.message); }\n", [], id="the error's message"
        ),
        pytest.param(
            "javascript",
            "try { require('x'); } catch (e) { console.error('no x'); }\n",
            [],
            id="a module that is not there",
        ),
        pytest.param(
            "javascript",
            "try { f(); } catch ({ message }) { logger.error(message); }\n",
            [],
            id="the error taken apart",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (E e) { log.error("no"); } } }\n',
            [1],
            id="without the exception in Java",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (E e) { log.error("no", e); } } }\n',
            [],
            id="with the exception in Java",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\tlog.Println("no")\n\t}\n}\n',
            [4],
            id="without the error in Go",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\tlog.Println(err)\n\t}\n}\n",
            [],
            id="with the error in Go",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\tif err := g(); err != nil {\n\t\tlog.Println("no")\n'
            "\t\treturn err\n\t}\n\treturn nil\n}\n",
            [],
            id="logged and returned in Go",
        ),
        pytest.param(
            "javascript",
            "try { x = new URL(s); } catch (e) { console.error('no URL'); }\n",
            [],
            id="an address that does not parse",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("logging/exception-missing", language, source) == expected


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    f()\nexcept Exception:\n    logger.error('a')\n    logger.error('b')\n", [4], id="Python"  # noqa: E501 (one row of a table)
        ),
        pytest.param("python", "from logging import error\ntry:\n    f()\nexcept Exception:\n    error('a')\n", [5], id="a function"),  # noqa: E501 (one row of a table)
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    logger.error('a', exc_info=None)\n", [4], id="exc_info switched off"),  # noqa: E501 (one row of a table)
        pytest.param("javascript", "try { f(); } catch (e) {\nlogger.error('a');\nlogger.error('b'); }\n", [2], id="JavaScript"),  # noqa: E501 (one row of a table)
        pytest.param("java", 'class A { void f() { try { g(); } catch (E e) {\nlog.error("a");\nlog.error("b"); } } }\n', [2], id="Java"),  # noqa: E501 (one row of a table)
        pytest.param("go", 'package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\tlog.Print("a")\n\t\tlog.Print("b")\n\t}\n}\n', [4], id="Go"),  # noqa: E501 (one row of a table)
    ],
)  # fmt: skip
def test_a_handler_has_one_finding(language: str, source: str, expected: list[int]) -> None:
    assert lines("logging/exception-missing", language, source) == expected
