"""The package as users get it: built from a clean copy, installed in a clean environment, every room there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("exporter", "rules", "dashboards", "alertmanager")


def _run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist, and from it the wheel, of a copy of the checkout, links as links."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "errtally-data")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    _run(sys.executable, "-m", "build", "--outdir", folder / "dist", source)
    return next((folder / "dist").glob("*.whl"))


def _environment(folder: Path, requirement: str) -> Path:
    """Make a clean environment with one requirement and what it needs."""
    _run(sys.executable, "-m", "venv", folder)
    _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", requirement)
    return folder


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
