"""Stack traces of PHP."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "PHP Fatal error:  Uncaught A\\B: one\ntwo in /f.php:3\nStack trace:\n#0 /f.php(9): A\\C->{closure:/f.php:3}(Array)\n#1 {main}\n  thrown in /f.php on line 3\n",
            [("A\\B", "one\ntwo", [("A\\C::{closure}", None, "/f.php", 3), ("{main}", None, "/f.php", 9)])],
            id="a numbered closure, two lines of message",
        ),
        pytest.param(
            "#0 /f.php(9): {closure}(1)\n#1 {main}\n",
            [(None, None, [("{closure}", None, None, None), ("{main}", None, "/f.php", 9)])],
            id="getTraceAsString has no header",
        ),
        pytest.param(
            "#0 /f.php(9): a()\n#1 {main}\nodd\n",
            [(None, None, [("a", None, None, None), ("{main}", None, "/f.php", 9)])],
            id="text after it",
        ),
    ],
)
def test_php(text, expected):
    assert read(text) == expected
