"""Whether a tracker is initialised, however its names came into the file, and for which package of a tree."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pytest reads the annotations)

import pytest

from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings

CHECK = "monitoring/tracker-not-initialised"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def places(root: Path) -> list[str]:
    return [finding.path for finding in analyse(root, Settings(enable=(CHECK,))).findings]


_INITIALISED = [
    ("a.ts", 'import { init } from "@sentry/node";\ninit({ dsn });\n', "a named import"),
    ("a.ts", 'import { init as start } from "@sentry/node";\nstart({ dsn });\n', "an alias"),
    ("a.ts", 'import * as S from "@sentry/node";\nS.init({ dsn });\n', "a namespace"),
    ("a.ts", 'import S = require("@sentry/node");\nS.init({ dsn });\n', "an import of TypeScript's own"),
    ("a.js", 'const { init } = require("@sentry/node");\ninit({ dsn });\n', "a destructured require"),
    ("a.js", 'const { init: start } = require("@sentry/node");\nstart({ dsn });\n', "a renamed member of a require"),
    ("a.js", 'const S = require("@sentry/node");\nS.init({ dsn });\n', "a require"),
    ("a.js", 'require("@sentry/node").init({ dsn });\n', "a require without a name"),
    ("a.js", 'const start = require("@sentry/node").init;\nstart({ dsn });\n', "a member of a require"),
    ("a.mjs", 'const S = await import("@sentry/node");\nS.init({ dsn });\n', "a dynamic import"),
    ("a.js", 'const node_1 = require("@sentry/node");\n(0, node_1.init)({ dsn });\n', "compiled TypeScript"),
    ("a.js", 'const S = __importStar(require("@sentry/node"));\nS.init({ dsn });\n', "a wrapped require"),
    ("a.js", 'const r = __importDefault(require("rollbar"));\nnew r.default({ accessToken });\n', "a wrapped default"),
    ("a.ts", 'import Rollbar from "rollbar";\nnew Rollbar({ accessToken });\n', "a constructor"),
    ("a.js", 'const b = require("@bugsnag/js");\nb({ apiKey });\n', "a module that is a function"),
    ("a.ts", 'import Bugsnag from "@bugsnag/js";\nBugsnag.start({ apiKey });\n', "a default import"),
    ("a.js", 'const Raven = require("raven");\nRaven.config(dsn).install();\n', "the older client"),
    ("a.ts", 'import * as S from "@sentry/serverless";\nS.AWSLambda.init({ dsn });\n', "a namespace within"),
    *(
        ("a.ts", f'import {{ init }} from "@sentry/{name}";\ninit({{ dsn }});\n', f"for {name}")
        for name in (
            "react-native",
            "remix",
            "sveltekit",
            "nuxt",
            "astro",
            "electron/main",
            "solid",
            "bun",
            "cloudflare",
            "aws-serverless",
            "nestjs",
            "gatsby",
            "angular",
            "capacitor",
        )
    ),
    ("a.ts", 'import sentry from "@sentry/astro";\nexport default { integrations: [sentry({ dsn })] };\n', "Astro's"),
    (
        "a.ts",
        'import { withSentry } from "@sentry/cloudflare";\nexport default withSentry(env => ({}), {});\n',
        "a wrapper",
    ),
    (
        "a.ts",
        'import type { Event } from "@sentry/node";\nexport const f = (e: Event) => e;\n',
        "only types are imported",
    ),
    (
        "a.vue",
        '<script setup lang="ts">\nimport { init } from "@sentry/vue"\ninit({ dsn })\n</script>\n',
        "a component",
    ),
    ("a.py", "from sentry_sdk import init\ninit(dsn)\n", "Python's from"),
    ("a.py", "from sentry_sdk import init as start\nstart(dsn)\n", "Python's alias"),
    ("a.py", "import sentry_sdk as s\ns.init(dsn)\n", "an alias of Python's module"),
    ("a.py", "import sentry_sdk\nfrom functools import partial\nrun(partial(sentry_sdk.init, dsn))\n", "handed over"),
    ("a.py", "from raven import Client\nclient = Client(dsn)\n", "Python's older client"),
    ("a.py", "from raven.contrib.flask import Sentry\nsentry = Sentry(app)\n", "an extension of Flask"),
    ("a.py", "import rollbar.contrib.django\nROLLBAR = {'access_token': t}\n", "settings of Django"),
    (
        "a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sentry_sdk import Hub\n",
        "only for type checkers",
    ),
    ("A.java", "import static io.sentry.Sentry.init;\nclass A { void f() { init(o -> {}); } }\n", "a static import"),
    ("A.java", "import static io.sentry.Sentry.*;\nclass A { void f() { init(o -> {}); } }\n", "all static imports"),
    ("A.java", "import io.sentry.*;\nclass A { void f() { Sentry.init(o -> {}); } }\n", "all of a package"),
    ("A.java", "import io.sentry.Hint;\nclass A { void f() { io.sentry.Sentry.init(d); } }\n", "a full name"),
    (
        "A.java",
        "import io.sentry.android.core.SentryAndroid;\nclass A { void f() { SentryAndroid.init(this); } }\n",
        "Android",
    ),
    ("A.java", "import com.bugsnag.Bugsnag;\nclass A { Bugsnag b = new Bugsnag(key); }\n", "Java's constructor"),
    (
        "A.java",
        'import io.sentry.spring.jakarta.EnableSentry;\n@EnableSentry(dsn = "x")\nclass A { }\n',
        "Java's annotation",
    ),
    ("a.go", 'package a\nimport "github.com/getsentry/sentry-go"\nfunc f() { sentry.Init(o) }\n', "Go"),
    ("a.go", 'package a\nimport s "github.com/getsentry/sentry-go"\nfunc f() { s.Init(o) }\n', "Go's alias"),
    ("a.go", 'package a\nimport . "github.com/getsentry/sentry-go"\nfunc f() { Init(o) }\n', "Go's dot"),
    (
        "a.go",
        'package a\nimport "github.com/getsentry/sentry-go"\nfunc f() { c, err := sentry.NewClient(o) }\n',
        "a client",
    ),
    ("a.go", 'package a\nimport "github.com/bugsnag/bugsnag-go/v2"\nfunc f() { bugsnag.Configure(c) }\n', "a version"),
]


@pytest.mark.parametrize(("name", "source"), [pytest.param(*one[:2], id=one[2]) for one in _INITIALISED])
def test_a_tracker_is_initialised_however_it_is_imported(name: str, source: str, tmp_path: Path) -> None:
    assert places(write(tmp_path, {name: source})) == []


_NOT = [
    ("a.ts", 'import { captureException } from "@sentry/node";\ncaptureException(e);\n', "only reports"),
    ("a.ts", 'import * as S from "@sentry/react-native";\nimport { init } from "./app";\ninit();\n', "another init"),
    ("a.js", 'const S = require("@sentry/node");\nfunction f(S) { S.init(); }\n', "a parameter hides the module"),
    ("a.py", "import sentry_sdk\ndef f(sentry_sdk):\n    sentry_sdk.init()\n", "a parameter of Python"),
    ("A.java", "import io.sentry.Sentry;\nimport my.App;\nclass A { void f() { App.init(); } }\n", "another class"),
    ("a.go", 'package a\nimport "github.com/getsentry/sentry-go"\nfunc f() { sentry.Flush(t) }\n', "Go reports only"),
]


@pytest.mark.parametrize(("name", "source"), [pytest.param(*one[:2], id=one[2]) for one in _NOT])
def test_a_tracker_that_nothing_initialises_is_found(name: str, source: str, tmp_path: Path) -> None:
    assert places(write(tmp_path, {name: source})) == [name]


_USES = 'import { captureException } from "@sentry/node";\ncaptureException(e);\n'
_STARTS = 'import { init } from "@sentry/node";\ninit({ dsn });\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"a/package.json": "{}", "a/i.ts": _STARTS, "b/package.json": "{}", "b/i.ts": _USES},
            ["b/i.ts"],
            id="one package initialises nothing for another",
        ),
        pytest.param(
            {"package.json": "{}", "i.ts": _USES, "examples/e.ts": _STARTS},
            ["i.ts"],
            id="an example initialises nothing for the package",
        ),
        pytest.param(
            {
                "web/package.json": '{"name": "web", "dependencies": {"shared": "*"}}',
                "web/i.ts": _STARTS,
                "shared/package.json": '{"name": "shared"}',
                "shared/i.ts": _USES,
            },
            [],
            id="a package that another one uses, which initialises it",
        ),
        pytest.param(
            {
                "web/package.json": '{"name": "web", "dependencies": {"telemetry": "*"}}',
                "web/i.ts": _USES,
                "telemetry/package.json": '{"name": "telemetry"}',
                "telemetry/i.ts": _STARTS,
            },
            [],
            id="a package that initialises it for its users",
        ),
        pytest.param(
            {"package.json": '{"peerDependencies": {"@sentry/node": "*"}}', "i.ts": _USES},
            [],
            id="its users bring the tracker along",
        ),
        pytest.param(
            {"pom.xml": "<project/>", "package.json": "{}", "src/A.java": "import io.sentry.Sentry;\nclass A {}\n"},
            ["src/A.java"],
            id="a manifest of another language divides nothing",
        ),
    ],
)
def test_each_package_is_judged_by_itself(files: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    assert places(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/main/resources/application.properties", "sentry.dsn=https://a@b/1\n"),
        ("src/main/resources/application.yml", "spring:\n  name: a\nsentry:\n  # the project\n  dsn: ${DSN}\n"),
        ("docker-compose.yml", "services:\n  a:\n    environment:\n      SENTRY_DSN: https://a@b/1\n"),
        (".env", "SENTRY_DSN=https://a@b/1\n"),
    ],
)
def test_the_starter_of_spring_needs_a_setting_only(name: str, text: str, tmp_path: Path) -> None:
    java = {"pom.xml": "<project/>", "src/main/java/A.java": "import io.sentry.Sentry;\nclass A {}\n"}
    assert places(write(tmp_path / "without", java)) == ["src/main/java/A.java"]
    assert places(write(tmp_path / "with", {**java, name: text})) == []


def test_another_setting_of_the_same_name_starts_nothing(tmp_path: Path) -> None:
    files = {
        "application.yml": "sentry:\n  enabled: true\ndb:\n  dsn: x\n",
        "A.java": "import io.sentry.Sentry;\nclass A {}\n",
    }
    assert places(write(tmp_path, files)) == ["A.java"]


def test_files_alone_are_not_judged_as_a_service(tmp_path: Path) -> None:
    write(tmp_path, {"i.ts": _USES})
    assert analyse([tmp_path / "i.ts"], Settings(enable=(CHECK,))).findings == []


@pytest.mark.parametrize(
    "source",
    [
        "requests = Request.objects.all()\nrequests.get('http://a')\n",
        "def f(requests):\n    requests.get('http://a')\n",
        "import requests\ndef f(requests):\n    requests.get('http://a')\n",
        "import requests\ndef f():\n    for requests in g():\n        requests.post('http://a')\n",
        "from . import requests\nrequests.get('http://a')\n",
    ],
)
def test_a_variable_called_as_a_module_is_not_the_module(source: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.py": source})
    assert analyse(tmp_path, Settings(enable=("network/no-timeout",))).findings == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.py", "from requests import get as g\ng('http://a')\n"),
        ("a.py", "import requests as r\nr.get('http://a')\n"),
        ("a.js", 'import { request } from "node:https";\nrequest("https://a");\n'),
        ("a.js", 'const { get: fetch_ } = require("axios");\nfetch_("https://a");\n'),
        ("a.go", 'package a\nimport web "net/http"\nfunc f() { web.Get("http://a") }\n'),
    ],
)
def test_other_checks_know_names_by_their_imports_too(name: str, source: str, tmp_path: Path) -> None:
    write(tmp_path, {name: source})
    found = analyse(tmp_path, Settings(enable=("network/no-timeout",))).findings
    assert [finding.path for finding in found] == [name]


def test_a_module_that_a_function_requires_is_the_module_there(tmp_path: Path) -> None:
    write(tmp_path, {"a.js": 'function f() {\n  const https = require("https");\n  https.get("https://a");\n}\n'})
    assert [one.line for one in analyse(tmp_path, Settings(enable=("network/no-timeout",))).findings] == [3]
