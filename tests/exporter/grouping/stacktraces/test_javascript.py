"""Stack traces of JavaScript."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "TypeError [ERR_X]: bad\n    at async Promise.all (index 0)\n    at async f (C:\\a (b)\\c.js:1:2)\n    at async file:///a.mjs:3:4\n",
            [
                (
                    "TypeError",
                    "bad",
                    [
                        ("Promise.all", None, None, None),
                        ("f", None, "C:\\a (b)\\c.js", 1),
                        (None, None, "file:///a.mjs", 3),
                    ],
                )
            ],
            id="a code, a Windows path with brackets, async frames",
        ),
        pytest.param(
            "Uncaught (in promise) Error: x\n    at webpack:///./src/x.js?abcd:1:2\n    at Array.map (native)\n",
            [("Error", "x", [(None, None, "webpack:///./src/x.js?abcd", 1), ("Array.map", None, None, None)])],
            id="an unhandled rejection from a bundle",
        ),
        pytest.param(
            "AggregateError: many\n    at f (/a.js:1:1) {\n  [errors]: [\n    Error: one\n        at g (/a.js:2:2),\n"
            "    RangeError: two\n        at h (/a.js:3:3)\n  ]\n}\n",
            [
                ("RangeError", "two", [("h", None, "/a.js", 3)]),
                ("Error", "one", [("g", None, "/a.js", 2)]),
                ("AggregateError", "many", [("f", None, "/a.js", 1)]),
            ],
            id="an aggregate's members come before it",
        ),
        pytest.param(
            "something odd\n    at f (/a.js:1:1)\n",
            [(None, "something odd", [("f", None, "/a.js", 1)])],
            id="a header that names no type",
        ),
        pytest.param(
            "async*f@https://a.example/x@2.js:1:2\nglobal code@https://a.example/y.js:3:4\n[native code]\n@https://a.example/z.js:5\n",
            [
                (
                    None,
                    None,
                    [
                        ("f", None, "https://a.example/x@2.js", 1),
                        ("global code", None, "https://a.example/y.js", 3),
                        (None, None, "[native code]", None),
                        (None, None, "https://a.example/z.js", 5),
                    ],
                )
            ],
            id="Firefox and Safari",
        ),
        pytest.param(
            "TypeError: x is null\nf/<@a.js:1:2\n",
            [("TypeError", "x is null", [("f/<", None, "a.js", 1)])],
            id="Firefox with a header in front",
        ),
    ],
)
def test_javascript(text, expected):
    assert read(text) == expected
