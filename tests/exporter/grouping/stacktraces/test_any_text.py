"""Stack traces of unknown forms, cut ones and hostile ones."""

# ruff: noqa: E501 (a case of a table is one line)

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.waiting import LINEAR_SECONDS

from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.grouping.stacktraces.registry import LINES_LIMIT, RUNTIMES, TEXT_LIMIT


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
@pytest.mark.parametrize("lines", [[], [""], ["odd"]])
def test_a_runtime_asked_for_another_form_finds_no_frame(runtime, lines):
    assert all(not exception.frames for exception in runtime.parse(lines))


@pytest.mark.parametrize("text", ["", "just a message", "File nothing line 3", "(1) a: b"])
def test_an_unknown_form_gives_nothing(text):
    assert parse(text) == []


def test_long_traces_are_cut_in_the_middle():
    many = "Traceback (most recent call last):\n" + '  File "/a.py", line 1, in f\n' * 5_000 + "KeyError: 1\n"
    [exception] = parse(many)
    assert (exception.type, exception.value) == ("KeyError", "1")
    assert len(exception.frames) <= LINES_LIMIT
    [exception] = parse(many.replace("f\n", "f" * 500 + "\n"))
    assert (exception.type, exception.value) == ("KeyError", "1")
    assert len(exception.frames) * 500 <= TEXT_LIMIT


@given(st.text(), st.sampled_from([None, "python", "Java", "nonsense"]))
def test_any_text_is_read_without_an_exception(text, platform):
    assert isinstance(parse(text, platform), list)


@pytest.mark.parametrize(
    "unit",
    ["at a (", 'File "', "\n\t", " ", "a@", "a:1:in `", "** (", "#0 a (", "Traceback (most recent call last):\n", "   at a.b(",
     "    at a (b:1:1)\n", "1: x\n   at ", "Caused by: ", "Error: a\n", "\tat a.b(", "goroutine 1 [", "#1 a.b(1): ", "a at b line 1"],
)  # fmt: skip
def test_hostile_text_is_read_in_linear_time(unit):
    text = (unit * 1_000_000)[: 1 << 20]
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < LINEAR_SECONDS
