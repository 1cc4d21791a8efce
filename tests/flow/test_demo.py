"""The demo's story in a real exporter: one release goes bad, is rolled back and comes again; the others are healthy."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.flow.exporter import AT_ONCE, Exporter, counting, running

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

DURATION_SECONDS = "25"
CHECKOUT = {"project": "checkout", "environment": "production"}


def _run(exporter: Exporter, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "errtally",
        "demo",
        "--url",
        exporter.url,
        "--rate",
        "60",
        "--duration",
        DURATION_SECONDS,
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    exporter.wait_until_folded()
    return done.stdout


def test_the_release_that_goes_bad_feeds_every_dashboard(tmp_path: Path) -> None:
    with counting(tmp_path) as exporter:
        _run(exporter)
        # The bad release, the old one again, the fix.
        assert exporter.total(names.DEPLOYS, **CHECKOUT) == 3
        deploys = exporter.get_json("/api/deploys?project=checkout")["deploys"]
        assert [one["release"] for one in deploys] == ["checkout@1.9.1", "checkout@1.8.3", "checkout@1.9.0"]
        # What it broke is resolved with the fix, which is a time to resolve.
        issues = exporter.get_json("/api/issues?project=checkout&limit=100")["issues"]
        broken = [issue["status"] for issue in issues if issue["type"] == "KeyError"]
        assert set(broken) == {"resolved"}
        assert exporter.total(names.RESOLVED_ISSUES, project="checkout") >= len(broken)
        assert exporter.total_count(names.ISSUE_RESOLUTION, project="checkout") >= len(broken)
        # While it was out, the breaker of what it calls was open.
        series = {name for name, _ in exporter.series()}
        assert {metric.name for metric in names.CLIENT_CATALOGUE} <= series
        assert exporter.total(names.BREAKER_REFUSED, project="checkout") > 0
        assert exporter.total(names.BREAKER_REFUSED, project="notifier") == 0
        assert exporter.total(names.BREAKER_STATE, project="checkout") == 0
        assert exporter.total(names.INGEST_REJECTED) == 0


@pytest.mark.parametrize("has_token", [False, True], ids=["without a token", "with a token"])
def test_where_a_login_is_asked_for_a_token_tells_of_deploys(tmp_path: Path, *, has_token: bool) -> None:
    (tmp_path / "token").write_text("let-me-in")
    web = {"username": "me", "password_file": "token", "token_file": "token", "metrics_login": False}
    (tmp_path / "errtally.yml").write_text(yaml.safe_dump({**AT_ONCE, "web": web}))
    with running(tmp_path, "--config", str(tmp_path / "errtally.yml")) as exporter:
        said = _run(exporter, *(["--token-file", str(tmp_path / "token")] if has_token else []))
        assert exporter.total(names.DEPLOYS, **CHECKOUT) == (3 if has_token else 0)
        assert ("Deploys and resolved issues are missing" in said) != has_token
