"""`handlers/error-ignored`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pytest reads the annotations)

import pytest
from tests.analyser.checking import lines

from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings


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
            "package a\n\nfunc g() (int, error) { return h() }\n\nfunc f() {\n\ta, _ := g()\n}\n\nfunc k() error {\n\t_, err := g()\n\treturn err\n}\n",  # noqa: E501 (one row of a table)
            [6],
            id="a function of the file",
        ),
        pytest.param(
            "go",
            "package a\n\nfunc g() (int, error) { return h() }\n\nfunc f() {\n\ta, _ := g()\n}\n",
            [],
            id="a function of the file whose error nobody looks at",
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


_OS = 'package a\nimport ("os"; "bufio"; "bytes"; "encoding/json"; "net/http")\nfunc f() {\n%s\n}\n'
_FORMS = [
    ("go", _OS % "\tw := bufio.NewWriter(o)\n\tw.Flush()", [5], "a method of the standard library"),
    ("go", _OS % "\tjson.NewEncoder(o).Encode(v)", [4], "a method of what a function returns"),
    ("go", _OS % "\tvar n, _ = os.Open(p)\n\tg(n)", [4], "var"),
    ("go", _OS % "\tvar b bytes.Buffer\n\tb.WriteString(s)", [], "a buffer in memory"),
    ("go", _OS % "\to, err := os.Open(p)\n\tdefer o.Close()", [], "a deferred clean-up"),
    ("go", _OS % "\tos.Truncate(p, 0)", [4], "a function of the standard library that nobody listed"),
    ("go", _OS % "\tos.Exit(1)", [], "a function that returns nothing"),
    ("go", "package a\ntype T struct{}\nfunc (t *T) save() error { return g() }\nfunc (t *T) f() {\n\tt.save()\n}\n", [5], "a method"),  # noqa: E501 (one row of a table)
    ("go", "package a\ntype T struct{}\nfunc (t *T) save() error { return g() }\nfunc f() {\n\tt := &T{}\n\tt.save()\n}\n", [6], "of a literal"),  # noqa: E501 (one row of a table)
    ("go", "package a\ntype T struct{}\nfunc (t *T) save() error { return g() }\nfunc f(t *U) {\n\tt.save()\n}\n", [], "of another type"),  # noqa: E501 (one row of a table)
    ("javascript", "fs.readFile(p, (err, data) => { parse(data); });\n", [1], "a callback that ignores its error"),
    ("javascript", "fs.readFile(p, function (error, data) { parse(data); });\n", [1], "a function that ignores its error"),  # noqa: E501 (one row of a table)
    ("javascript", "fs.readFile(p, (err, data) => { if (err) return g(err); parse(data); });\n", [], "a callback that looks"),  # noqa: E501 (one row of a table)
    ("javascript", "fs.readFile(p, (_err, data) => { parse(data); });\n", [], "an underscore says that it is meant"),
    ("javascript", "fs.unlink(p, (err) => {});\n", [], "clean-up"),
    ("javascript", "app.use((err, req, res, next) => { res.end(); });\n", [], "a handler of Express"),
    ("javascript", "s.on('close', (err) => { done(); });\n", [], "a listener"),
    ("javascript", "list.forEach((item, index) => { g(index); });\n", [], "another first parameter"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "source", "expected"), [pytest.param(*one[:3], id=one[3]) for one in _FORMS])
def test_the_ways_to_ignore_an_error(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/error-ignored", language, source) == expected


def test_functions_of_the_package_in_other_files_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("package a\n\nfunc f(s *Store) {\n\topen()\n\ts.save()\n}\n")
    (tmp_path / "b.go").write_text(
        "package a\n\ntype Store struct{}\n\nfunc open() error { return g() }\n\nfunc (s *Store) save() error { return g() }\n"  # noqa: E501 (one row of a table)
    )
    found = analyse(tmp_path, Settings(enable=("handlers/error-ignored",))).findings
    assert [(finding.path, finding.line) for finding in found] == [("a.go", 4), ("a.go", 5)]
