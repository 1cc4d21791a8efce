"""A minified program in a real browser, its maps uploaded by the bundler's plugin, reads as its author wrote it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests import npm_packages
from tests.flow import browser
from tests.flow.exporter import Exporter, running
from tests.peers import peer
from tests.waiting import until

from errtally import names
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.symbols.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.flow, pytest.mark.browser]

BUILDS = Path(__file__).parents[1] / "npm_builds"
KEY = "0123456789abcdef0123456789abcdef"
SECONDS = 180
TOKEN = {"Authorization": "Bearer a-token-of-24-characters"}
CALLS = {
    # The calls of each failure, the newest first: function, file, and words of the line that only it has.
    "rows": [("<anonymous> in Shelf.rows", "shelf.ts", "book.place!.row"),
             ("Shelf.rows", "shelf.ts", "this.#books.map"), ("failures.rows", "main.ts", "shelf.rows()")],
    "fines": [("euros", "lib/euros.ts", "toFixed(digits)"), ("desk.fine", "fines.ts", "return euros("),
              ("<anonymous> in desk.all", "fines.ts", "this.fine(one"), ("desk.all", "fines.ts", "this.fine(one"),
              ("failures.fines", "main.ts", "desk.all(")],
    "lend": [("permit", "loan.ts", "throw new LoanError"), ("lend", "loan.ts", "await permit("),
             ("failures.lend", "main.ts", "await lend(")],
}  # fmt: skip
BUNDLERS = [
    pytest.param(("vite.mjs",), id="vite"),
    pytest.param(("esbuild.mjs",), id="esbuild"),
    pytest.param(("webpack.cjs", "sentry"), id="webpack"),
]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs that build, with what they import."""
    return npm_packages.beside(BUILDS, tmp_path_factory.mktemp("library") / "npm")


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    pytest.importorskip("symbolic")
    (tmp_path / "main-token").write_text("a-token-of-24-characters")
    configuration = tmp_path / "errtally.yml"
    settings = {
        "projects": [{"name": "shop", "id": "1", "keys": [KEY]}],
        "web": {"token_file": str(tmp_path / "main-token")},
        "alerting": {"scrape_interval": "0s"},
    }
    configuration.write_text(yaml.safe_dump(settings))
    with running(tmp_path, "--config", str(configuration)) as exporter:
        yield exporter


def _change(folder: Path) -> None:
    """Change the program as a new version does: lines above, a function more, another file touched."""
    for path in folder.rglob("*.ts"):
        path.write_text("// Version 2.\n\n" + path.read_text())
    shelf = folder / "shelf.ts"
    added = "  get size(): number {\n    return this.#books.length;\n  }\n\n  rows(): number[] {"
    shelf.write_text(shelf.read_text().replace("  rows(): number[] {", added))
    main = folder / "main.ts"
    main.write_text(main.read_text() + "\ndocument.title = `Books: ${shelf.size}`;\n")


def _build(builds: Path, script: tuple[str, ...], out: Path, release: str, exporter: Exporter, token: str) -> None:
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(out.parent), "NO_COLOR": "1", "CI": "1", "OUT": str(out),
        "ENTRY": "library/main.ts", "RELEASE": release, "EXPORTER_URL": exporter.url, "PROJECT_KEY": KEY,
        "SENTRY_URL": exporter.url, "SENTRY_AUTH_TOKEN": token, "SENTRY_ORG": "acme", "SENTRY_PROJECT": "shop",
    }  # fmt: skip
    done = subprocess.run(
        [peer("node"), *script], cwd=builds, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = out.rglob("*.js")
    lines = [len(line) for line in built.read_text().splitlines()]
    assert max(lines) > 400, "it is not minified"


def _fail(out: Path, release: str, exporter: Exporter, profile: Path) -> None:
    """Run the built program in a browser, and have each of its failures reported by the real client."""
    [built] = out.rglob("*.js")
    browser.write_page(
        out,
        f"""
        Sentry.init({{dsn: "{exporter.url.replace("://", f"://{KEY}@")}/1", release: "{release}"}});
        await new Promise((resolve, reject) => {{
          const script = document.createElement("script");
          script.type = "module";
          script.src = "/{built.relative_to(out)}";
          script.onload = resolve;
          script.onerror = reject;
          document.body.append(script);
        }});
        for (const name of {list(CALLS)}) {{
          try {{ await window.failures[name](); }} catch (error) {{ Sentry.captureException(error); }}
        }}
        return await Sentry.flush(5000);
        """,
    )
    with browser.site(out) as origin:
        assert browser.visit(origin, profile) == "true"


def _calls(exporter: Exporter, issue: dict[str, Any]) -> list[tuple[str, str, int, str]]:
    """Return function, file, line and source line of the calls of an issue's newest event, the newest first."""
    said = exporter.get(f"/issues/{issue['issue']}.md?project=shop", TOKEN).decode()
    calls: list[tuple[str, str, int, str]] = []
    for line in said.splitlines():
        if match := re.match(r"  at (.+) \((?:.*/)?(\w+\.ts):(\d+)\)$", line):
            calls.append((match[1], match[2], int(match[3]), ""))
        elif (match := re.match(r"    > \d+: (.*)$", line)) and calls:
            calls[-1] = (*calls[-1][:3], match[1].strip())
    return calls


def _issues(exporter: Exporter) -> list[dict[str, Any]]:
    exporter.wait_until_folded()
    return json.loads(exporter.get("/api/issues?project=shop", TOKEN))["issues"]


@pytest.mark.parametrize("script", BUNDLERS)
def test_a_minified_program_reads_as_its_author_wrote_it(
    builds: Path, exporter: Exporter, tmp_path: Path, script: tuple[str, ...]
) -> None:
    token = TokenStore(exporter.data_dir).create("ci", ("ingest-artifacts",), "ann", 1.0)
    archive = Archive(exporter.data_dir)
    folder = tmp_path / "build"
    shutil.copytree(builds, folder, symlinks=True)
    for build in (1, 2):
        if build == 2:
            _change(folder / "library")
        out, release = tmp_path / f"dist-{build}", f"library@{build}"
        _build(folder, script, out, release, exporter, token)
        resolver = Resolver(archive)
        until(
            lambda resolver=resolver: all(map(resolver.files.is_made, resolver.wanted_since(0.0))),
            lambda: "what was uploaded is not read",
        )
        _fail(out, release, exporter, tmp_path / f"profile-{build}")
        issues = _issues(exporter)
        assert sorted(one["events"] for one in issues) == [build] * len(CALLS), issues
        sources = {path: path.read_text().splitlines() for path in (folder / "library").rglob("*.ts")}
        expected = []
        for calls in CALLS.values():
            wanted = []
            for function, file, words in calls:
                text = sources[folder / "library" / file]
                line = next(at for at, one in enumerate(text, 1) if words in one)
                wanted.append((function, Path(file).name, line, text[line - 1].strip()))
            expected.append(wanted)
        found = [_calls(exporter, issue) for issue in issues]
        assert sorted(map(str, found)) == sorted(map(str, expected))
    archive.close()
    assert exporter.total(names.NEW_ISSUES, project="shop") == len(CALLS)
