"""`handlers/lost-cause`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "python", "try:\n    f()\nexcept OSError:\n    raise E('no')\n", [4], id="a new error without from"
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError:\n    raise E('no') from None\n",
            [],
            id="from None says that it does not matter",
        ),
        pytest.param("python", "try:\n    f()\nexcept OSError:\n    raise\n", [], id="raising again"),
        pytest.param("python", "try:\n    f()\nexcept KeyError:\n    raise E('no')\n", [], id="a look-up"),
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError as exc:\n    raise E(str(exc))\n",
            [],
            id="the error is in the message",
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError:\n    def g():\n        raise E('no')\n",
            [],
            id="in a function within the handler",
        ),
        pytest.param(
            "python", "try:\n    f()\nexcept OSError:\n    raise SystemExit(1)\n", [], id="leaving the program"
        ),
        pytest.param("javascript", "try { f(); } catch (e) { throw new Error('no'); }\n", [1], id="no cause"),
        pytest.param("typescript", "try { f(); } catch { throw new Error('no'); }\n", [1], id="no cause and no name"),
        pytest.param(
            "javascript", "try { f(); } catch (e) { throw new Error('no', { cause: e }); }\n", [], id="the cause"
        ),
        pytest.param(
            "javascript",
            "try { f(); } catch (cause) { throw new Error('no', { cause }); }\n",
            [],
            id="a cause by shorthand",
        ),
        pytest.param("javascript", "try { f(); } catch (e) { throw e; }\n", [], id="throwing again"),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (E e) { throw new X(e.getMessage()); } } }\n",
            [1],
            id="only the message in Java",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); } catch (E e) { throw new X("no", e); } } }\n',
            [],
            id="the exception in Java",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (E e) { throw new X(e.getCause()); } } }\n",
            [],
            id="its cause in Java",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); } catch (E e) { X x = new X(); x.initCause(e); throw new X(); } } }\n",
            [],
            id="initCause in Java",
        ),
        pytest.param(
            "go", 'package a\nfunc f() error {\n\treturn fmt.Errorf("no: %v", err)\n}\n', [3], id="%v of an error"
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("100%% no: %+v", err)\n}\n',
            [3],
            id="%+v of an error after a percent sign",
        ),
        pytest.param(
            "go", 'package a\nfunc f() error {\n\treturn fmt.Errorf("no: %w", err)\n}\n', [], id="%w of an error"
        ),
        pytest.param(
            "go", 'package a\nfunc f() error {\n\treturn fmt.Errorf("no: %v", name)\n}\n', [], id="%v of something else"
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("no: %d", lastError)\n}\n',
            [],
            id="%d of a number called error",
        ),
        pytest.param(
            "javascript",
            "try { x = JSON.parse(s); } catch (e) { throw new E('no JSON'); }\n",
            [],
            id="a text that does not parse",
        ),
        pytest.param(
            "python",
            "try:\n    f()\nexcept OSError:\n    logger.error('no', exc_info=True)\n    raise E('no')\n",
            [],
            id="it was logged on its way",
        ),
        pytest.param(
            "go",
            'package a\nfunc f() error {\n\treturn fmt.Errorf("a: %s", err.Error())\n}\n',
            [3],
            id="the error's text in Go",
        ),
        pytest.param("go", 'package a\nfunc f() {\n\tpanic(fmt.Errorf("a: %v", err))\n}\n', [], id="a panic in Go"),
        pytest.param(
            "go",
            "package a\nfunc f() error {\n\tn, err := strconv.Atoi(s)\n\tif err != nil "
            '{\n\t\treturn fmt.Errorf("a: %v", err)\n\t}\n\treturn g(n)\n}\n',
            [],
            id="a text that is no number in Go",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { g(); }\ncatch (ExecutionException e) { Throwable t = "
            'e.getCause();\nthrow new B("a", t); } } }',
            [],
            id="a cause with a name in Java",
        ),
        pytest.param(
            "java",
            'class A { void f() { try { g(); }\ncatch (InterruptedException e) {\nthrow new B("a"); } } }',
            [],
            id="nothing but an interrupt in Java",
        ),
        pytest.param(
            "java",
            "class A { void f() { try { Mode.valueOf(s); }\ncatch (IllegalArgumentException e) "
            '{\nthrow new B("a"); } } }',
            [],
            id="no such name in Java",
        ),
        pytest.param(
            "javascript",
            'async function f() { try { await stat(p); } catch {\nthrow new Error("no file"); } }',
            [],
            id="a file that is not there in JavaScript",
        ),
        pytest.param("python", "try:\n    f()\nexcept TimeoutError:\n    raise X(a)\n", [], id="a timeout"),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/lost-cause", language, source) == expected


_JAVA = "class A { void f() { try { g(); } catch (E e) { %s } } }\n"
_GO = 'package a\nimport ("errors"; "fmt")\nfunc f() error {\n\tif %s {\n%s\n\t}\n\treturn nil\n}\n'
_IF = "err := g(); err != nil"
_FORMS = [
    ("python", "try:\n    f()\nexcept OSError:\n    raise ServiceError\n", [4], "the bare class"),
    ("python", "try:\n    f()\nexcept OSError:\n    raise shop.ServiceError\n", [4], "the bare class of a module"),
    ("python", "try:\n    f()\nexcept OSError as Error:\n    raise Error\n", [], "the same error with a capital"),
    ("python", "try:\n    f()\nexcept OSError:\n    raise ServiceError from None\n", [], "the bare class from None"),
    (
        "python",
        "try:\n    f()\nexcept OSError:\n    error = E('no')\n    g()\n    raise error\n",
        [6],
        "made first, raised later",
    ),
    (
        "python",
        "try:\n    f()\nexcept OSError as exc:\n    error = E('no')\n    error.__cause__ = exc\n    raise error\n",
        [],
        "made first, with its cause set",
    ),
    ("python", "try:\n    f()\nexcept OSError as exc:\n    raise exc\n", [], "the caught error by its name"),
    ("javascript", "try { f(); } catch (e) { throw Error('no'); }\n", [1], "without new"),
    ("javascript", "try { f(); } catch (e) { throw new Error('no: ' + e.message); }\n", [1], "its message in a sum"),
    ("javascript", "try { f(); } catch (e) { throw new Error('no: ' + e); }\n", [1], "itself in a sum"),
    (
        "javascript",
        "try { f(); } catch (e) { throw new Error(`no: ${e.message}`); }\n",
        [1],
        "its message in a template",
    ),
    ("typescript", "try { f(); } catch (e) { throw new Error(`no: ${(e as Error).message}`); }\n", [1], "with a cast"),
    (
        "javascript",
        "try { f(); } catch (e) { throw new Error(`no: ${e}`, { cause: e }); }\n",
        [],
        "its text and the cause",
    ),
    ("javascript", "try { f(); } catch (e) { throw new ShopError('no', e); }\n", [], "as an argument"),
    ("javascript", "try { f(); } catch (e) { throw wrap(e); }\n", [], "a function that wraps it"),
    ("javascript", "f().catch(() => { throw new Error('no'); });\n", [1], "in a callback of catch"),
    ("javascript", "f().catch(function (e) { throw new Error('no'); });\n", [1], "in a function of catch"),
    ("typescript", "f().catch((e: Error) => { throw new Error('no'); });\n", [1], "in a typed callback"),
    ("javascript", "f().catch(e => { throw new Error('no', { cause: e }); });\n", [], "a callback that keeps it"),
    ("javascript", "f().then(g, () => { throw new Error('no'); });\n", [1], "in the second argument of then"),
    ("javascript", "f().then(() => { throw new Error('no'); });\n", [], "in the first argument of then"),
    ("javascript", "f().catch(() => Promise.reject(new Error('no')));\n", [1], "a rejection in a callback"),
    (
        "javascript",
        "try { f(); } catch (e) { return Promise.reject(new Error('no')); }\n",
        [1],
        "a rejection in a catch",
    ),
    ("javascript", "try { f(); } catch (e) { return Promise.reject(e); }\n", [], "a rejection with the error"),
    ("java", _JAVA % 'throw new X("no: " + e);', [1], "itself in a sum in Java"),
    ("java", _JAVA % 'throw new X(String.format("no: %s", e));', [1], "String.format"),
    ("java", _JAVA % 'String m = "no: " + e.getMessage(); throw new X(m);', [1], "its text in a variable"),
    ("java", _JAVA % 'X x = new X("no"); throw x;', [1], "made first in Java"),
    ("java", _JAVA % 'X x = new X("no", e); throw x;', [], "made first with it in Java"),
    ("java", _JAVA % 'X x = new X("no"); x.initCause(e); throw x;', [], "made first, then initCause"),
    ("java", _JAVA % 'throw new X("no: " + e, e);', [], "its text and itself in Java"),
    ("go", _GO % (_IF, '\t\treturn errors.New("failed")'), [5], "errors.New without it"),
    ("go", _GO % (_IF, '\t\treturn errors.New("x: " + err.Error())'), [5], "its text in errors.New"),
    ("go", _GO % (_IF, '\t\treturn fmt.Errorf("failed")'), [5], "Errorf without it"),
    ("go", _GO % (_IF, '\t\tlog.Print(err)\n\t\treturn errors.New("failed")'), [], "it was logged in Go"),
    ("go", _GO % ("n > 1", '\t\treturn errors.New("too many")'), [], "no error at hand"),
    ("go", _GO % ("err := verify(p); err != nil", '\t\treturn errors.New("wrong")'), [], "an answer in other words"),
]


@pytest.mark.parametrize(("language", "source", "expected"), [pytest.param(*one[:3], id=one[3]) for one in _FORMS])
def test_the_ways_to_lose_a_cause(language: str, source: str, expected: list[int]) -> None:
    assert lines("handlers/lost-cause", language, source) == expected
