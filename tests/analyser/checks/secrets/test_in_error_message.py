"""`secrets/in-error-message`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "raise E(f'no {password}')\n", [1], id="an f-string"),
        pytest.param("python", "raise E('no %s' % self.api_key)\n", [1], id="a member"),
        pytest.param("python", "raise E('no {}'.format(settings['client_secret']))\n", [1], id="a key of a dictionary"),
        pytest.param("python", "logger.info('key %s', access_token)\n", [1], id="a log record"),
        pytest.param("python", "raise E(f'no {len(password)}')\n", [], id="its length"),
        pytest.param("python", "raise E(f'unexpected {token}')\n", [], id="a parser's token"),
        pytest.param("python", "raise E(f'no {password_file}')\n", [], id="a file with one"),
        pytest.param("python", "raise E(f'no {PASSWORD}')\n", [], id="a setting's name"),
        pytest.param("javascript", "throw new Error(`no ${user.password}`);\n", [1], id="a template"),
        pytest.param("typescript", "console.log('token', refreshToken);\n", [1], id="a console"),
        pytest.param("javascript", "throw new Error('no password');\n", [], id="a word in the text"),
        pytest.param("java", 'class A { void f() { throw new X("no " + apiKey); } }\n', [1], id="a sum in Java"),
        pytest.param("java", 'class A { void f() { throw new X("no " + name(apiKey)); } }\n', [], id="a call in Java"),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("no %s", cfg.Password)\n}\n',
            [3],
            id="a layout in Go",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("no %s", cfg.User)\n}\n',
            [],
            id="another value in Go",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("no %T", cfg.Password)\n}\n',
            [],
            id="the type of a secret in Go",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("no secret %q: %w", name, ErrNoSuchSecret)\n}\n',
            [],
            id="an error about a secret",
        ),
        pytest.param(
            "javascript", "throw new Error(`secret ${secret.secret} is empty`);", [], id="the name of a secret"
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("secrets/in-error-message", language, source) == expected
