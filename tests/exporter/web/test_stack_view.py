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
    [shown] = view({"frames": [frame(f"lib{number}", in_app=False) for number in range(9)]})
    assert [(run.is_open, [one.place for one in run.frames][:3], len(run.frames)) for run in shown.runs] == [
        (True, ["lib8.py", "lib7.py", "lib6.py"], 3),
        (False, ["lib5.py", "lib4.py", "lib3.py"], 6),
    ]


def test_a_trace_without_the_application_shows_the_source_where_it_began() -> None:
    frames = [frame(f"lib{number}", in_app=False, context_line=f"call({number})") for number in range(9)]
    event = {"exceptions": [{"type": "T", "frames": frames}]}
    [shown] = view(event)
    assert [[line.text for line in one.source] for one in shown.frames[:3]] == [["call(8)"], [], []]
    assert shown.frames[0].is_focus
    assert stack_view.as_text(event).splitlines()[1:4] == [
        "    lib8_f (lib8.py:11)",
        "      > call(8)",
        "    lib7_f (lib7.py:11)",
    ]


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
    assert shown.frames[0].first_line == 9
    assert [(line.text, line.is_call) for line in shown.frames[0].source] == [
        ("a", False), ("b", False), ("here", True), ("c", False),
    ]  # fmt: skip


def test_a_library_s_call_shows_its_line_and_says_that_there_is_more() -> None:
    source = {"pre_context": ["a"], "context_line": "here", "post_context": ["c"], "vars": {"x": 1}}
    [shown] = view({"frames": [frame("own", in_app=True), frame("lib", in_app=False, **source)]})
    assert (shown.frames[0].source, shown.frames[0].variables, shown.frames[0].has_more) == ((), (), True)
    assert (shown.has_more, shown.left_out) == (True, 0)


@pytest.mark.parametrize(
    ("sent", "place", "line", "function", "rest"),
    [
        pytest.param(
            {"filename": "Orders.java", "module": "com.acme.Orders", "function": "place", "lineno": 7},
            "Orders.java", "7", "com.acme.Orders.place", ("", ""), id="a class beside its file",
        ),
        pytest.param(
            {"filename": "shop/views.py", "module": "shop.views", "function": "place", "lineno": 7},
            "shop/views.py", "7", "place", ("", ""), id="a module that the file says",
        ),
        pytest.param(
            {"filename": "app.js", "function": "f", "lineno": 1, "colno": 9_042},
            "app.js", "1:9042", "f", ("", ""), id="a column",
        ),
        pytest.param(
            {"package": "/usr/lib/libc.so.6", "function": "abort", "instruction_addr": "0x7f01", "platform": "native"},
            "/usr/lib/libc.so.6", "", "abort", ("", "0x7f01"), id="an address in a library",
        ),
        pytest.param(
            {"filename": "a.rs", "package": "/bin/shop", "function": "f", "lineno": 3, "instruction_addr": "0x1"},
            "a.rs", "3", "f", ("shop", "0x1"), id="a program beside its file",
        ),
        pytest.param({}, "?", "", "?", ("", ""), id="nothing"),
    ],
)  # fmt: skip
def test_every_call_has_its_line(sent, place, line, function, rest) -> None:
    [shown] = view({"frames": [sent or {"vars": 0}]})
    [call] = shown.frames
    assert (call.place, call.line, call.function, (call.package, call.address)) == (place, line, function, rest)


def test_what_each_exception_says_and_its_own_calls_come_before_any_library() -> None:
    """As Spring sends them: some calls of the application between scores of the framework's, in each of a chain."""
    framework = [frame(f"org.spring.Web{number}", in_app=False) for number in range(80)]
    frames = [*framework, frame("orders", in_app=True), *framework[:9], frame("payments", in_app=True)]
    chain = [{"type": f"Cause{number}", "value": f"said {number}", "frames": frames} for number in range(3)]
    shown = view({"exceptions": chain}, 9_000)
    assert [(one.type, one.value) for one in shown] == [(f"Cause{n}", f"said {n}") for n in (2, 1, 0)]
    for one in shown:
        assert [call.place for call in one.frames if call.is_in_app] == ["payments.py", "orders.py"]
        assert one.calls == 91
        assert one.left_out == 91 - sum(1 + call.repeated * call.block for call in one.frames) > 0


def test_a_call_that_repeats_is_shown_once_with_its_number() -> None:
    frames = [frame("main", in_app=True), *[frame("walk", in_app=True)] * 60, frame("leaf", in_app=True)]
    [shown] = view({"frames": frames})
    assert [(call.place, call.repeated) for call in shown.frames] == [("leaf.py", 0), ("walk.py", 59), ("main.py", 0)]
    assert (shown.calls, shown.left_out, shown.has_more) == (62, 0, True)


@pytest.mark.parametrize(
    ("calls", "shown"),
    [
        ("abcabcabcd", [(0, 0, 3), (1, 0, 3), (2, 2, 3), (9, 0, 1)]),
        ("aaab", [(0, 2, 1), (3, 0, 1)]),
        ("aab", [(0, 0, 1), (1, 0, 1), (2, 0, 1)]),
        ("abab", [(0, 0, 2), (1, 1, 2)]),
        ("", []),
    ],
)
def test_calls_that_repeat_in_turn_are_one_block(calls, shown) -> None:
    assert list(stack_view.collapsed(calls)) == shown


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
    assert stack_view.as_text(event) == (
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
    frames = [frame(f"own{number}", in_app=True, context_line="<" * 200) for number in range(90)]
    [shown] = stack_view.exceptions_of({"exceptions": [{"type": "T", "frames": frames}]}, allowance)
    assert 0 < len(shown.frames) < 20
    assert shown.left_out == 90 - len(shown.frames)
