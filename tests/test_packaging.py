"""The package as users get it: built from a clean copy, installed in a clean environment, with every room, in use."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
from tests.flow.programs import free_port
from tests.peers import peer
from tests.waiting import until

ROOT = Path(__file__).parents[1]
ROOMS = ("exporter", "rules", "dashboards", "alertmanager")


def _run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done


SAFE_DIRECTORY = {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
"""git copies a checkout that belongs to another user as well."""

SOURCE_URL = "https://git.example.org/us/errtally"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist, and from it the wheel, of a copy of the checkout, links as links, as a release does."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "errtally-data")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    environ = {**os.environ, "SOURCE_URL": SOURCE_URL}
    _run(sys.executable, "-m", "build", "--outdir", folder / "dist", source, env=environ)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def exporter_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel and what the exporter needs, in the versions of the constraints."""
    folder = tmp_path_factory.mktemp("exporter")
    return _environment(folder, f"errtally[exporter] @ {wheel.as_uri()}", "--constraint", ROOT / "constraints.txt")


def _environment(folder: Path, requirement: str, *options: str | Path) -> Path:
    """Make a clean environment with one requirement and what it needs."""
    _run(sys.executable, "-m", "venv", folder)
    _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *options, requirement)
    return folder


def _git_requirement(_dist: Path) -> str:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    peer("git")
    return f"errtally @ git+file://localhost{ROOT}"


SOURCES = {
    "the wheel": lambda dist: f"errtally @ {next(dist.glob('*.whl')).as_uri()}",
    "the sdist": lambda dist: f"errtally @ {next(dist.glob('*.tar.gz')).as_uri()}",
    "git": _git_requirement,
}
"""From what people install: what pip is told, given the folder of what was built."""


@pytest.mark.parametrize("source", SOURCES)
def test_what_was_installed_serves_counts_an_event_and_is_scraped(
    dist: Path, exporter_environment: Path, source: str, tmp_path: Path
) -> None:
    requirement = SOURCES[source](dist)
    python = exporter_environment / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps")
    _run(*pip, requirement, env={**os.environ, "GIT_CONFIG_COUNT": "1", **SAFE_DIRECTORY})
    port = free_port()
    serve = [exporter_environment / "bin" / "errtally", "serve", "--listen", f"127.0.0.1:{port}"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*serve, "--data-dir", tmp_path / "data"], cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: "errtally listens on" in log.read_text() or running.poll(), log.read_text)
        script = f"""
import errtally
errtally.init("http://127.0.0.1:{port}", key="any", project="shop", hooks=False)
errtally.capture_exception(LookupError("no such cart"))
"""
        _run(python, "-c", script, cwd=tmp_path)
        series = r'^errtally_events_total{.*type="LookupError".*} 1$'

        def scraped() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return re.search(series, answer.read().decode(), re.MULTILINE) is not None

        until(scraped, log.read_text)
    finally:
        running.terminate()
        assert running.wait(60) == 0, log.read_text()


def test_the_packages_links_and_the_readmes_pictures_are_absolute_in_a_release(wheel: Path) -> None:
    metadata = email.message_from_bytes(
        next(zipfile.ZipFile(wheel).read(n) for n in zipfile.ZipFile(wheel).namelist() if n.endswith("/METADATA"))
    )
    links = dict(link.split(", ") for link in metadata.get_all("Project-URL"))
    assert links["Source"] == SOURCE_URL
    targets = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    assert f"{SOURCE_URL}/raw/v0.1.0/docs/pictures/issue.png" in targets
    for target in [*targets, *links.values()]:
        assert target.startswith((SOURCE_URL, "http://127.0.0.1")), target
        if inside := re.fullmatch(rf"{SOURCE_URL}/(?:raw|blob)/v[\d.]+/(.+)", target):
            assert (ROOT / inside[1].partition("#")[0]).exists(), target


def test_the_wheel_has_one_top_level_package_and_every_file_that_is_read_at_run_time(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"errtally"}
    for needed in (
        "errtally/py.typed",
        "errtally/config/schema/exporter.json",
        "errtally/event/scrub/rules.json",
        "errtally/exporter/store/schema.sql",
        "errtally/exporter/grouping/data/masking.json",
        "errtally/exporter/web/templates/issue.html",
        "errtally/exporter/web/static/errtally.css",
    ):
        assert needed in names


def test_the_plain_package_needs_nothing_and_says_what_the_command_line_needs(wheel: Path, tmp_path: Path) -> None:
    environment = _environment(tmp_path, str(wheel))
    python = environment / "bin" / "python"
    listed = _run(python, "-m", "pip", "list", "--format=freeze").stdout.split()
    assert {line.split("==")[0] for line in listed} <= {"errtally", "pip", "setuptools"}
    rooms = ("names", "event.scrub", "event.model", "client.tracker", "client.performance", "logs", "recovery")
    _run(python, "-c", f"import {', '.join(f'errtally.{room}' for room in rooms)}", cwd="/")
    done = subprocess.run([environment / "bin" / "errtally", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'errtally[all]'" in done.stderr


def test_with_all_extras_every_room_imports_and_the_commands_run(wheel: Path, tmp_path: Path) -> None:
    environment = _environment(tmp_path, f"errtally[all] @ {wheel.as_uri()}")
    python = environment / "bin" / "python"
    script = """
import importlib, pkgutil, errtally
# Integrations need the frameworks that they are for.
frameworks = ("aiohttp_app", "django_middleware", "celery_tasks")
for module in pkgutil.walk_packages(errtally.__path__, "errtally."):
    if not module.name.endswith(("__main__", *frameworks)):
        importlib.import_module(module.name)
        print(module.name)
"""
    imported = _run(python, "-c", script, cwd="/").stdout.split()
    for room in ROOMS:
        assert f"errtally.{room}" in imported
    assert "serve" in _run(environment / "bin" / "errtally", "--help").stdout
    for command in ("serve", "group", "config", "rules", "alertmanager", "dashboards", "demo", "bench"):
        assert "Usage" in _run(environment / "bin" / "errtally", command, "--help").stdout
