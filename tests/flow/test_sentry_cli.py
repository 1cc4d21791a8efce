"""Sentry's own command line reads issues from an exporter and decides about them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import running
from tests.waiting import PATIENCE_SECONDS

from errtally import names

if TYPE_CHECKING:
    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

TOKEN = "a-token-of-24-characters"


def _cli(exporter: Exporter, *words: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / "sentry-cli"
    given = {"SENTRY_URL": exporter.url, "SENTRY_AUTH_TOKEN": token, "SENTRY_ORG": "errtally", "SENTRY_PROJECT": "shop"}
    environ = {"PATH": os.environ["PATH"], "HOME": str(exporter.data_dir), "NO_COLOR": "1", **given}
    return subprocess.run(
        [command, *words], capture_output=True, text=True, env=environ, timeout=PATIENCE_SECONDS, check=False
    )


def _said(exporter: Exporter, *words: str) -> str:
    done = _cli(exporter, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_releases_are_made_finished_and_deployed_as_by_continuous_integration(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        for words in (
            ("releases", "new", "shop@1.4.2"),
            ("releases", "new", "shop@1.4.2"),
            ("releases", "finalize", "shop@1.4.2"),
            ("deploys", "new", "--release", "shop@1.4.2", "-e", "production", "-n", "first"),
            ("deploys", "new", "--release", "shop@1.4.2", "-e", "staging"),
            ("releases", "archive", "shop@1.4.2"),
            ("releases", "restore", "shop@1.4.2"),
            ("releases", "new", "shop@9.0.0"),
            ("releases", "delete", "shop@9.0.0"),
        ):
            _said(exporter, *words)
        listed = _said(exporter, "releases", "list")
        assert "shop@1.4.2" in listed
        assert "shop@9.0.0" not in listed
        deployed = _said(exporter, "deploys", "list", "--release", "shop@1.4.2")
        assert "first" in deployed
        assert "staging" in deployed
        exporter.wait_until_folded()
        assert exporter.total(names.DEPLOYS, project="shop", environment="production") == 1
        assert exporter.total(names.DEPLOYS, project="shop") == 2
        assert exporter.total(names.RELEASE_DEPLOYED, environment="staging", release="shop@1.4.2") > 0


def test_issues_are_listed_resolved_muted_and_opened_again(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "errtally.yml").write_text(f"web: {{token_file: {tmp_path}/token}}\n")
    with running(tmp_path, "--config", str(tmp_path / "errtally.yml")) as exporter:
        body = b'{"message": "no price for sku-7", "type": "PriceError", "context": {"release": "shop@1.4"}}'
        assert exporter.post("/api/events?project=shop", body)[0] == 200
        exporter.wait_until_folded()
        assert "errtally" in _said(exporter, "organizations", "list")
        assert "shop" in _said(exporter, "projects", "list")
        listed = _said(exporter, "issues", "list")
        assert "PriceError" in listed
        assert "SHOP-1" in listed
        for verb, status in (("resolve", "resolved"), ("unresolve", "unresolved"), ("mute", "ignored")):
            _said(exporter, "issues", verb, "--id", "1")
            found = _said(exporter, "issues", "list", "--query", f"is:{status}")
            assert "PriceError" in found, status
        assert "PriceError" not in _said(exporter, "issues", "list", "--query", "is:unresolved")
        assert "no price for sku-7" in _said(exporter, "events", "list")
        assert "1.4" in _said(exporter, "releases", "list")
        refused = _cli(exporter, "issues", "list", token="another")
        assert refused.returncode != 0
        assert "Invalid token" in refused.stdout + refused.stderr
