"""Stack traces on a page."""

from __future__ import annotations

import pytest

from errtally.exporter.web import stack_view
from errtally.exporter.web.shown_text import Allowance


def frame(module: str, *, in_app: bool | None, **more) -> dict:
    return {"filename": f"{module}.py", "function": f"{module}_f", "lineno": 11, "in_app": in_app, **more}


def view(event, characters: int = 60_000):
    return stack_view.exceptions_of(event, Allowance(characters))


def test_the_raised_exception_comes_first_and_its_newest_call_on_top() -> None:
    [raised, cause] = view(
        {
            "exceptions": [
                {"type": "Cause", "value": "c", "frames": [frame("a", in_app=True)]},
                {"type": "Raised", "value": "r", "frames": [frame("b", in_app=True), frame("c", in_app=True)]},
            ]
        }
    )
    assert (raised.type, cause.type) == ("Raised", "Cause")
    assert [one.place for one in raised.frames] == ["c.py", "b.py"]


def test_runs_of_libraries_are_folded_between_the_application_s_calls() -> None:
    frames = [frame(name, in_app=name.startswith("own")) for name in ("own1", "lib1", "lib2", "own2", "lib3")]
    [shown] = view({"exceptions": [{"type": "T", "frames": frames}]})
    assert [(run.is_in_app, run.is_open, len(run.frames)) for run in shown.runs] == [
        (False, False, 1), (True, True, 1), (False, False, 2), (True, True, 1),
    ]  # fmt: skip
    assert shown.runs[2].label == "2 calls in libraries: lib2.py, lib1.py"


def test_a_trace_without_the_application_shows_its_newest_calls() -> None:
    [shown] = view({"frames": [frame("lib1", in_app=False), frame("lib2", in_app=False)]})
    assert [(run.is_in_app, run.is_open) for run in shown.runs] == [(False, True)]


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("/srv/shop/orders.py", True),
        ("/usr/lib/python3.11/json/decoder.py", False),
        ("site-packages/flask/app.py", False),
    ],
)
def test_where_the_client_does_not_say_the_rules_of_grouping_do(path, is_own) -> None:
    [shown] = view({"frames": [{"filename": path, "function": "f", "lineno": 1}]})
    assert shown.frames[0].is_in_app is is_own


def test_source_lines_have_their_numbers_and_the_call_is_marked() -> None:
    source = {"pre_context": ["a", "b"], "context_line": "here", "post_context": ["c"]}
    [shown] = view({"frames": [frame("own", in_app=True, **source)]})
    assert [(line.number, line.text, line.is_call) for line in shown.frames[0].source] == [
        ("9", "a", False), ("10", "b", False), ("11", "here", True), ("12", "c", False),
    ]  # fmt: skip


def test_a_library_s_call_shows_only_its_own_line_and_no_variables() -> None:
    source = {"pre_context": ["a"], "context_line": "here", "post_context": ["c"], "vars": {"x": 1}}
    [shown] = view({"frames": [frame("own", in_app=True), frame("lib", in_app=False, **source)]})
    assert [line.text for line in shown.frames[0].source] == ["here"]
    assert shown.frames[0].variables == ()


def test_a_stack_that_is_text_is_read_as_its_runtime_writes_it() -> None:
    stack = 'Traceback (most recent call last):\n  File "/srv/shop/orders.py", line 7, in price\n    x()\nKeyError: 17'
    [shown] = view({"stack": stack, "platform": "python"})
    assert (shown.type, shown.frames[0].place, shown.frames[0].line) == ("KeyError", "/srv/shop/orders.py", "7")
    assert view({"stack": "no stack at all"}) == ()


def test_the_text_to_copy_has_every_call_and_the_causes() -> None:
    event = {
        "exceptions": [
            {"type": "Cause", "value": "c", "frames": [frame("a", in_app=False)]},
            {"type": "Raised", "frames": [frame("b", in_app=True, context_line="  x()")]},
        ]
    }
    assert stack_view.as_text(view(event)) == (
        "Raised\n  * b_f (b.py:11)\n      > x()\nCaused by: Cause: c\n    a_f (a.py:11)"
    )


@pytest.mark.parametrize(
    ("mechanism", "note"),
    [
        ({"handled": False}, "nothing caught it"),
        ({"handled": True}, "caught and reported by the program"),
        ({"handled": None}, ""),
        (None, ""),
        (5, ""),
    ],
)
def test_how_an_exception_was_caught_is_told(mechanism, note) -> None:
    [shown] = view({"exceptions": [{"type": "T", "mechanism": mechanism}]})
    assert shown.note == note


def test_what_is_shown_is_bounded_and_says_so() -> None:
    allowance = Allowance(2_000)
    frames = [frame("own", in_app=True, context_line="<" * 200) for _ in range(90)]
    [shown] = stack_view.exceptions_of({"exceptions": [{"type": "T", "frames": frames}]}, allowance)
    assert allowance.is_used_up
    assert 0 < len(shown.frames) < 10
