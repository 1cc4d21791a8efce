"""Stack traces of Java."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


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
