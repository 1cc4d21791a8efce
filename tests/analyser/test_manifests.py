"""Dependencies of every kind of manifest, with their lines."""

from __future__ import annotations

import pytest

from errtally.analyser.libraries.lookup import library_of_module, library_of_package
from errtally.analyser.manifests import go_mod, gradle, package_json, pom, pyproject, requirements
from errtally.analyser.sources.read import SourceError


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        pytest.param(
            package_json,
            '{\n "dependencies": {"pino": "1"},\n "devDependencies": {\n  "@sentry/node": "2"}\n}',
            [("pino", 2), ("@sentry/node", 4)],
            id="package.json",
        ),
        pytest.param(
            requirements,
            "# x\nsentry-sdk[flask]>=2 ; python_version > '3'\n-r other.txt\nhttps://example.com/a.whl\n\nstructlog\n",
            [("sentry-sdk", 2), ("structlog", 6)],
            id="requirements.txt",
        ),
        pytest.param(
            pyproject,
            '[project]\ndependencies = [\n "loguru>=1",\n]\n[project.optional-dependencies]\na = ["rollbar"]\n'
            '[dependency-groups]\ndev = ["bugsnag", {include-group = "x"}]\n',
            [("loguru", 3), ("rollbar", 6), ("bugsnag", 8)],
            id="pyproject.toml",
        ),
        pytest.param(
            pyproject,
            '[tool.poetry.dependencies]\npython = "^3"\nloguru = "1"\n',
            [("loguru", 3)],
            id="pyproject.toml of Poetry",
        ),
        pytest.param(
            go_mod,
            "module a\n\nrequire go.uber.org/zap v1.2.3\nrequire (\n"
            "\tgithub.com/getsentry/sentry-go v0.1.0 // indirect\n)\n",
            [("go.uber.org/zap", 3), ("github.com/getsentry/sentry-go", 5)],
            id="go.mod",
        ),
        pytest.param(
            pom,
            "<project><dependencies>\n<dependency>\n<groupId>io.sentry</groupId>\n<artifactId>sentry</artifactId>\n"
            "</dependency></dependencies></project>",
            [("io.sentry:sentry", 2)],
            id="pom.xml",
        ),
        pytest.param(
            gradle,
            "dependencies {\n  implementation 'io.sentry:sentry:7.0'\n  // implementation 'a.b:c:1'\n"
            '  testImplementation("org.slf4j:slf4j-api")\n}\n',
            [("io.sentry:sentry", 2), ("org.slf4j:slf4j-api", 4)],
            id="build.gradle",
        ),
    ],
)
def test_dependencies_and_their_lines(module, text: str, expected: list[tuple[str, int]]) -> None:
    assert list(module.dependencies(text)) == expected


@pytest.mark.parametrize(
    ("module", "text"),
    [
        pytest.param(package_json, "{", id="not JSON"),
        pytest.param(package_json, "[]", id="not an object"),
        pytest.param(pyproject, "a = ", id="not TOML"),
        pytest.param(pom, "<a>", id="not XML"),
        pytest.param(pom, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="a document type, which could hold a bomb"),
    ],
)
def test_a_broken_manifest_is_refused(module, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        list(module.dependencies(text))
    assert caught.value.kind == "manifest"


@pytest.mark.parametrize(
    ("language", "module", "name"),
    [
        ("python", "sentry_sdk.integrations.flask", "sentry"),
        ("python", "logging", "logging"),
        ("typescript", "@sentry/node", "sentry"),
        ("java", "org.slf4j.LoggerFactory", "slf4j"),
        ("go", "log/slog", "slog"),
        ("python", "sentry_sdkx", None),
        ("go", "log/other", None),
        ("javascript", "express-session", None),
    ],
)
def test_a_module_belongs_to_its_library(language: str, module: str, name: str | None) -> None:
    found = library_of_module(language, module)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("package", "name"),
    [("Sentry_SDK", "sentry"), ("prom-client", "prometheus"), ("io.sentry:sentry", "sentry"), ("left-pad", None)],
)
def test_a_package_belongs_to_its_library(package: str, name: str | None) -> None:
    found = library_of_package(package)
    assert (found.name if found else None) == name
