"""Real bundler plugins and command lines, told errtally's address and a token, upload a build: it is found."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests import npm_packages
from tests.flow.exporter import Exporter, running
from tests.peers import peer
from tests.waiting import until

from errtally import names
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE_MAP
from errtally.exporter.store.tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.artifacts.artifact import Artifact

pytestmark = pytest.mark.flow

BUILDS = Path(__file__).parents[1] / "npm_builds"
KEY = "0123456789abcdef0123456789abcdef"
RELEASE = "shop@1.4.2"
SECONDS = 180
"""A bundler that starts on a machine that is busy takes long."""

MAPPING = "shop.Cart -> a.b:\n    1:1:void total():7:7 -> c\n"


@dataclass(frozen=True)
class Tools:
    """Where the tools are, and where they upload to."""

    folder: Path
    exporter: Exporter
    token: str
    archive: Archive

    def run(self, *command: str, out: Path, status: int = 0) -> str:
        """Run a tool as continuous integration would; return what it said."""
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(out.parent), "NO_COLOR": "1", "OUT": str(out), "CI": "1",
            "EXPORTER_URL": self.exporter.url, "PROJECT_KEY": KEY, "SENTRY_URL": self.exporter.url,
            "SENTRY_AUTH_TOKEN": self.token, "SENTRY_ORG": "acme", "SENTRY_PROJECT": "shop",
        }  # fmt: skip
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tool(self, name: str) -> str:
        return str(self.folder / "node_modules" / name)

    def files(self) -> list[Artifact]:
        return self.archive.of_project("shop")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs that build, with what they import."""
    return npm_packages.beside(BUILDS, tmp_path_factory.mktemp("builds") / "npm")


@pytest.fixture
def tools(builds: Path, tmp_path: Path) -> Iterator[Tools]:
    (tmp_path / "main-token").write_text("a-token-of-24-characters")
    configuration = tmp_path / "errtally.yml"
    configuration.write_text(
        yaml.safe_dump(
            {
                "projects": [{"name": "shop", "id": "1", "keys": [KEY]}],
                "web": {"token_file": str(tmp_path / "main-token")},
                "alerting": {"scrape_interval": "0s"},
            }
        )
    )
    with running(tmp_path, "--config", str(configuration)) as exporter:
        token = TokenStore(exporter.data_dir).create("ci", ("ingest-artifacts",), "ann", 1.0)
        archive = Archive(exporter.data_dir)
        yield Tools(builds, exporter, token, archive)
        archive.close()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(("vite.mjs",), id="vite"),
        pytest.param(("rollup.mjs",), id="rollup"),
        pytest.param(("esbuild.mjs",), id="esbuild"),
        pytest.param(("webpack.cjs", "sentry"), id="webpack"),
    ],
)
def test_a_bundler_s_plugin_uploads_what_it_built(tools: Tools, tmp_path: Path, script: tuple[str, ...]) -> None:
    out = tmp_path / "dist"
    tools.run(peer("node"), *script, out=out)
    found = tools.files()
    [script_file] = [one for one in found if one.kind == MINIFIED_SOURCE]
    [map_file] = [one for one in found if one.kind == SOURCE_MAP]
    assert script_file.debug_id == map_file.debug_id != ""
    assert {one.release for one in found} == {RELEASE}
    [built] = out.rglob("*.js")
    assert script_file.debug_id in built.read_text()  # what the browser's events will tell
    assert b"cart.js" in tools.archive.content(map_file.sha1)
    tools.exporter.wait_until_folded()
    until(
        lambda: tools.exporter.total(names.DEPLOYS, project="shop", environment="production") == 1,
        lambda: "the deploy was not told",
    )


@pytest.mark.parametrize("client", ["@sentry/cli/bin/sentry-cli", "sentry-cli-2/bin/sentry-cli"], ids=["3", "2"])
def test_sentry_cli_uploads_maps_mappings_and_programs_and_manages_releases(
    tools: Tools, tmp_path: Path, client: str
) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "app.js").write_text("f();\n//# sourceMappingURL=app.js.map\n")
    (out / "app.js.map").write_text('{"version":3,"sources":["cart.ts"],"names":[],"mappings":"AAAA"}')
    cli = tools.tool(client)
    tools.run(
        cli, "sourcemaps", "upload", "--release", RELEASE, "--dist", "42", "--url-prefix", "~/js", "--wait", str(out),
        out=out,
    )  # fmt: skip
    [script, *_] = tools.archive.by_url("shop", RELEASE, "42", ["~/js/app.js"])
    assert script.map_url == "app.js.map"
    assert tools.archive.by_url("shop", RELEASE, "42", ["~/js/app.js.map"])
    tools.run(cli, "sourcemaps", "inject", str(out), out=out)
    tools.run(cli, "sourcemaps", "upload", "--wait", str(out), out=out)
    [debug_id] = {one.debug_id for one in tools.files() if one.debug_id}
    assert debug_id in (out / "app.js").read_text()
    assert len(tools.archive.by_debug_id("shop", debug_id)) == 2
    (tmp_path / "mapping.txt").write_text(MAPPING)
    said = tools.run(cli, "upload-proguard", str(tmp_path / "mapping.txt"), out=out)
    [mapping] = [one for one in tools.files() if one.kind == "proguard"]
    assert mapping.debug_id in said
    shutil.copy("/bin/true", tmp_path / "native")
    pytest.importorskip("symbolic")
    said = tools.run(cli, "debug-files", "upload", "--wait", str(tmp_path / "native"), out=out)
    [native] = [one for one in tools.files() if one.kind == "native"]
    assert native.debug_id in said
    for words in (("new",), ("finalize",), ("info",)):
        tools.run(cli, "releases", *words, RELEASE, out=out)
    tools.run(cli, "deploys", "new", "--release", RELEASE, "-e", "production", out=out)
    assert RELEASE in tools.run(cli, "releases", "list", out=out)
    tools.run(cli, "releases", "delete", RELEASE, out=out)
    assert tools.archive.of_release("shop", RELEASE) == []


def test_what_is_wrong_with_an_upload_is_what_sentry_cli_says(tools: Tools, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "app.js").write_text("f();\n")
    cli = tools.tool("@sentry/cli/bin/sentry-cli")
    said = tools.run(cli, "sourcemaps", "upload", "--wait", str(out), out=out, status=1)
    assert "no file of the bundle has a debug id, and no release was given" in said
    said = tools.run(
        cli, "sourcemaps", "upload", "--release", "1", "-p", "nowhere", str(out), out=out, status=1
    )  # fmt: skip
    assert "'nowhere' is none of shop" in said


def test_the_command_of_npm_uploads(tools: Tools, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "app.js").write_text("f();\n//# sourceMappingURL=app.js.map\n")
    (out / "app.js.map").write_text('{"version":3,"sources":["cart.ts"],"names":[],"mappings":"AAAA"}')
    sentry = tools.tool(".bin/sentry")
    tools.run(sentry, "sourcemap", "inject", str(out), out=out)
    tools.run(sentry, "sourcemap", "upload", "--release", RELEASE, str(out), out=out)
    [debug_id] = {one.debug_id for one in tools.files()}
    assert debug_id in (out / "app.js").read_text()


@pytest.mark.parametrize(
    ("plugin", "deploys", "has_script"),
    [pytest.param("honeybadger", 1, True, id="honeybadger"), pytest.param("rollbar", 0, False, id="rollbar")],
)
def test_other_trackers_plugins_upload_what_webpack_built(
    tools: Tools, tmp_path: Path, plugin: str, deploys: int, *, has_script: bool
) -> None:
    out = tmp_path / "dist"
    tools.run(peer("node"), "webpack.cjs", plugin, out=out)
    [script] = tools.archive.by_url("shop", RELEASE, "", ["~/static/app.js"])
    content = tools.archive.content(script.sha1)
    assert content == ((out / "app.js").read_bytes() if has_script else b"")
    [found] = tools.archive.by_url("shop", RELEASE, "", [f"~/static/{script.map_url}"])
    assert tools.archive.content(found.sha1) == (out / "app.js.map").read_bytes()
    tools.exporter.wait_until_folded()
    assert tools.exporter.total(names.DEPLOYS, project="shop") == deploys


@pytest.mark.parametrize("url", ["https://cdn.example/js/app.js", "https://*.example/*/app.js"])
def test_bugsnag_s_uploader_uploads_and_is_told_of_duplicates(tools: Tools, tmp_path: Path, url: str) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "app.js").write_text("f();\n")
    (out / "app.js.map").write_text('{"version":3,"sources":["cart.ts"],"names":[],"mappings":"AAAA"}')
    command = [
        tools.tool(".bin/bugsnag-source-maps"), "upload-browser", "--api-key", KEY, "--app-version", "1.4.2",
        "--source-map", str(out / "app.js.map"), "--bundle", str(out / "app.js"), "--bundle-url", url,
        "--endpoint", tools.exporter.url,
    ]  # fmt: skip
    tools.run(*command, "--overwrite", out=out)
    [script] = tools.archive.by_url("shop", "1.4.2", "", ["~/js/app.js"])
    assert tools.archive.content(script.sha1) == b"f();\n"
    tools.run(*command, out=out)  # the same again
    (out / "app.js").write_text("g();\n")
    assert "already" in tools.run(*command, out=out, status=1)
    command[3] = "f" * 32
    assert "API key" in tools.run(*command, out=out, status=1)
