"""Stack traces of Rust."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "thread 'main' panicked at 'no order', src/r.rs:3:64\nstack backtrace:\n             at ./odd.rs:1\n   0: r::f::h0123456789abcdef\n             at ./src/r.rs:3\n",
            [("panic", "no order", [("r::f::h0123456789abcdef", None, "./src/r.rs", 3)])],
            id="the form before 1.73",
        ),
        pytest.param(
            "Error: could not start\n\nCaused by:\n    0: no config\n    1: no file\n\n",
            [("Error", "no file", []), ("Error", "no config", []), ("Error", "could not start", [])],
            id="anyhow's causes",
        ),
    ],
)
def test_rust(text, expected):
    assert read(text) == expected
