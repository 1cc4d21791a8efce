"""`logging/formatted-error`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    f()\nexcept E as exc:\n    logger.error(f'no {exc}')\n", [4], id="an f-string"
        ),
        pytest.param("python", "try:\n    f()\nexcept E as exc:\n    logger.error('no %s' % exc)\n", [4], id="percent"),
        pytest.param(
            "python", "try:\n    f()\nexcept E as exc:\n    logger.error('no %s', exc)\n", [], id="lazy arguments"
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept E as exc:\n    logger.error(f'no {exc}', exc_info=True)\n",
            [],
            id="exc_info keeps it",
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept E as exc:\n    logger.error(f'no {name}')\n",
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
            'package a\nimport "github.com/sirupsen/logrus"\nfunc f() {\n\tlogrus.Errorf("no %v", err)\n}\n',
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
