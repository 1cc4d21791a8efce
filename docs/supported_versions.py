"""The table of supported versions in install.md: read from what the tests install and run, by `make generate`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

DEBIAN = {
    # Name: number, and the versions of Prometheus and Alertmanager that are its packages; a test holds them against
    # those that are installed.
    "bookworm": ("12", "2.42", "0.25"),
    "trixie": ("13", "2.53", "0.28"),
}

_BESIDE = {
    "django": "Django",
    "fastapi": "FastAPI",
    "flask": "Flask",
    "celery": "Celery",
    "aiohttp": "aiohttp",
    "structlog": "structlog",
    "sentry-sdk": "sentry-sdk (Python)",
}
"""What applications have beside errtally, by the package's name."""

_TRACKERS = ("bugsnag", "honeybadger", "rollbar")


def table() -> str:
    """Return the table in Markdown."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pythons = [
        found[1] for text in project["project"]["classifiers"] if (found := re.fullmatch(r".*:: (3\.\d+)", text))
    ]
    names = re.findall(r"^ *\.ci/bare-machine (\w+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    suites = [DEBIAN[name] for name in dict.fromkeys(names)]
    compose = (ROOT / "docker-compose.yml").read_text()
    grafana = re.search(r'^GRAFANA = "(.+)"', (ROOT / "tests/flow/grafana_schema.py").read_text(), re.MULTILINE)
    assert grafana
    # Of a package that has several versions for several Pythons, the last one stands.
    newest = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    rows = [
        (
            "Python",
            ", ".join(pythons),
            "all tests on 3.11; on 3.12 with the oldest packages, and on 3.13, those that need no other programs",
        ),
        (
            "Debian",
            ", ".join(number for number, _, _ in suites),
            "`make run` in bare root file systems, by a user, up to the first event; on 13 the tests as above",
        ),
        ("Prometheus", f"{suites[0][1]} and newer", _peers([suite[1] for suite in suites], compose, "prometheus")),
        ("Alertmanager", f"{suites[0][2]} and newer", _peers([suite[2] for suite in suites], compose, "alertmanager")),
        ("Grafana", f"9.3 and newer (schema {grafana[1]})", "its published types; its own panels draw the pictures"),
        (
            "Sentry SDKs",
            "envelopes and store requests",
            "captured requests of Python 2, raven 6.10, Node, browsers",
        ),
        *_beside(project, newest),
        *((f"{name} (Python)", newest[name], "in real programs") for name in _TRACKERS),
        *_javascript(),
    ]
    head = [("what", "versions", "how they are tested"), ("---",) * 3]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*head, *rows])


def _peers(versions: list[str], compose: str, name: str) -> str:
    image = re.search(rf"image: prom/{name}:v(\S+)", compose)
    assert image
    return f"real peers: {', '.join(versions)}; `docker-compose.yml` names {image[1]}"


def _beside(project: dict, newest: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the span from the lower bound in pyproject.toml to the version in constraints.txt."""
    wanted = [
        text
        for group in (*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values())
        for text in group
        if isinstance(text, str)
    ]
    lower = dict(text.partition(";")[0].split(">=") for text in wanted if ">=" in text)
    return [
        (title, f"{lower[name]} to {newest[name]}", "the newest, in real programs") for name, title in _BESIDE.items()
    ]


def _javascript() -> list[tuple[str, str, str]]:
    packages = json.loads((ROOT / "tests/npm/package.json").read_text())["dependencies"]
    return [(f"`{name}`", f"`{versions}`", "in real programs") for name, versions in packages.items()]
