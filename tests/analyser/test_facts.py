"""What is counted in each language."""

from __future__ import annotations

import pytest

from errtally.analyser.one_file import analyse_source
from errtally.analyser.settings import Settings


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        pytest.param(
            "a.py",
            "from loguru import logger\nimport sys\n"
            "try:\n    f()\nexcept (KeyError, x.Y) as exc:\n    logger.error('a', id=1)\n    raise\n"
            "except:\n    pass\nraise E('a')\nsys.excepthook = f\n",
            {
                ("handling", "try_blocks"): 1,
                ("handling", "handlers"): 2,
                ("handling", "generic_catches"): 1,
                ("caught", "KeyError"): 1,
                ("caught", "x.Y"): 1,
                ("caught", "(everything)"): 1,
                ("raised", "E"): 1,
                ("raised", "(again)"): 1,
                ("level", "error"): 1,
                ("log_style", "structured"): 1,
                ("reported", "logger"): 1,
                ("logging", "loguru"): 1,
                ("global_handler", "sys.excepthook"): 1,
            },
            id="Python",
        ),
        pytest.param(
            "a.ts",
            "import pino from 'pino';\nimport * as Sentry from '@sentry/node';\nSentry.init({});\n"
            "process.on('unhandledRejection', f);\n"
            "try { f(); } catch (e) { Sentry.captureException(e); logger.warn('x'); throw new E(); }\n"
            "console.log(1);\n",
            {
                ("handling", "try_blocks"): 1,
                ("handling", "handlers"): 1,
                ("caught", "(everything)"): 1,
                ("raised", "E"): 1,
                ("reported", "Sentry.captureException"): 1,
                ("reported", "logger"): 1,
                ("level", "warning"): 1,
                ("log_style", "text"): 1,
                ("console", "console.log"): 1,
                ("logging", "pino"): 1,
                ("structured", "pino"): 1,
                ("tracker", "sentry"): 1,
                ("tracker_init", "sentry"): 1,
                ("global_handler", "process.on unhandledRejection"): 1,
            },
            id="TypeScript",
        ),
        pytest.param(
            "A.java",
            "import org.slf4j.Logger;\nclass A { void f() { try { g(); } catch (IOException | Exception e) { }\n"
            "System.out.println(1); throw new X(); } }\n",
            {
                ("handling", "try_blocks"): 1,
                ("handling", "handlers"): 1,
                ("handling", "generic_catches"): 1,
                ("caught", "IOException"): 1,
                ("caught", "Exception"): 1,
                ("raised", "X"): 1,
                ("console", "System.out.println"): 1,
                ("logging", "slf4j"): 1,
            },
            id="Java",
        ),
        pytest.param(
            "a.go",
            'package a\nimport "log/slog"\n'
            'func f() error {\n\tif err := g(); err != nil {\n\t\tslog.Error("a", "err", err)\n'
            '\t\treturn fmt.Errorf("a: %w", err)\n\t}\n\tpanic("b")\n}\n',
            {
                ("handling", "handlers"): 1,
                ("caught", "err"): 1,
                ("raised", "fmt.Errorf"): 1,
                ("raised", "panic"): 1,
                ("reported", "logger"): 1,
                ("level", "error"): 1,
                ("log_style", "structured"): 1,
                ("logging", "slog"): 1,
                ("structured", "slog"): 1,
            },
            id="Go",
        ),
    ],
)
def test_the_facts_of_a_file(path: str, source: str, expected: dict[tuple[str, str], int]) -> None:
    assert dict(analyse_source(path, source.encode(), Settings()).facts.counts) == expected
