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


@pytest.mark.parametrize(
    ("language", "source"),
    [
        pytest.param("python", "raise E(f'wrong: {masked_password}')\n", id="a masked value"),
        pytest.param("python", "raise E(f'wrong: {mask(password)}')\n", id="a value that is masked here"),
        pytest.param("python", "raise E(f'wrong: {hashed_password}')\n", id="a hash"),
        pytest.param("python", "raise E(f'no such file: {private_key}')\n", id="the message says that it is a file"),
        pytest.param("python", "def f():\n    open(private_key)\n    raise E(f'bad: {private_key}')\n", id="it is opened"),  # noqa: E501 (one row of a table)
        pytest.param("python", "raise E(f'bad: {private_key_file}')\n", id="a name of a file"),
        pytest.param("javascript", "throw new E(`wrong: ${maskedToken}`);\n", id="a masked value in JavaScript"),
        pytest.param("javascript", "throw new E(`no such file: ${privateKey}`);\n", id="a file in JavaScript"),
        pytest.param("javascript", "throw new E('no such file ' + privateKey);\n", id="a file in a sum"),
        pytest.param("java", 'class A { void f() { log.info("at {}", maskedPassword); } }\n', id="a masked value in Java"),  # noqa: E501 (one row of a table)
    ],
)  # fmt: skip
def test_masked_values_and_names_of_files_are_none(language: str, source: str) -> None:
    assert lines("secrets/in-error-message", language, source) == []
