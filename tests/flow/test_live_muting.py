"""A 429 with Sentry's header mutes one category of a real SDK: the others go on, and it reports what it dropped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import npm_packages
from tests.flow.exporter import AT_ONCE, Exporter, running
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

NPM = Path(__file__).parents[1] / "npm"
APP = Path(__file__).with_name("sdk_muted.py")
ERRORS = 5
PROJECTS = ("brotli", "gzip", "node")


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("muting")
    config = folder / "errtally.yml"
    config.write_text(
        json.dumps(
            {
                "projects": [
                    {"name": name, "id": str(number), "keys": [f"{number}" * 32]}
                    for number, name in enumerate(PROJECTS, 1)
                ],
                **AT_ONCE,
                "rate_limits": {"error": {"per_second": 0.01, "burst": 1}},
            }
        )
    )
    with running(folder, "--config", str(config)) as shared:
        yield shared


def _dsn(exporter: Exporter, project: str) -> str:
    number = PROJECTS.index(project) + 1
    return f"{exporter.url.replace('://', f'://{str(number) * 32}@')}/{number}"


def _check_counts(exporter: Exporter, project: str) -> None:
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, project=project, environment="staging", type="TypeError") == 1
    exporter.wait_for_total(names.INGEST_DROPPED, 1, project=project, category="error", reason="rate_limited")
    assert exporter.total(names.REQUESTS, project=project) == ERRORS, "transactions are not muted"
    discarded = exporter.total(names.CLIENT_DISCARDED_EVENTS, project=project, reason="ratelimit_backoff")
    assert discarded == ERRORS - 2, "the others never left the SDK, and it said so"


@pytest.mark.parametrize("encoding", ["brotli", "gzip"])
def test_sentry_sdk_mutes_errors_only(exporter: Exporter, encoding: str) -> None:
    command = [sys.executable, str(APP), _dsn(exporter, encoding), str(ERRORS), encoding]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.strip() == {"brotli": "br", "gzip": "gzip"}[encoding]
    assert "ERROR" not in ended.stderr.replace("Rate-limited via", ""), ended.stderr[-2000:]
    _check_counts(exporter, encoding)


def test_sentry_for_node_mutes_errors_only(exporter: Exporter, tmp_path: Path) -> None:
    programs = npm_packages.beside(NPM, tmp_path / "npm")
    command = [peer("node"), str(programs / "node_muted.cjs"), _dsn(exporter, "node"), str(ERRORS)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr[-2000:]
    assert json.loads(ended.stdout)[:2] == [200, 429]
    _check_counts(exporter, "node")
