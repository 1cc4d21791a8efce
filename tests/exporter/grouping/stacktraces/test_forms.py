"""The odd forms of stack traces of further runtimes, that the samples do not have."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "lua5.4: a.lua:1: one\ntwo\nstack traceback:\n\t[C]: in function 'error'\n\ta.lua:1: in upvalue 'f'\n\ta.lua:9: in main chunk\n\t[C]: in ?\n",
            [
                (
                    None,
                    "one\ntwo",
                    [
                        ("error", None, "[C]", None),
                        ("f", None, "a.lua", 1),
                        ("main chunk", None, "a.lua", 9),
                        (None, None, "[C]", None),
                    ],
                )
            ],
            id="Lua",
        ),
        pytest.param(
            "one\ntwo at a.pl line 3, <STDIN> line 1.\n\tmain::f(1) called at a.pl line 9\n\teval {...} called at a.pl line 10\n",
            [(None, "one\ntwo", [("main::f", None, "a.pl", 3), ("eval", None, "a.pl", 9), (None, None, "a.pl", 10)])],
            id="Perl",
        ),
        pytest.param(
            "Unhandled exception:\nFormatException: bad\n#0      int.parse (dart:core/int.dart:5)\n#1      main (package:shop/a.dart:1:2)\n<asynchronous suspension>\n",
            [
                (
                    "FormatException",
                    "bad",
                    [("int.parse", None, "dart:core/int.dart", 5), ("main", None, "package:shop/a.dart", 1)],
                )
            ],
            id="Dart",
        ),
        pytest.param(
            "it broke\n#0      main (file:///a.dart:1:2)\n",
            [(None, "it broke", [("main", None, "file:///a.dart", 1)])],
            id="Dart, no type",
        ),
        pytest.param(
            "Program received signal SIGSEGV, Segmentation fault.\n#0  0x0000 in find (m=0x0) at repo.c:12\n#1  0x0001 in ?? () from /lib/libc.so.6\n\nThread 2 (x):\n#0  0x1 in g () at g.c:1\n",
            [("SIGSEGV", "Segmentation fault", [("find", None, "repo.c", 12), (None, None, None, None)])],
            id="gdb, the first thread",
        ),
        pytest.param(
            "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x6\nREAD of size 4\n    #0 0x4 in f /a/f.c:3:2\n    #1 0x5 in main /a/f.c:9\n0x6 is located\nfreed by thread T0 here:\n    #0 0x7 in free\n",
            [
                (
                    "heap-use-after-free",
                    "AddressSanitizer: heap-use-after-free",
                    [("f", None, "/a/f.c", 3), ("main", None, "/a/f.c", 9)],
                )
            ],
            id="a sanitizer, the first stack",
        ),
    ],
)
def test_others(text, expected):
    assert read(text) == expected
