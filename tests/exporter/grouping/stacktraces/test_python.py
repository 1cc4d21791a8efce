"""Stack traces of Python."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '2026-01-01 ERROR it broke\nTraceback (most recent call last):\n  File "<frozen importlib._bootstrap>", line 1, in f\n'
            '  File "/a/b.py", line 3, in <lambda>\n    g()\nacme.errors.PriceError: no price\n',
            [
                (
                    "PriceError",
                    "no price",
                    [("<lambda>", None, "/a/b.py", 3), ("f", None, "<frozen importlib._bootstrap>", 1)],
                )
            ],
            id="a log line before, a module before the type",
        ),
        pytest.param(
            "PayError: not paid\n    at pay (/srv/a.js:5:57)\ncaused by: Error: declined\n    at bank (/srv/a.js:4:26)\n",
            [
                ("Error", "declined", [("bank", None, "/srv/a.js", 4)]),
                ("PayError", "not paid", [("pay", None, "/srv/a.js", 5)]),
            ],
            id="Node: an error and its cause as pino and VError write them",
        ),
        pytest.param(
            'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\n',
            [(None, None, [("f", None, "/a/b.py", 3)])],
            id="a trace cut off before its exception",
        ),
        pytest.param(
            '  File "/a/b.py", line 3, in f\n    g()\nKeyError\n',
            [("KeyError", "", [("f", None, "/a/b.py", 3)])],
            id="a trace without its heading",
        ),
        pytest.param("Traceback (most recent call last):\n\n***\n", [], id="a heading and nothing else"),
    ],
)
def test_python(text, expected):
    assert read(text) == expected


def test_python_keeps_the_order_of_causes_before_a_group():
    text = (
        'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nKeyError: 1\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/a.py", line 2, in g\n  | ExceptionGroup: many (2 sub-exceptions)\n'
        "  +-+---------------- 1 ----------------\n    | ValueError: a\n    +---------------- 2 ----------------\n"
        "    | ValueError: b\n    +---------------- ... ----------------\n    | and 3 more exceptions\n"
        "    +------------------------------------\n"
    )
    assert [(kind, value) for kind, value, _ in read(text)] == [
        ("KeyError", "1"),
        ("ValueError", "b"),
        ("ValueError", "a"),
        ("ExceptionGroup", "many"),
    ]
