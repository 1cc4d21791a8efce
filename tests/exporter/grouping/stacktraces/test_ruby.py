"""Stack traces of Ruby."""

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a.rb:4:in 'Shop#find': one (KeyError)\ntwo\n\tfrom (eval):1:in 'run'\n",
            [("KeyError", "one", [("Shop#find", None, "a.rb", 4), ("run", None, "(eval)", 1)])],
            id="Ruby 3.4 quotes, an eval",
        ),
        pytest.param(
            "\x1b[1ma.rb:4:in `f': \x1b[mno (E)\n", [("E", "no", [("f", None, "a.rb", 4)])], id="colours are taken off"
        ),
        pytest.param(
            "a.rb:4:in `f': unhandled exception\n",
            [(None, "unhandled exception", [("f", None, "a.rb", 4)])],
            id="no type",
        ),
        pytest.param(
            "Traceback (most recent call last):\n\t1: from a.rb:1:in `<main>'\nodd\n",
            [(None, None, [("<main>", None, "a.rb", 1)])],
            id="oldest first, cut off",
        ),
    ],
)
def test_ruby(text, expected):
    assert read(text) == expected
