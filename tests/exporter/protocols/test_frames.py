"""Frames brought to the shared model."""

from __future__ import annotations

import pytest

from errtally.event.model import Frame
from errtally.exporter.protocols import frames


@pytest.mark.parametrize(
    ("sent", "root", "expected"),
    [
        pytest.param("/PROJECT_ROOT/app/a.py", "/srv/shop", "/srv/shop/app/a.py", id="Airbrake's placeholder"),
        pytest.param("[PROJECT_ROOT]/app/a.py", "/srv/shop/", "/srv/shop/app/a.py", id="Honeybadger's placeholder"),
        pytest.param("app/a.py", "/srv/shop", "/srv/shop/app/a.py", id="relative, as Bugsnag sends it"),
        pytest.param("/PROJECT_ROOT/app/a.py", None, "app/a.py", id="a placeholder without a root"),
        pytest.param("/usr/lib/a.py", "/srv/shop", "/usr/lib/a.py", id="a whole path"),
        pytest.param("C:\\shop\\a.py", "/srv/shop", "C:\\shop\\a.py", id="a whole path of Windows"),
        pytest.param("https://x.example/a.js", "/srv/shop", "https://x.example/a.js", id="an address"),
        pytest.param("<string>", "/srv/shop", "<string>", id="code that is in no file"),
        pytest.param("[GEM_ROOT]/rack/a.rb", "/srv/shop", "[GEM_ROOT]/rack/a.rb", id="another placeholder"),
        pytest.param("", "/srv/shop", None, id="nothing"),
        pytest.param(None, None, None, id="null"),
        pytest.param(5, {"a": 1}, '{"a": 1}/5', id="odd types"),
    ],
)
def test_a_path_is_made_whole(sent, root, expected):
    assert frames.path(sent, root) == expected


@pytest.mark.parametrize(("sent", "expected"), [("f", "f"), ("?", None), ("(unknown)", None), ("", None), (None, None)])
def test_a_function_that_is_not_known_has_no_name(sent, expected):
    assert frames.function(sent) == expected


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (250, 250), (251, 250), (10_000, 250)])
def test_of_a_recursion_both_ends_are_kept(count, kept):
    found = frames.without_middle(list(range(count)))
    assert len(found) == kept
    assert found[:1] == list(range(count))[:1]
    assert found[-1:] == list(range(count))[-1:]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            {"12": "d", "11": "c", "9": "a\n", "10": "b\n"},
            {"pre_context": ["a"], "context_line": "b", "post_context": ["c", "d"]},
            id="by number, not by text: 9 comes before 10",
        ),
        pytest.param({"10": "b"}, {"pre_context": [], "context_line": "b", "post_context": []}, id="one line"),
        pytest.param({"9": "a"}, {}, id="without the line itself"),
        pytest.param({"x": "a", "10": None}, {"pre_context": [], "context_line": "", "post_context": []}, id="odd"),
        pytest.param(None, {}, id="none"),
        pytest.param(["a"], {}, id="no mapping"),
    ],
)
def test_source_lines_come_in_the_order_of_their_numbers(code, expected):
    page = frames.shown(Frame(function="f", lineno=10), code)
    assert page == {"function": "f", "lineno": 10, **expected}
