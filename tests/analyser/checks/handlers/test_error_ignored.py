"""`handlers/error-ignored`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\tjson.Unmarshal(a, &b)\n}\n',
            [9],
            id="a statement",
        ),
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\ta, _ := os.Open(b)\n}\n',
            [9],
            id="the blank identifier",
        ),
        pytest.param(
            "go",
            "package a\n\nfunc g() (int, error) { return h() }\n\nfunc f() {\n\ta, _ := g()\n}\n",
            [6],
            id="a function of the file",
        ),
        pytest.param(
            "go",
            "package a\n\nfunc g() (int, bool) { return 0, true }\n\nfunc f() {\n\ta, _ := g()\n}\n",
            [],
            id="a function of the file without an error",
        ),
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\ta, err := os.Open(b)\n}\n',
            [],
            id="the error is kept",
        ),
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\t_, err := os.Open(b)\n}\n',
            [],
            id="the first result is blank",
        ),
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\t_ = os.Chdir(b)\n}\n',
            [],
            id="somebody thought of it",
        ),
        pytest.param(
            "go",
            'package a\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc f() {\n\tos.Chdir(b) // best effort\n}\n',
            [],
            id="a comment says why",
        ),
        pytest.param(
            "go",
            'package a\n\nimport "example.com/json"\n\nfunc f() {\n\tjson.Unmarshal(a, &b)\n}\n',
            [],
            id="another package of that name",
        ),
        pytest.param(
            "go",
            "package a\n\nfunc g() (int, error) { return 0, nil }\n\nfunc f() {\n\ta, _ := g()\n}\n",
            [],
            id="a function that never fails",
        ),
        pytest.param(
            "go",
            'package a\nimport "os"\nfunc f() {\n\tif i, _ := os.Stat(p); i != nil {\n\t\tg()\n\t}\n}\n',
            [],
            id="asked for nil",
        ),
        pytest.param(
            "go",
            'package a\nimport "strconv"\nfunc f() {\n\tif n, _ := strconv.Atoi(p); n > 0 {\n\t\tg()\n\t}\n}\n',
            [],
            id="asked for more than zero",
        ),
        pytest.param(
            "go",
            'package a\nimport "encoding/json"\nfunc f() {\n\tb, _ := json.Marshal(p)\n\tg(b)\n}\n',
            [],
            id="what can hardly fail",
        ),
        pytest.param(
            "go",
            'package a\nimport "encoding/json"\nfunc f() {\n\tjson.Unmarshal(b, &p)\n\tg(p)\n}\n',
            [4],
            id="what does fail",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/error-ignored", language, source) == expected
