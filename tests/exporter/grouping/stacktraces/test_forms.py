"""The odd forms of stack traces that the samples do not have, one runtime after the other."""

# ruff: noqa: E501 (a case of a table is one line)

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.waiting import LINEAR_SECONDS

from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.grouping.stacktraces.registry import LINES_LIMIT, RUNTIMES, TEXT_LIMIT


def read(text, platform=None):
    """Exceptions as (type, value, [(function, module, filename, lineno), ... newest first])."""
    return [
        (e.type, e.value, [(f.function, f.module, f.filename, f.lineno) for f in reversed(e.frames)])
        for e in parse(text, platform)
    ]


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'Exception in thread "main" a.b.CError: x\n\tat app//a.b.C.m(C.java:1)\n\tat java.base@17/java.util.X.n(X.java:2)\n',
            [("CError", "x", [("m", "a.b.C", "C.java", 1), ("n", "java.util.X", "X.java", 2)])],
            id="a thread's name, class loader and module",
        ),
        pytest.param(
            "a.B: x\n\tat a.B$$Lambda$14/0x0000000800c03000.run(Unknown Source)\n\tat a.B.c(Native Method)\n\tat a.B.d(B.kt)\n",
            [("B", "x", [("run", "a.B$$Lambda$14", None, None), ("c", "a.B", None, None), ("d", "a.B", "B.kt", None)])],
            id="hidden classes and places that are not known",
        ),
        pytest.param(
            "12:00 ERROR [main] it broke\na.B: one\ntwo\n\tat a.B.c(B.java:1) ~[x.jar:1.2]\n\t... 27 common frames omitted\n",
            [("B", "one\ntwo", [("c", "a.B", "B.java", 1)])],
            id="a log line before, two lines of message, jar tags",
        ),
        pytest.param(
            "a.Root: r\n\tat a.R.x(R.java:1)\nWrapped by: a.Outer: o\n\tat a.O.y(O.java:2)\n",
            [("Root", "r", [("x", "a.R", "R.java", 1)]), ("Outer", "o", [("y", "a.O", "O.java", 2)])],
            id="root cause first",
        ),
        pytest.param(
            "Boom: x\n\tat a.B.c(B.java:1)\n", [("Boom", "x", [("c", "a.B", "B.java", 1)])], id="a type without package"
        ),
        pytest.param(
            "it broke\n\tat a.B.c(B.java:1)\n\tat nonsense\n\tat not a.frame(X.java:1)\n",
            [(None, "it broke", [("c", "a.B", "B.java", 1)])],
            id="no type, lines that are no frames",
        ),
        pytest.param(
            "Caused by: a.B: x\nmore\n\tat a.B.c(B.java:1)\n",
            [("B", "x\nmore", [("c", "a.B", "B.java", 1)]), (None, None, [])],
            id="a trace cut off at its beginning",
        ),
        pytest.param(
            "a.B: x\n\tat a.B.c(B.java:1)\n\tSuppressed: a.S: s\n\t\tat a.S.t(S.java:1)\n\nCaused by: a.C: y\n\tat a.C.d(C.java:2)\n",
            [("C", "y", [("d", "a.C", "C.java", 2)]), ("B", "x", [("c", "a.B", "B.java", 1)])],
            id="a cause after something suppressed",
        ),
    ],
)
def test_java(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "TypeError [ERR_X]: bad\n    at async Promise.all (index 0)\n    at async f (C:\\a (b)\\c.js:1:2)\n    at async file:///a.mjs:3:4\n",
            [
                (
                    "TypeError",
                    "bad",
                    [
                        ("Promise.all", None, None, None),
                        ("f", None, "C:\\a (b)\\c.js", 1),
                        (None, None, "file:///a.mjs", 3),
                    ],
                )
            ],
            id="a code, a Windows path with brackets, async frames",
        ),
        pytest.param(
            "Uncaught (in promise) Error: x\n    at webpack:///./src/x.js?abcd:1:2\n    at Array.map (native)\n",
            [("Error", "x", [(None, None, "webpack:///./src/x.js?abcd", 1), ("Array.map", None, None, None)])],
            id="an unhandled rejection from a bundle",
        ),
        pytest.param(
            "AggregateError: many\n    at f (/a.js:1:1) {\n  [errors]: [\n    Error: one\n        at g (/a.js:2:2),\n"
            "    RangeError: two\n        at h (/a.js:3:3)\n  ]\n}\n",
            [
                ("RangeError", "two", [("h", None, "/a.js", 3)]),
                ("Error", "one", [("g", None, "/a.js", 2)]),
                ("AggregateError", "many", [("f", None, "/a.js", 1)]),
            ],
            id="an aggregate's members come before it",
        ),
        pytest.param(
            "something odd\n    at f (/a.js:1:1)\n",
            [(None, "something odd", [("f", None, "/a.js", 1)])],
            id="a header that names no type",
        ),
        pytest.param(
            "async*f@https://a.example/x@2.js:1:2\nglobal code@https://a.example/y.js:3:4\n[native code]\n@https://a.example/z.js:5\n",
            [
                (
                    None,
                    None,
                    [
                        ("f", None, "https://a.example/x@2.js", 1),
                        ("global code", None, "https://a.example/y.js", 3),
                        (None, None, "[native code]", None),
                        (None, None, "https://a.example/z.js", 5),
                    ],
                )
            ],
            id="Firefox and Safari",
        ),
        pytest.param(
            "TypeError: x is null\nf/<@a.js:1:2\n",
            [("TypeError", "x is null", [("f/<", None, "a.js", 1)])],
            id="Firefox with a header in front",
        ),
    ],
)
def test_javascript(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "panic: first [recovered]\n\tpanic: again\nand more\n\ngoroutine 7 [running, 5 minutes]:\n"
            "github.com/x/y.(*T[...]).m(0xc000010000, {0x1, 0x2})\n\t/go/pkg/mod/github.com/x/y@v1.2.3/t.go:12 +0x1d\n"
            "...additional frames elided...\ncreated by main.f in goroutine 1\n\t/a/main.go:3 +0x1\n",
            [
                ("panic", "first", []),
                (
                    "panic",
                    "again\nand more",
                    [("(*T[...]).m", "github.com/x/y", "/go/pkg/mod/github.com/x/y@v1.2.3/t.go", 12)],
                ),
            ],
            id="a panic in a recovery, arguments, generics",
        ),
        pytest.param(
            "goroutine 7 [running]:\n\nmain.f()\n\t/a/main.go:3\nmain\n\t/a/main.go:4\nexit status 2",
            [(None, None, [("f", "main", "/a/main.go", 3), ("main", None, "/a/main.go", 4)])],
            id="a goroutine without a panic",
        ),
        pytest.param(
            "open x: no file\nmain.load\n\t/a/main.go:3\nmain.main\n\t/a/main.go:4\nconfig\nmain.run\n\t/a/main.go:9\n",
            [
                (None, "open x: no file", [("load", "main", "/a/main.go", 3), ("main", "main", "/a/main.go", 4)]),
                (None, "config", [("run", "main", "/a/main.go", 9)]),
            ],
            id="an error of pkg/errors, wrapped",
        ),
        pytest.param(
            "main.load\n\t/a/main.go:3\ndone\n",
            [(None, None, [("load", "main", "/a/main.go", 3)])],
            id="text after the trace",
        ),
        pytest.param(
            "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/a/main.go:3 +0x1\ngoroutine 2 [running]:\nmain.g()\n\t/a/main.go:4 +0x1\n",
            [("panic", "x", [("f", "main", "/a/main.go", 3)])],
            id="goroutines without a line between them",
        ),
        pytest.param(
            "no file\nmain.f\n\t/a/main.go:3",
            [(None, "no file", [("f", "main", "/a/main.go", 3)])],
            id="a trace that ends with its last frame",
        ),
    ],
)
def test_go(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "A.OuterException: o\n ---> A.InnerException (0x80004005): i\n   at A.C.M(String s) in C:\\f.cs:line 12\n"
            "   --- End of inner exception stack trace ---\n   at A.C.<Aio>d__1.MoveNext()\n"
            "--- End of stack trace from previous location ---\n   at A.D.N()\n",
            [
                ("InnerException", "i", [("M", "A.C", "C:\\f.cs", 12)]),
                ("OuterException", "o", [("Aio", "A.C", None, None), ("N", "A.D", None, None)]),
            ],
            id="an inner exception on its own line, an asynchronous method",
        ),
        pytest.param(
            "Unhandled exception. A.B: one\ntwo\n   bei A.C.M() in C:\\f.cs:Zeile 3.\n",
            [("B", "one\ntwo", [("M", "A.C", "C:\\f.cs", 3)])],
            id="a German runtime, two lines of message",
        ),
        pytest.param(
            "log line\nA.B: x\n   at M()\n",
            [("B", "x", [("M", None, None, None)])],
            id="a log line before the exception",
        ),
        pytest.param(
            "A.B: one\n(two)\n   at A.M()\n",
            [("B", "one\n(two)", [("M", "A", None, None)])],
            id="a second line in brackets",
        ),
        pytest.param("(odd)\n   at A.M()\n", [(None, "(odd)", [("M", "A", None, None)])], id="a header without a type"),
    ],
)
def test_dotnet(text, expected):
    assert read(text) == expected


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "12:00:00.000 [error] Task #PID<0.1.0> started\n** (Shop.PriceError) no\n    (shop 1.2.0) lib/shop.ex:3: Shop.price/2\n"
            '    (elixir 1.14.0) lib/enum.ex:9: Enum."-map/2-lists^map/1-0-"/2\n    (shop 1.2.0) odd\nFunction: x\n',
            [
                (
                    "PriceError",
                    "no",
                    [
                        ("price/2", "Shop", "lib/shop.ex", 3),
                        ('"-map/2-lists^map/1-0-"/2', "Enum", "lib/enum.ex", 9),
                        ("odd", None, None, None),
                    ],
                )
            ],
            id="a module before the type, a report after it",
        ),
    ],
)
def test_elixir(text, expected):
    assert read(text) == expected


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
