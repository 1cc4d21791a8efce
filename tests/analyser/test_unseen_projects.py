"""What projects that nothing was tuned on showed: places that look like findings and that nobody would thank for.

Each row has the place beside one that differs by what matters, so that a check can't pass by falling silent.
Long because it is one table.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pytest reads the annotations)

import pytest
from tests.analyser.checking import lines

from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings
from errtally.analyser.sources.generated import is_generated
from errtally.analyser.sources.languages import is_example

# ruff: noqa: E501, ISC004 (one row of a table)
_GO = 'package a\nimport ("fmt"; "io"; "log"; "net/http")\n'
_PLACES = [
    (
        "a promise that finally passes on and somebody keeps",
        "handlers/swallowed",
        "javascript",
        "void p.finally(() => { g(); }).catch(() => undefined);\nvoid f().finally(() => { g(); }).catch(() => undefined);\n",
        [2],
    ),
    (
        "clean-up by the first word of its name",
        "handlers/swallowed",
        "javascript",
        "c.endSession().catch(() => {});\nc.endorse().catch(() => {});\ntry { m.removeFunction(p); } catch {}\ntry { m.removal(p); } catch {}\n",
        [2, 4],
    ),
    (
        "text that may be JSON",
        "handlers/swallowed",
        "javascript",
        "try { all.push(JSON.parse(t)); } catch {}\ntry { JSON.parse(t); send(t); } catch {}\n",
        [2],
    ),
    (
        "a default given right before",
        "handlers/swallowed",
        "python",
        "peers = '?'\ntry:\n    peers = f()\nexcept Exception:\n    pass\n"
        "other = '?'\ntry:\n    peers = f()\nexcept Exception:\n    pass\n",
        [9],
    ),
    (
        "a question answered by no, in JavaScript",
        "handlers/broad-hides",
        "javascript",
        "z.refine((p) => {\ntry { return norm(p) === p; } catch { return false; } });\n"
        "z.refine((p) => {\ntry { send(p); return true; } catch { return false; } });\n",
        [4],
    ),
    (
        "a question answered by no, in Python",
        "handlers/broad-hides",
        "python",
        "def is_on():\n    try:\n        g()\n    except Exception:\n        return False\n    else:\n        return True\n"
        "def h():\n    try:\n        g()\n        return True\n    except Exception:\n        return False\n",
        [12],
    ),
    (
        "a question answered by no, in Java",
        "handlers/broad-hides",
        "java",
        "class A { boolean f() {\ntry { return g() > 1; }\ncatch (Exception e) { return false; } }\n"
        "boolean h() {\ntry { g(); return true; }\ncatch (Exception e) { return false; } } }\n",
        [6],
    ),
    (
        "a text that is only read, in Python",
        "handlers/broad-hides",
        "python",
        "try:\n    x = b64decode(d).decode()\nexcept Exception:\n    x = ''\n"
        "try:\n    x = fetch(d)\nexcept Exception:\n    x = ''\n",
        [7],
    ),
    (
        "a text that is only read, in Java",
        "handlers/broad-hides",
        "java",
        "class A { byte[] f() {\ntry { return Base64.getUrlDecoder().decode(t); }\ncatch (Exception e) { return null; } }\n"
        "byte[] h() {\ntry { return fetch(t); }\ncatch (Exception e) { return null; } } }\n",
        [6],
    ),
    (
        "a loop that wakes up now and then",
        "retry/no-backoff",
        "python",
        "while True:\n    try:\n        await wait_for(event.wait(), 9)\n    except TimeoutError:\n        pass\n"
        "    else:\n        break\n"
        "while True:\n    try:\n        await connect()\n    except ConnectionError:\n        pass\n    else:\n        break\n",
        [11],
    ),
    (
        "what a panic was given",
        "handlers/lost-cause",
        "go",
        _GO + "func f() (out error) {\n\tdefer func() {\n\t\tif err := recover(); err != nil {\n"
        '\t\t\tout = fmt.Errorf("%s", err)\n\t\t}\n\t}()\n\tif err := g(); err != nil {\n'
        '\t\tout = fmt.Errorf("%s", err)\n\t}\n\treturn out\n}\n',
        [10],
    ),
    (
        "an error that is logged as well",
        "handlers/lost-cause",
        "go",
        _GO + 'func f() error {\n\tif err := g(); err != nil {\n\t\tlog.Printf("no: %v", err)\n'
        '\t\treturn fmt.Errorf("no: %v", err)\n\t}\n\tif err := h(); err != nil {\n\t\tlog.Printf("no")\n'
        '\t\treturn fmt.Errorf("no: %v", err)\n\t}\n\treturn nil\n}\n',
        [10],
    ),
    (
        "a new error that is only shown",
        "handlers/lost-cause",
        "go",
        _GO + 'func f() error {\n\tif err := g(); err != nil {\n\t\tshow(fmt.Errorf("no: %v", err))\n\t}\n'
        '\tif err := g(); err != nil {\n\t\treturn with(fmt.Errorf("no: %v", err))\n\t}\n\treturn nil\n}\n',
        [8],
    ),
    (
        "a request that has a deadline",
        "network/no-timeout",
        "go",
        _GO + "func f() {\n\tr, _ := http.NewRequestWithContext(ctx, m, u, nil)\n\thttp.DefaultClient.Do(r)\n}\n"
        "func h() {\n\tr, _ := http.NewRequest(m, u, nil)\n\thttp.DefaultClient.Do(r)\n}\n",
        [9],
    ),
    (
        "a copy into memory",
        "handlers/error-ignored",
        "go",
        _GO + "func f() {\n\tio.Copy(&w.data, &r.data)\n\tio.Copy(out, &r.data)\n}\n",
        [5],
    ),
    (
        "a program that asks a person",
        "logging/console",
        "python",
        "import flask\nasync def f():\n    code = await ainput('Code: ')\n    print('wrong')\ndef g():\n    print('wrong')\n",
        [6],
    ),
    (
        "a layout of a logger that has fields as well",
        "logging/formatted-error",
        "go",
        'package a\nimport ("fmt"; "github.com/sirupsen/logrus")\nfunc f() {\n\tlogrus.Errorf("no %v", err)\n\tlogrus.Error(fmt.Sprintf("no %v", err))\n}\n',
        [5],
    ),
    (
        "what a function writes for a person",
        "handlers/error-ignored",
        "go",
        'package a\nimport "os"\nfunc PrettyPrint(f *os.File) {\n\tf.WriteString(s)\n}\nfunc save(f *os.File) {\n\tf.WriteString(s)\n}\n',
        [7],
    ),
    (
        "an error that takes no cause",
        "handlers/lost-cause",
        "java",
        "class A { void f() { try { g(); }\ncatch (IOException e) { throw new MalformedURLException(e.getMessage()); } }\n"
        "void h() { try { g(); }\ncatch (IOException e) { throw new ShopException(e.getMessage()); } } }\n",
        [4],
    ),
    (
        "a comment that speaks of %w",
        "handlers/lost-cause",
        "go",
        _GO + "func f() error {\n\t// Not %w: callers must not see it.\n\tif err := g(); err != nil {\n"
        '\t\treturn fmt.Errorf("no: %v", err)\n\t}\n\treturn nil\n}\nfunc h() error {\n\tif err := g(); err != nil {\n'
        '\t\treturn fmt.Errorf("no: %v", err)\n\t}\n\treturn nil\n}\n',
        [12],
    ),
    (
        "several checks at the top of one method",
        "flow/run-time-assert",
        "java",
        'class A {\npublic A(int a, int b) {\nassert a > 0 : "a";\nassert b > 0 : "b";\n}\n}\n',
        [3],
    ),
    (
        "what the interpreter knows of its machine",
        "handlers/broad-hides",
        "python",
        "try:\n    x = platform.system().lower()\nexcept Exception:\n    x = ''\n"
        "try:\n    x = store.load().lower()\nexcept Exception:\n    x = ''\n",
        [7],
    ),
    (
        "what a finaliser leaves out",
        "handlers/swallowed",
        "python",
        "import contextlib\ndef close(self):\n    with contextlib.suppress(Exception):\n        self.say(bye)\n"
        "def say(self):\n    with contextlib.suppress(Exception):\n        self.say(bye)\n",
        [6],
    ),
    (
        "a text about an error",
        "handlers/lost-cause",
        "go",
        _GO
        + 'func f() error {\n\treturn fmt.Errorf("no: %s", errorMessage)\n}\nfunc h() error {\n\treturn fmt.Errorf("no: %s", errParse)\n}\n',
        [7],
    ),
    (
        "a rejection in a browser",
        "promises/then-without-catch",
        "javascript",
        "send().then(() => { window.close(); });\n",
        [],
    ),
    (
        "a rejection in a server that speaks of a document",
        "promises/then-without-catch",
        "javascript",
        "const fs = require('fs');\nsend().then(() => { document.save(); });\n",
        [2],
    ),
    (
        "a digest that every JDK has",
        "handlers/lost-cause",
        "java",
        "class A { void f() { try { g(); }\ncatch (NoSuchAlgorithmException e) { throw new AssertionError(); } }\n"
        "void h() { try { g(); }\ncatch (IOException e) { throw new AssertionError(); } } }\n",
        [4],
    ),
    (
        "a text that is no number is zero",
        "handlers/error-ignored",
        "go",
        'package a\nimport ("os"; "strconv")\nfunc f() {\n\tn, _ := strconv.Atoi(t)\n\ts, _ := os.Stat(t)\n\tg(n, s)\n}\n',
        [5],
    ),
    (
        "an answer to a request",
        "handlers/lost-cause",
        "python",
        "try:\n    f()\nexcept Exception:\n    raise web.HTTPError(400)\ntry:\n    f()\nexcept Exception:\n    raise ShopError(400)\n",
        [8],
    ),
    (
        "an error that a callback takes as well",
        "logging/formatted-error",
        "javascript",
        "try { f(); } catch (e) {\nlog.error(`no: ${e}`);\ncb(e); }\ntry { f(); } catch (e) {\nlog.error(`no: ${e}`);\ncb(); }\n",
        [5],
    ),
    (
        "a promise that a visitor's browser drops",
        "handlers/swallowed",
        "javascript",
        "window.a = 1;\nnavigator.setAppBadge(1).catch(() => {});\ntry { f(); } catch {}\n",
        [3],
    ),
    (
        "a command that prints to both outputs",
        "logging/console",
        "python",
        "import flask, sys\ndef f():\n    print('no', file=sys.stderr)\n    print(token)\ndef g():\n    print(token)\n",
        [6],
    ),
    (
        "the cause of what a future throws",
        "logging/formatted-error",
        "java",
        'class A { void f() { try { g(); }\ncatch (ExecutionException e) { log.error("no", e.getCause()); } }\n'
        'void h() { try { g(); }\ncatch (ExecutionException e) { log.error("no: {}", e.getMessage()); } } }\n',
        [4],
    ),
    (
        "a builder of text that a function is handed",
        "handlers/error-ignored",
        "go",
        'package a\nimport ("io"; "strings")\nfunc enc(w io.Writer) error { return g(w) }\n'
        "func f() {\n\tvar sb strings.Builder\n\tenc(&sb)\n\tenc(out)\n}\n",
        [7],
    ),
    (
        "an error of one kind says by its text what happened",
        "logging/formatted-error",
        "python",
        "try:\n    f()\nexcept SessionError as e:\n    log.error('no: %s', e)\n"
        "try:\n    f()\nexcept Exception as e:\n    log.error('no: %s', e)\n",
        [8],
    ),
    (
        "an answer to a client who has gone",
        "handlers/broad-hides",
        "go",
        _GO
        + "func a(w http.ResponseWriter) error {\nif _, err := w.Write(b); err != nil {\nreturn nil\n}\nreturn g()\n}\n"
        + "func h(w io.Writer) error {\nif _, err := w.Write(b); err != nil {\nreturn nil\n}\nreturn g()\n}\n"
        + "func k(c echo.Context) error {\nw := c.Response()\nif _, err := io.WriteString(w, s); err != nil {\nreturn nil\n}\nreturn g()\n}\n",
        [10],
    ),
    (
        "what a linter was told of an error",
        "handlers/broad-hides",
        "go",
        _GO
        + "func a() error {\nif err := g(); err != nil {\nreturn nil //nolint:nilerr\n}\nreturn g()\n}\n"
        + "func h() error {\nif err := g(); err != nil {\nreturn nil //nolint:lll\n}\nreturn g()\n}\n",
        [10],
    ),
    (
        "a request whose method and address are written down",
        "handlers/error-ignored",
        "go",
        _GO
        + 'const page = "https://shop.example"\nfunc f(id string) {\n'
        + "a, _ := http.NewRequest(http.MethodGet, page, nil)\n"
        + "b, _ := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)\n"
        + "c, _ := http.NewRequestWithContext(ctx, http.MethodGet, page+id, nil)\n}\n",
        [7],
    ),
    (
        "a comment that stands above what is done together",
        "handlers/error-ignored",
        "go",
        _GO
        + "func f() {\n// note: errors are ignored, the file is written anew then\nb := make([]byte, 9)\nio.ReadFull(r, b)\n\n"
        + "c := make([]byte, 9)\nio.ReadFull(r, c)\n}\n",
        [9],
    ),
    (
        "an answer that goes to a peer as JSON",
        "handlers/error-ignored",
        "go",
        'package a\nimport ("encoding/json"; "net/http"; "os")\n'
        "func f(w http.ResponseWriter, file *os.File) {\njson.NewEncoder(w).Encode(v)\njson.NewEncoder(file).Encode(v)\n}\n",
        [5],
    ),
    (
        "a text that a helper of the project's own reads",
        "handlers/lost-cause",
        "go",
        _GO
        + 'func f() error {\nn, err := util.ConvertStringToInt32(s)\nif err != nil {\nreturn fmt.Errorf("invalid id")\n}\nreturn nil\n}\n'
        + 'func h() error {\nn, err := util.Fetch(s)\nif err != nil {\nreturn fmt.Errorf("invalid id")\n}\nreturn nil\n}\n',
        [13],
    ),
    (
        "a size that is no number and stands in the log",
        "logging/exception-missing",
        "go",
        _GO
        + 'func f() {\nn, err := humanize.ParseBytes(size)\nif err != nil {\nlog.Error("invalid size", size)\n}\n'
        + 'm, err := humanize.ParseBytes(size)\nif err != nil {\nlog.Error("invalid size")\n}\n}\n',
        [10],
    ),
    (
        "a report for a person, by what its function prints",
        "logging/console",
        "go",
        'package a\nimport ("fmt"; "github.com/gin-gonic/gin")\n'
        'func (d D) Diagnose() {\nfmt.Printf("Current: %v\\n", a)\n}\nfunc (d D) Charge() {\nfmt.Printf("Current: %v\\n", a)\n}\n',
        [7],
    ),
    (
        "the last word of a command",
        "logging/console",
        "python",
        "import logging\nimport flask\ndef f():\n    try:\n        g()\n    except Exception as e:\n        print(e)\n        sys.exit(1)\n"
        "def h():\n    try:\n        g()\n    except Exception as e:\n        print(e)\n        return 1\n",
        [13],
    ),
    (
        "lines of the start, and a function that is there to print",
        "logging/console",
        "typescript",
        "import express from 'express';\nasync function bootstrap() {\nconsole.log('port 3000');\nconsole.error('no port');\n}\n"
        "const trace = (x) => {\nconsole.log(x);\n};\nfunction pay(x) {\nconsole.log(x);\n}\n",
        [4, 10],
    ),
    (
        "the exception handed over through a method, and in the other branch of a question for the level",
        "logging/formatted-error",
        "java",
        'class A { void f() { try { g(); }\ncatch (Exception e) { log.error("no: {}", e.getMessage(), shown(e)); } }\n'
        'void h() { try { g(); }\ncatch (Exception e) { log.error("no: {}", e.getMessage(), String.valueOf(e)); } }\n'
        'void k() { try { g(); } catch (Exception e) { if (log.isDebugEnabled()) { log.error("no", e); } else {\nlog.error("no: {}", e.getMessage()); } } } }\n',
        [4],
    ),
    (
        "one step with a file, whose error says all",
        "logging/formatted-error",
        "python",
        "try:\n    os.mkdir(p)\nexcept Exception as e:\n    logger.error('no %s: %r', p, e)\n"
        "try:\n    settle(order)\nexcept Exception as e:\n    logger.error('no %s: %r', p, e)\n",
        [8],
    ),
    (
        "one thing tried after another, each with a default",
        "handlers/broad-hides",
        "python",
        "def read(p):\n"
        + "".join(f"    try:\n        {n} = p.{n}()\n    except Exception:\n        {n} = None\n" for n in "abc")
        + "def other(p):\n    try:\n        a = p.a()\n    except Exception:\n        a = None\n",
        [17],
    ),
    (
        "a promise's null that is asked for next",
        "handlers/broad-hides",
        "typescript",
        "const info = await fs.info(p).catch(() => null);\nif (!info?.exists) { send(); }\n"
        "const body = await res.json2().catch(() => null);\nstore(body.logins);\n",
        [3],
    ),
    (
        "who is not let in",
        "handlers/lost-cause",
        "java",
        "class A { void f() { try { g(); }\ncatch (Exception e) { throw new WebApplicationException(Status.UNAUTHORIZED); } }\n"
        "void h() { try { g(); }\ncatch (Exception e) { throw new WebApplicationException(Status.SERVER_ERROR); } } }\n",
        [4],
    ),
    (
        "an exception that is called ignored",
        "logging/exception-missing",
        "java",
        'class A { void f() { try { g(); }\ncatch (Exception ignored) { log.warn("no zone"); } }\n'
        'void h() { try { g(); }\ncatch (Exception e) { log.warn("no zone"); } } }\n',
        [4],
    ),
    (
        "what a client's request has wrong",
        "handlers/lost-cause",
        "go",
        _GO
        + 'func f() (int, error) {\nif err := g(); err != nil {\nreturn http.StatusBadRequest, fmt.Errorf("no offset: %v", err)\n}\nreturn 0, nil\n}\n'
        + 'func h() (int, error) {\nif err := g(); err != nil {\nreturn 0, fmt.Errorf("no offset: %v", err)\n}\nreturn 0, nil\n}\n',
        [11],
    ),
    (
        "an error that may be nil where it is formatted",
        "handlers/lost-cause",
        "go",
        _GO
        + 'func f() error {\n_, err := os.Stat(p)\nif !os.IsNotExist(err) {\nreturn fmt.Errorf("there: %v", err)\n}\nreturn nil\n}\n'
        + 'func h() error {\nerr := g()\nif err != nil {\nreturn fmt.Errorf("there: %v", err)\n}\nreturn nil\n}\n',
        [13],
    ),
    (
        "a command that says itself what is wrong",
        "handlers/broad-hides",
        "go",
        'package main\nimport "os"\nfunc main() {\nif err := cmd.Execute(); err != nil {\nos.Exit(1)\n}\nif err := load(); err != nil {\nos.Exit(1)\n}\n}\n',
        [7],
    ),
    (
        "the exception under the name that a pattern gives it, or with what it holds",
        "handlers/lost-cause",
        "java",
        "class A { void f() { try { g(); }\ncatch (DaoException e) { if (e.getCause() instanceof SqlException s) { throw new Taken(s.text(), s); } } }\n"
        "void h() { try { g(); }\ncatch (DaoException e) { throw new Wrong(e.getErrors()); } }\n"
        "void k() { try { g(); }\ncatch (DaoException e) { throw new Wrong(e.getMessage()); } } }\n",
        [6],
    ),
    (
        "an error of Java's own that is thrown again with more to say",
        "handlers/lost-cause",
        "java",
        "class A { void f() { try { g(); }\ncatch (OutOfMemoryError e) { throw new OutOfMemoryError(e.getMessage() + size); } }\n"
        "void h() { try { g(); }\ncatch (OutOfMemoryError e) { throw new StoreException(e.getMessage() + size); } } }\n",
        [4],
    ),
    (
        "an answer to a person, which Python prints with the cause",
        "handlers/lost-cause",
        "python",
        "try:\n    f()\nexcept Exception:\n    raise ValidationError('no avatar')\n"
        "try:\n    f()\nexcept Exception:\n    raise AvatarError('no avatar')\n",
        [8],
    ),
    (
        "a function that answers a question about each of a list",
        "handlers/broad-hides",
        "typescript",
        "all.filter((one) => {\ntry { send(one); return true; } catch { return false; } });\n"
        "all.map((one) => {\ntry { send(one); return true; } catch { return false; } });\n",
        [4],
    ),
    (
        "a file that is full of assertions",
        "flow/run-time-assert",
        "java",
        "class A { public void f(int a) { assert a > 0 : a; } }\n" * 3,
        [],
    ),
    (
        "the name of a page about a password",
        "secrets/in-error-message",
        "go",
        'package a\nimport "log"\nfunc f() {\nlog.Printf("no mail %s", notifs.TplForgotPassword)\nlog.Printf("no mail %s", user.Password)\n}\n',
        [5],
    ),
    (
        "a text that could not be read, which the log tells",
        "logging/exception-missing",
        "java",
        'class A { void f() { try { n = parseDuration(tag); }\ncatch (TagException e) { log.warn("wrong duration " + tag); } }\n'
        'void h() { try { store.put(action); }\ncatch (StorageException e) { log.warn("not stored: {}", action); } } }\n',
        [4],
    ),
    (
        "what a function of the file has told already",
        "handlers/swallowed",
        "typescript",
        "const save = async () => {\ntry { await put(); } catch (e) { show(e); throw e; }\n};\n"
        "async function close() {\ntry { await save(); } catch {}\ntry { await put(); } catch {}\n}\n",
        [6],
    ),
    (
        "a script that a person starts",
        "network/no-timeout",
        "python",
        "#!/usr/bin/python3\nimport sys\nimport requests\nrequests.get(sys.argv[1])\n",
        [],
    ),
    (
        "a file that a server imports",
        "network/no-timeout",
        "python",
        "import sys\nimport requests\nrequests.get(sys.argv[1])\n",
        [3],
    ),
    (
        "an option that is about passwords",
        "secrets/in-error-message",
        "javascript",
        "logger.error(`no: ${o.fallbackToPassword}`);\nlogger.error(`no: ${o.password}`);\n",
        [2],
    ),
    (
        "a promise that says yes or no",
        "handlers/broad-hides",
        "typescript",
        "const a = await put(p).then(() => true).catch(() => false);\nconst b = await put(p).catch(() => false);\n",
        [2],
    ),
    (
        "an error that was logged by its own name",
        "handlers/lost-cause",
        "typescript",
        "try { f(); } catch (error) {\nlogger.error({ ...context, error }, 'no');\nthrow new Error('no sign-in');\n}\n"
        "try { f(); } catch (error) {\nlogger.error({ ...context }, 'no');\nthrow new Error('no sign-in');\n}\n",
        [7],
    ),
    (
        "a command that prints its error",
        "handlers/lost-cause",
        "go",
        'package a\nimport ("fmt"; "github.com/spf13/cobra")\nfunc f() error {\nif err := g(); err != nil {\nreturn fmt.Errorf("no: %v", err)\n}\nreturn nil\n}\n',
        [],
    ),
    (
        "a bare except around one close",
        "handlers/bare-except",
        "python",
        "try:\n    c.close()\nexcept:\n    pass\ntry:\n    c.load()\nexcept:\n    pass\n",
        [7],
    ),
]


@pytest.mark.parametrize(
    ("check", "language", "source", "expected"), [pytest.param(*one[1:], id=one[0]) for one in _PLACES]
)
def test_a_place_that_nobody_would_thank_for(check: str, language: str, source: str, expected: list[int]) -> None:
    assert lines(check, language, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nf();\n', True),
        ("f();\n//# sourceMappingURL=a.js.map\n", True),
        ("var __awaiter = (this && this.__awaiter) || function () {};\n", True),
        ("//\n// This file is generated. Do not edit! Edit parser.razor instead.\n", True),
        ("f();\nconst mark = '//# sourceMappingURL=';\n", False),
        ("function mark(exports) {\n  Object.defineProperty(exports, '__esModule', { value: true });\n}\n", False),
    ],
)
def test_what_a_compiler_wrote(source: str, expected: bool) -> None:  # noqa: FBT001
    assert is_generated(source.encode()) is expected


@pytest.mark.parametrize(
    ("path", "is_found"),
    [
        ("src/send.ts", True),
        ("frontend/src/send.ts", False),
        ("src/Send.tsx", False),
        ("src/Send.vue", False),
        ("server/send.js", True),
        ("scripts/send.js", False),
    ],
)
def test_where_a_dropped_rejection_ends_a_process(path: str, is_found: bool, tmp_path: Path) -> None:  # noqa: FBT001
    text = "send().then(g);\n"
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<script>\n{text}</script>\n" if path.endswith(".vue") else text)
    found = analyse(tmp_path, Settings(enable=("promises/then-without-catch",))).findings
    assert [one.path for one in found] == ([path] if is_found else [])


@pytest.mark.parametrize(
    ("path", "expected"),
    [("push-examples/a.go", True), ("shop-samples/A.java", True), ("src/docker/a.go", False), ("samples/a.py", True)],
)
def test_what_shows_how_something_is_used(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_example(path) is expected


@pytest.mark.parametrize(("adding", "is_found"), [("on", False), ("addListener", False), ("removeListener", True)])
def test_a_listener_of_the_process_handles_what_nothing_else_does(adding: str, is_found: bool, tmp_path: Path) -> None:  # noqa: FBT001
    (tmp_path / "a.js").write_text(
        f"const app = require('express')();\nprocess.{adding}('unhandledRejection', report);\napp.listen(80);\n"
    )
    found = analyse(tmp_path, Settings(enable=("monitoring/no-global-handler",))).findings
    assert bool(found) is is_found


def test_code_that_somebody_copied_into_the_tree_is_not_judged(tmp_path: Path) -> None:
    for name in ("script/Buttons-2.2.2/js/a.js", "script/player.js", "script/own.js", "script/player.min.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("try { send(); save(); } catch (e) {}\n")
    assert [finding.path for finding in analyse(tmp_path, Settings()).findings] == ["script/own.js"]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        pytest.param(0, 0, id="a package in which nobody keeps errors"),
        pytest.param(6, 6, id="a package in which others do"),
    ],
)
def test_what_comes_out_of_a_package_that_only_prints_errors_is_not_shown(
    kept: int, expected: int, tmp_path: Path
) -> None:
    form = 'func {0}{1}() error {{\n\tif err := g(); err != nil {{\n\t\treturn fmt.Errorf("no: {2}", err)\n\t}}\n\treturn nil\n}}\n'
    body = [form.format("f", n, "%v") for n in range(6)] + [form.format("k", n, "%w") for n in range(kept)]
    (tmp_path / "a.go").write_text('package a\n\nimport "fmt"\n\n' + "".join(body))
    assert len(analyse(tmp_path, Settings(enable=("handlers/lost-cause",))).findings) == expected
