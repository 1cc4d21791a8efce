"""`logging/console`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "import flask\n\n\ndef f():\n    print(1)\n", [5], id="print in a server"),
        pytest.param(
            "python",
            "import logging\n\ntry:\n    f()\nexcept E as exc:\n    print(exc)\n",
            [6],
            id="print of an error beside a logger",
        ),
        pytest.param("python", "import logging\n\n\ndef f():\n    print(1)\n", [], id="print beside a logger"),
        pytest.param("python", "import flask\n\n\ndef f():\n    print(1, file=x)\n", [], id="print to a file"),
        pytest.param("python", "import argparse\nimport flask\n\n\ndef f():\n    print(1)\n", [], id="a command line"),
        pytest.param(
            "python", "import flask\n\n\ndef f():\n    print('sure?')\n    return input()\n", [], id="a question"
        ),
        pytest.param("python", "import flask\n\nif __name__ == '__main__':\n    print(1)\n", [], id="run as a script"),
        pytest.param("python", "def f():\n    print(1)\n", [], id="print without either"),
        pytest.param(
            "typescript",
            "import winston from 'winston';\nconsole.error('no');\n",
            [2],
            id="console.error beside a logger",
        ),
        pytest.param("javascript", "console.log('no');\n", [], id="console.log in a browser"),
        pytest.param(
            "javascript",
            "#!/usr/bin/env node\nconst express = require('express');\nconsole.log('no');\n",
            [],
            id="a script",
        ),
        pytest.param(
            "java",
            "import org.slf4j.Logger;\nclass A { void f() { try { g(); } catch (E e) { e.printStackTrace(); } } }\n",
            [2],
            id="printStackTrace beside a logger",
        ),
        pytest.param(
            "java",
            "import org.slf4j.Logger;\nclass A { static void main() { System.out.println(1); } }\n",
            [],
            id="System.out in main",
        ),
        pytest.param(
            "go",
            'package a\nimport "go.uber.org/zap"\nfunc f() {\n\tfmt.Println(1)\n}\n',
            [4],
            id="fmt.Println beside a logger",
        ),
        pytest.param(
            "go", 'package a\nimport "log"\nfunc f() {\n\tfmt.Println(1)\n}\n', [], id="fmt.Println in a command"
        ),
        pytest.param(
            "python",
            "import django.db\n\n\ndef f():\n    print(1)\n",
            [],
            id="a tool of Django",
        ),
        pytest.param(
            "python",
            "import django.http\n\n\ndef f():\n    print(1)\n",
            [5],
            id="a view of Django",
        ),
        pytest.param(
            "python", "import flask\ndef f(debug):\n    if debug:\n        print(1)\n", [], id="switched on by hand"
        ),
        pytest.param(
            "javascript",
            'const e = require("express");\nfunction f() {\nif (process.env.DEBUG) console.log(1);\n}',
            [],
            id="switched on by hand in JavaScript",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("logging/console", language, source) == expected
