"""Hostile texts cost no more than their length: twice the text is less than two and a half times the work.

Each way into the room is tried with texts made of what its expressions look for, many times over. Work is a ratio:
a text against its half, the least of several runs, so that neither a slow machine nor a busy one changes it.
"""

# ruff: noqa: E501 (a case of a table is one line)

from __future__ import annotations

from time import thread_time

import pytest

from errtally.exporter.grouping.bundles import is_hashed_folder, without_hash
from errtally.exporter.grouping.error_types import short_type
from errtally.exporter.grouping.places import normalised, site
from errtally.exporter.grouping.scoped_names import scoped_name
from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.grouping.template import mask

MOST_WORK = 2.5
RUNS = 3
ATTEMPTS = 8
LEAST_SECONDS = 0.001
"""Below this a run says more of the machine than of the text, and does no harm."""

PIECES = (
    "a", "A", "1", " ", "'", '"', "`", "/", "\\", ".", ":", "-", "_", "=", "(", ")", "[", "]", "{", "}", "<", ">", "@", "%", "\n", "\t", "é",
    "a.", "a/", "a:", "a-", "a_", "a=", "a,", "A1", "1.", "1-", "'a", "a'", "['a'", "{'a':", "(a", "((", "[[", "<a", "<<", "::", "a::", "//", "\\\\", "C:\\a",
    "http://", "a@", "a@a.", "x=1 ", "1:", "=True", "'a' 'b' ", "<num>", "<*> ", "datetime.datetime(", "GMT+01:00 (", "\x1b[", "\x1b]", "Loading chunk a",
    "user a", "at a(", "at a.b(c.d:1)\n", 'File "a", line 1, in a\n', "Caused by: ", "goroutine 1 [", "#0 a ", "thread 'a' ", "{closure", "lambda$", "$$", "$1", ".func1", "__", "\x01", "\ue000",
    "Undefined array key ", "status code ", "HTTP/1.1 ", "none of ", "error: ", "releases/", "tmp", "_MEI", "0x", "0123456789abcdef", "kqzXWv", "operator<", "{lambda", " as ", "<impl ",
)  # fmt: skip


ASKED_FOR = "None null GMT datetime. Loading chunk user <class ' at 0x ndefined no such annot find tatus HTTP SQLSTATE[ \\ :// ?a ] = ` ' "
"""What messages have to have in them for one or another expression to be tried."""

WAYS = {
    "an error's message": (4096, lambda text: mask(text, exception=True)),
    "an error's message, everything tried": (4096, lambda text: mask(ASKED_FOR + text, exception=True, is_minified=True)),
    "a log message, everything tried": (4096, lambda text: mask(f"{ASKED_FOR} level=a {text}")),
    "a type": (1024, short_type.__wrapped__),
    "a function": (1024, normalised.__wrapped__),
    "a function of native code": (1024, scoped_name),
    "a file of a bundle": (1024, without_hash.__wrapped__),
    "a folder": (1024, is_hashed_folder),
    "a frame of a script": (1024, lambda text: site.__wrapped__(f"http://a/{text}.js", "", text, "")),
    "a frame of Java": (1024, lambda text: site.__wrapped__(f"{text}.java", text, text, "")),
    "a frame of Go": (1024, lambda text: site.__wrapped__(f"/srv/{text}/a.go", "", text, "")),
    "a frame of C": (1024, lambda text: site.__wrapped__(f"/srv/{text}/a.c", "", text, text)),
    "a stack": (16_384, lambda text: parse(text, None)),
    "a stack of JavaScript": (16_384, lambda text: parse(f"Error: a\n{text}", "javascript")),
}  # fmt: skip


def seconds(work, text):
    """Return the time that the work on a text takes, of this thread."""
    start = thread_time()
    work(text)
    return thread_time() - start


def is_linear(work, text):
    """Whether a text is less than `MOST_WORK` times the work of its half; measured again where it seems to be more.

    Both in turns, the least of all counts: a machine that slows down meanwhile makes neither of them faster.
    """
    half, of_whole, of_half = text[: len(text) // 2], [], []
    for _ in range(RUNS * ATTEMPTS):
        of_whole.append(seconds(work, text))
        of_half.append(seconds(work, half))
        if len(of_whole) % RUNS == 0 and min(of_whole) < max(LEAST_SECONDS, MOST_WORK * min(of_half)):
            return True
    return False


@pytest.mark.parametrize("way", WAYS)
def test_twice_the_text_is_about_twice_the_work(way):
    length, work = WAYS[way]
    assert [piece for piece in PIECES if not is_linear(work, piece * (length // len(piece)))] == []


def test_the_measure_tells_a_square():
    assert not is_linear(lambda text: [text.count("b") for _ in text], "a" * 16_384)
