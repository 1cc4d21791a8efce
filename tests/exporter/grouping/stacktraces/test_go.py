"""Stack traces of Go."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "panic: first [recovered]\n\tpanic: again\nand more\n\ngoroutine 7 [running, 5 minutes]:\n"
            "github.com/x/y.(*T[...]).m(0xc000010000, {0x1, 0x2})\n\t/go/pkg/mod/github.com/x/y@v1.2.3/t.go:12 +0x1d\n"
            "...additional frames elided...\ncreated by main.f in goroutine 1\n\t/a/main.go:3 +0x1\n",
            [
                ("panic", "first", []),
                (
                    "panic",
                    "again\nand more",
                    [("(*T[...]).m", "github.com/x/y", "/go/pkg/mod/github.com/x/y@v1.2.3/t.go", 12)],
                ),
            ],
            id="a panic in a recovery, arguments, generics",
        ),
        pytest.param(
            "goroutine 7 [running]:\n\nmain.f()\n\t/a/main.go:3\nmain\n\t/a/main.go:4\nexit status 2",
            [(None, None, [("f", "main", "/a/main.go", 3), ("main", None, "/a/main.go", 4)])],
            id="a goroutine without a panic",
        ),
        pytest.param(
            "open x: no file\nmain.load\n\t/a/main.go:3\nmain.main\n\t/a/main.go:4\nconfig\nmain.run\n\t/a/main.go:9\n",
            [
                (None, "open x: no file", [("load", "main", "/a/main.go", 3), ("main", "main", "/a/main.go", 4)]),
                (None, "config", [("run", "main", "/a/main.go", 9)]),
            ],
            id="an error of pkg/errors, wrapped",
        ),
        pytest.param(
            "main.load\n\t/a/main.go:3\ndone\n",
            [(None, None, [("load", "main", "/a/main.go", 3)])],
            id="text after the trace",
        ),
        pytest.param(
            "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/a/main.go:3 +0x1\ngoroutine 2 [running]:\nmain.g()\n\t/a/main.go:4 +0x1\n",
            [("panic", "x", [("f", "main", "/a/main.go", 3)])],
            id="goroutines without a line between them",
        ),
        pytest.param(
            "no file\nmain.f\n\t/a/main.go:3",
            [(None, "no file", [("f", "main", "/a/main.go", 3)])],
            id="a trace that ends with its last frame",
        ),
    ],
)
def test_go(text, expected):
    assert read(text) == expected
