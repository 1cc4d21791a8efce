"""`handlers/swallowed`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    pass\n", [3], id="except Exception: pass"),
        pytest.param(
            "python",
            "for x in y:\n    try:\n        f(x)\n    except Exception:\n        continue\n",
            [4],
            id="except Exception: continue",
        ),
        pytest.param(
            "python",
            "from contextlib import suppress\nwith suppress(Exception):\n    f()\n",
            [2],
            id="suppress(Exception)",
        ),
        pytest.param(
            "python",
            "from other import suppress\nwith suppress(Exception):\n    f()\n",
            [],
            id="suppress of another library",
        ),
        pytest.param(
            "python",
            "from contextlib import suppress\nwith suppress(KeyError):\n    f()\n",
            [],
            id="suppress of one error",
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept KeyError:\n    pass\n", [], id="a narrow exception is of low confidence"
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept Exception:\n    pass  # f is optional\n", [], id="a comment says why"
        ),
        pytest.param("python", "try:\n    s.close()\nexcept Exception:\n    pass\n", [], id="closing may fail"),
        pytest.param("python", "try:\n    import lxml\nexcept Exception:\n    pass\n", [], id="an optional import"),
        pytest.param(
            "python",
            "def g():\n    try:\n        return f()\n    except Exception:\n        pass\n    return h()\n",
            [],
            id="success returns, so the rest deals with the error",
        ),
        pytest.param("python", "try:\n    f()\nexcept Exception:\n    x = 1\n", [], id="a handler that does something"),
        pytest.param("javascript", "try { f(); } catch (e) {}\n", [1], id="an empty catch"),
        pytest.param("typescript", "try { f(); } catch {}\n", [1], id="an empty catch without a name, in TypeScript"),
        pytest.param("javascript", "f().catch(() => {});\n", [1], id="an empty function in catch()"),
        pytest.param("javascript", "f().catch(() => {}).then(g);\n", [], id="a catch() that the chain goes on after"),
        pytest.param("javascript", "try { f(); } catch (e) { /* optional */ }\n", [], id="a catch with a comment"),
        pytest.param("javascript", "try { require('x'); } catch (e) {}\n", [], id="feature detection"),
        pytest.param(
            "javascript",
            "try { f(); } catch (e) { try { g(); } catch (f) {} throw e; }\n",
            [],
            id="a catch within a catch gives way to the first error",
        ),
        pytest.param(
            "javascript", "try { Error.stackTraceLimit = 50; } catch {}\n", [], id="nothing is called that could fail"
        ),
        pytest.param("javascript", "try { f(); } catch (e) { g(e); }\n", [], id="a catch that does something"),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (IOException e) { } } }\n",
            [1],
            id="an empty catch in Java",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (IOException ignored) { } } }\n",
            [],
            id="a variable called ignored",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { s.close(); } catch (IOException e) { } } }\n",
            [],
            id="a stream that is closed",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\terr := g()\n\tif err != nil {\n\t}\n}\n",
            [4],
            id="an error that is checked and dropped",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\terr := g()\n\tif err != nil {\n\t} else {\n\t\th()\n\t}\n}\n",
            [],
            id="a check with an else",
        ),
        pytest.param(
            "go", "package a\nfunc f() {\n\tif value != nil {\n\t}\n}\n", [], id="an empty block about something else"
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tdefer func() {\n\t\trecover()\n\t}()\n}\n",
            [4],
            id="a panic that is recovered from and dropped",
        ),
        pytest.param(
            "go",
            "package a\nfunc f() {\n\tdefer func() {\n\t\tif r := recover(); r != nil {\n"
            "\t\t\tlog.Print(r)\n\t\t}\n\t}()\n}\n",
            [],
            id="a recovered value that is looked at",
        ),
        pytest.param(
            "python",
            "# f is optional\ntry:\n    f()\nexcept Exception:\n    pass\n",
            [],
            id="a comment right above says why",
        ),
        pytest.param("javascript", "let x = 1;\ntry { x = f(); } catch {}\n", [], id="what is set keeps its default"),
        pytest.param("javascript", "let x = 1;\ntry { x = f(); g(); } catch {}\n", [2], id="two things are done"),
        pytest.param("javascript", "// best effort\nf().catch(() => {});\n", [], id="a comment right above a promise"),
        pytest.param("javascript", "fs.promises.unlink(a).catch(() => {});\n", [], id="a file that is removed"),
        pytest.param(
            "javascript",
            "const p = f();\np.catch(() => {});\n",
            [],
            id="a promise that is kept",
        ),
        pytest.param(
            "python",
            "def f():\n    for a in b:\n        try:\n            if g(a):\n                return "
            "a\n        except Exception:\n            pass\n",
            [],
            id="a return on the way",
        ),
        pytest.param(
            "java",
            "class A { void closeQuietly() { try { g(); }\ncatch (IOException e) { } } }",
            [],
            id="a method that says it",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); }\ncatch (NoSuchMethodException e) { } catch "
            "(IllegalAccessException e) { } } }",
            [],
            id="a method that may be missing",
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/swallowed", language, source) == expected


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("javascript", "f().catch(noop);\n", [1], id="noop"),
        pytest.param("javascript", "f().catch(_.noop);\n", [1], id="noop of lodash"),
        pytest.param("javascript", "f().catch(() => undefined);\n", [1], id="undefined"),
        pytest.param("javascript", "f().catch(() => void 0);\n", [1], id="void"),
        pytest.param("javascript", "const quiet = () => {};\nf().catch(quiet);\n", [2], id="an empty function of the file"),  # noqa: E501 (one row of a table)
        pytest.param("javascript", "f().catch(report);\n", [], id="a function that reports"),
        pytest.param("go", "package a\nfunc f() {\n\tdefer func() { _ = recover() }()\n}\n", [3], id="recover to _"),
        pytest.param("go", "package a\nfunc f() {\n\tdefer recover()\n}\n", [3], id="recover by itself"),
        pytest.param(
            "go", "package a\nfunc f() {\n\tdefer func() {\n\t\tif r := recover(); r != nil {\n\t\t}\n\t}()\n}\n", [4],
            id="recover and an empty if",
        ),
        pytest.param(
            "go", "package a\nfunc f() {\n\tdefer func() {\n\t\tif r := recover(); r != nil {\n\t\t\tg(r)\n\t\t}\n\t}()\n}\n",  # noqa: E501 (one row of a table)
            [], id="recover that is told of",
        ),
    ],
)  # fmt: skip
def test_what_else_drops_an_error(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/swallowed", language, source) == expected
