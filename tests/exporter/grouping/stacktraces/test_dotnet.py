"""Stack traces of .NET."""

import pytest
from tests.exporter.grouping.stacktraces.reading import read


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
