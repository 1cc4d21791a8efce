"""`logging/formatted-error`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    f()\nexcept Exception as exc:\n    logger.error(f'no {exc}')\n", [4], id="an f-string"
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept Exception as exc:\n    logger.error('no %s' % exc)\n", [4], id="percent"
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept Exception as exc:\n    logger.error('no %s', exc)\n",
            [4],
            id="lazy arguments",
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept Exception as exc:\n    logger.error(f'no {exc}', exc_info=True)\n",
            [],
            id="exc_info keeps it",
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept Exception as exc:\n    logger.error(f'no {name}')\n",
            [],
            id="something else is formatted",
        ),
        pytest.param("javascript", "try { f(); } catch (e) { logger.error(`no ${e}`); }\n", [1], id="a template"),
        pytest.param("javascript", "try { f(); } catch (e) { logger.error('no ' + e.message); }\n", [1], id="a sum"),
        pytest.param(
            "javascript", "try { f(); } catch (e) { logger.error(`no ${e}`, e); }\n", [], id="the error follows"
        ),
        pytest.param("javascript", "try { f(); } catch (e) { logger.error(`no ${e.stack}`); }\n", [], id="the stack"),
        pytest.param("javascript", "try { f(); } catch (e) { console.error(`no ${e}`); }\n", [], id="the console"),
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (E e) { log.error("no {}", e.getMessage()); } } }\n',
            [1],
            id="a placeholder with the message in Java",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (E e) { log.error("no " + e.getMessage(), e); } } }\n',
            [],
            id="the exception as well in Java",
        ),
        pytest.param(
            "go",
            'package a\nimport "github.com/sirupsen/logrus"\nfunc f() {\n\tlogrus.Error(fmt.Sprintf("no %v", err))\n}\n',  # noqa: E501 (one row of a table)
            [4],
            id="a layout of a structured logger",
        ),
        pytest.param(
            "go",
            'package a\nimport "log"\nfunc f() {\n\tlog.Printf("no %v", err)\n}\n',
            [],
            id="a layout of the standard logger",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("logging/formatted-error", language, source) == expected


_PY = "try:\n    f()\nexcept Exception as e:\n    %s\n"
_FORMS = [
    ("python", _PY % "logger.error(e)", [4], "the exception as the message"),
    ("python", _PY % "logger.error('no: %s', e)", [4], "as an argument"),
    ("python", _PY % "logger.error('no: %s', str(e))", [4], "its text as an argument"),
    ("python", _PY % "logger.error('no: {}'.format(e))", [4], "by format"),
    ("python", _PY % "logger.error(f'no: {e}', extra={'id': 1})", [4], "with other fields"),
    ("python", _PY % "logger.error(f'no: {e}', extra={'error': e})", [], "with the exception as a field"),
    ("python", _PY % "logger.error('no: %s', e, exc_info=True)", [], "with its traceback"),
    ("python", _PY % "logger.error('no: %s', e, exc_info=False)", [], "with its traceback switched off by its author"),
    ("python", _PY % "logger.error('no: %s', e.code)", [], "a field of it"),
    ("python", _PY % "logger.error(e)\n    logger.error('again: %s', e)", [4], "one finding a handler"),
    ("python", _PY % "logger.error(e)\n    logger.debug('more', exc_info=True)", [], "its traceback in another record"),
    ("python", "from logging import error\n" + _PY % "error(f'no: {e}')", [5], "a function of logging"),
    ("python", "from logging import error as log_it\n" + _PY % "log_it(e)", [5], "by another name"),
    ("python", "from shop import error\n" + _PY % "error(f'no: {e}')", [], "another function of that name"),
    ("javascript", "try { f(); } catch (e) {\nlogger.error(e.message); }\n", [2], "its message alone"),
    ("javascript", "try { f(); } catch (e) {\nlogger.error(e); }\n", [], "itself"),
    ("java", "class A { void f() { try { g(); } catch (E e) {\nlog.error(e); } } }\n", [2], "the exception as Java's message"),  # noqa: E501 (one row of a table)
]  # fmt: skip


@pytest.mark.parametrize(("language", "source", "expected"), [pytest.param(*one[:3], id=one[3]) for one in _FORMS])
def test_the_ways_to_log_only_the_text(language: str, source: str, expected: list[int]) -> None:
    assert lines("logging/formatted-error", language, source) == expected
