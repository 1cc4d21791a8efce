"""Helm, and what it renders of the chart."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.newest_programs import newest

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/errtally"
NAMESPACE = "errors"


class Loader(yaml.CSafeLoader):
    """Reads YAML as Go does, to which a plain ``=`` is text."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def helm() -> Path:
    """Return Helm's path, or end the test: failed in CI where it could have been built, skipped elsewhere."""
    if found := shutil.which("helm"):
        return Path(found)
    if os.environ.get("CI") and shutil.which("go"):
        pytest.fail("helm is not installed: python -m tests.newest_programs helm", pytrace=False)
    return newest("helm")


def run_helm(
    command: str, *arguments: str | Path, values: dict[str, Any], chart: Path = CHART, release: str = "errtally"
) -> tuple[int, str, str]:
    """Run a command of Helm's about the chart; return its exit status, output and complaints."""
    asked = [helm(), command, *([release] if command == "template" else []), chart]
    done = subprocess.run(
        [*asked, "--kube-version", "1.33", "--namespace", NAMESPACE, "--values", "-", *arguments],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
    )
    # The chart's files are links, which Helm follows and tells of.
    said = [line for line in done.stderr.splitlines() if "found symbolic link" not in line]
    return done.returncode, done.stdout, "\n".join(said)


def render(
    *arguments: str | Path, values: dict[str, Any], chart: Path = CHART, release: str = "errtally"
) -> list[dict[str, Any]]:
    """Return the objects that the chart makes of values."""
    status, output, said = run_helm("template", *arguments, values=values, chart=chart, release=release)
    assert (status, said) == (0, ""), said
    return [found for found in yaml.load_all(output, Loader) if found]


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the one object of a kind."""
    (found,) = [one for one in objects if one["kind"] == kind]
    return found
