"""The documentation names everything that users can touch, and nothing in it is stale."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from flask import Flask
from tests.exporter.inprocess import InProcess
from tests.peers import peer

from errtally import names
from errtally.config.document import schema
from errtally.exporter import config
from errtally.exporter.protocols.registry import ENDPOINTS
from errtally.exporter.web.sentry_api.blueprints import BLUEPRINTS as SENTRY_BLUEPRINTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_reference_pages_are_what_make_generate_writes() -> None:
    # In a process of its own: click remembers in a command how it was called first.
    done = subprocess.run(
        [sys.executable, DOCS / "build_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _documented_routes() -> list[tuple[str, str]]:
    """Every `METHOD /path` of the documentation."""
    pages = "".join(path.read_text() for path in sorted(DOCS.glob("*.md")))
    return re.findall(r"`(GET|POST|PUT|DELETE) (/[^`\s]*)`", pages)


def test_every_route_of_the_app_is_documented(tmp_path: Path) -> None:
    made = InProcess(tmp_path)
    documented = set(_documented_routes())
    for rule in made.flask.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert (method, rule.rule) in documented, f"{method} {rule.rule}"
    made.close()


def test_every_route_of_sentry_s_api_is_documented_and_nothing_else() -> None:
    app = Flask("documented", static_folder=None)
    for blueprint in SENTRY_BLUEPRINTS:
        app.register_blueprint(blueprint)
    page = (DOCS / "sentry-api.md").read_text()
    documented = set(re.findall(r"`(GET|PUT|POST|DELETE) (/[^`\s]*)`", page))
    served = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert documented == served


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.pattern.pattern)
def test_every_ingest_route_is_documented(endpoint) -> None:
    paths = [path.replace("<", "").replace(">", "") for _, path in _documented_routes()]
    assert any(endpoint.pattern.fullmatch(path) for path in paths)


def _keys(part: dict) -> set[str]:
    found = set()
    for name, child in part.get("properties", {}).items():
        found |= {name} | _keys(child)
    if isinstance(part.get("items"), dict):
        found |= _keys(part["items"])
    if isinstance(part.get("additionalProperties"), dict):
        found |= _keys(part["additionalProperties"])
    return found


def test_every_key_of_the_configuration_is_documented() -> None:
    pages = "".join(path.read_text() for path in sorted(DOCS.glob("*.md")))
    missing = {key for key in _keys(schema()) if not re.search(rf"\b{re.escape(key)}\b", pages)}
    assert not missing


def test_every_environment_variable_is_documented() -> None:
    page = (DOCS / "configuration.md").read_text()
    for variable in (*config.ENVIRONMENT, "ERRTALLY_CONFIG"):
        assert f"`{variable}`" in page


def test_every_series_named_in_the_documentation_exists() -> None:
    catalogue = (*names.CATALOGUE, *names.CLIENT_CATALOGUE, *names.ANALYSER_CATALOGUE)
    known = {name for metric in catalogue for name in (metric.name, metric.family)}
    for path in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for name in re.findall(rf"\b{names.PREFIX}[a-z0-9_]+[a-z0-9]\b", path.read_text()):
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            assert base in known, f"{path.name}: {name}"


def test_links_between_the_pages_lead_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
            if not re.match(r"[a-z]+:", target):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


FOLDERS = ("alertmanager", "dashboards", "docs", "exporter", "rules", "src", "tests")
PLACEHOLDER = re.compile(r"/[A-Z-]+\b")
"""``rules/alerts/NAME.py`` is a file that the reader makes."""


def _named_places(page: str) -> set[tuple[str, str]]:
    """Every path of the checkout that a page names, and the name in it, "" where the whole file is meant."""
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)(?:::([\w.]+))?`", (DOCS / page).read_text())
    return {(path, name) for path, name in named if not PLACEHOLDER.search(path)}


def _names_in(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What statements define, each with the statements inside it."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node.body
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: [] for target in targets if isinstance(target, ast.Name)}
    return found


def _missing(places: set[tuple[str, str]]) -> list[str]:
    missing = []
    for path, name in sorted(places):
        if not (ROOT / path).exists():
            missing.append(path)
            continue
        body = ast.parse((ROOT / path).read_text()).body if name else []
        for part in name.split(".") if name else ():
            if part not in (inside := _names_in(body)):
                missing.append(f"{path}::{name}")
                break
            body = inside[part]
    return missing


@pytest.mark.parametrize("page", ["architecture.md", "contributing.md", "glossary.md"])
def test_every_file_and_name_of_the_code_that_a_page_for_developers_names_exists(page: str) -> None:
    places = _named_places(page)
    assert len(places) > 3
    assert _missing(places) == []


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(("exporter/no_such_file.py", ""), id="a file"),
        pytest.param(("exporter/no_such_room/", ""), id="a folder"),
        pytest.param(("exporter/writer.py", "no_such_function"), id="a function"),
        pytest.param(("exporter/writer.py", "Writer.no_such_method"), id="a method"),
    ],
)
def test_a_wrong_name_is_found(place: tuple[str, str]) -> None:
    assert len(_missing({place, ("exporter/writer.py", "Writer.step")})) == 1


def test_every_room_has_its_place_on_the_map() -> None:
    page = (DOCS / "architecture.md").read_text()
    rooms = [room for root in ("exporter", "src/errtally") for room in (ROOT / root).iterdir() if room.is_dir()]
    paths = {str(room.resolve().relative_to(ROOT)) for room in rooms if (room / "__init__.py").exists()}
    assert {path for path in paths if f"`{path}/`" not in page} == set()


def test_the_supported_peers_are_those_that_debian_has() -> None:
    codename = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    table = runpy.run_path(str(DOCS / "supported_versions.py"))["DEBIAN"]
    if codename is None or codename[1] not in table:
        pytest.skip("this is no Debian that is supported")
    _, *expected = table[codename[1]]
    for program, version in zip(("prometheus", "alertmanager"), expected, strict=True):
        done = subprocess.run([peer(program), "--version"], capture_output=True, text=True, check=True)
        assert f" version {version}." in done.stdout + done.stderr


def test_the_table_of_libraries_names_each_that_is_installed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    needed = {
        re.split(r"[^A-Za-z0-9_-]", entry, maxsplit=1)[0] for name in extras if name != "all" for entry in extras[name]
    }
    rows = [row for row in (DOCS / "decisions/0005-libraries.md").read_text().splitlines() if row.startswith("| ")]
    named = set(re.findall(r"[\w-]+", " ".join(row.split("|")[1] for row in rows)))
    assert sorted(needed - named) == []


def test_each_decision_has_a_number_of_its_own_and_its_place_in_the_menu() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    titles = [int(page.read_text().removeprefix("# ").partition(".")[0]) for page in pages]
    assert titles == list(range(1, len(pages) + 1))
    assert titles == [int(page.name[:4]) for page in pages]
    menu = (ROOT / "mkdocs.yml").read_text()
    assert [page.name for page in pages if f"decisions/{page.name}" not in menu] == []
