"""`handlers/log-and-continue`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python",
            "def f():\n    try:\n        x = g()\n    except E:\n        logger.error('no')\n    return x\n",
            [4],
            id="a name that only the try block sets",
        ),
        pytest.param(
            "python",
            "def f():\n    x = None\n    try:\n        x = g()\n    except E:\n"
            "        logger.error('no')\n    return x\n",
            [],
            id="it was set before",
        ),
        pytest.param(
            "python",
            "def f():\n    try:\n        x = g()\n    except E:\n        logger.error('no')\n"
            "        x = 0\n    return x\n",
            [],
            id="the handler sets it",
        ),
        pytest.param(
            "python",
            "def f():\n    try:\n        x = g()\n    except E:\n        logger.error('no')\n"
            "        return 0\n    return x\n",
            [],
            id="the handler returns",
        ),
        pytest.param(
            "python",
            "def f():\n    try:\n        x = g()\n    except E:\n        logger.error('no')\n    return 0\n",
            [],
            id="it is not read afterwards",
        ),
        pytest.param(
            "python",
            "def f(x):\n    try:\n        x = g()\n    except E:\n        logger.error('no')\n    return x\n",
            [],
            id="a parameter has a value",
        ),
        pytest.param(
            "javascript",
            "let x;\ntry { x = f(); } catch (e) { console.error(e); }\nx.y();\n",
            [2],
            id="a member of what is undefined",
        ),
        pytest.param(
            "javascript",
            "let x;\ntry { x = f(); } catch (e) { console.error(e); }\nx?.y();\n",
            [],
            id="an optional member",
        ),
        pytest.param(
            "javascript",
            "let x;\ntry { x = f(); } catch (e) { console.error(e); }\nif (x) { x.y(); }\n",
            [],
            id="a check comes first",
        ),
        pytest.param(
            "javascript",
            "let x = [];\ntry { x = f(); } catch (e) { console.error(e); }\nx.y();\n",
            [],
            id="it had a value",
        ),
        pytest.param(
            "java",
            "class A { void f() {\nX x = null;\ntry { x = g(); } catch (E e) { e.printStackTrace(); }\nx.y();\n} }\n",
            [3],
            id="a method of null",
        ),
        pytest.param(
            "java",
            "class A { void f() {\nX x = null;\n"
            "try { x = g(); } catch (E e) { e.printStackTrace(); }\nif (x != null) { x.y(); }\n"
            "} }\n",
            [],
            id="a check for null",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tx, err := g()\n\tif err != nil {\n\t\tlog.Println(err)\n\t}\n\tx.Y()\n}\n",
            [4],
            id="a member of a zero value",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tx, err := g()\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tx.Y()\n}\n",
            [],
            id="the program ends",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tx, err := g()\n\tif err != nil {\n\t\tlog.Println(err)\n"
            "\t}\n\tif x != nil {\n\t\tx.Y()\n\t}\n}\n",
            [],
            id="a check for nil",
        ),
        pytest.param(
            "python",
            "def f():\n    try:\n        xs = []\n        ys = list(zs)\n        g(xs)\n    except "
            'E:\n        logger.error("a")\n    return xs, ys\n',
            [],
            id="a name that is set before anything can fail",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tx, err := g()\n\tif err != nil "
            '{\n\t\tlogrus.WithError(err).Error("a")\n\t}\n\tx.Go()\n}\n',
            [4],
            id="a chain of calls to the log in Go",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/log-and-continue", language, source) == expected
