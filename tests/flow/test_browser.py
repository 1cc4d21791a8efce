"""The real browser SDK sends across origins, and understands what it is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow.browser import site, visit, write_page
from tests.flow.exporter import running
from tests.waiting import until

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.flow, pytest.mark.browser]

# Sends some errors, one after the other, and returns the status that the page could read of each answer.
SCRIPT = """
Sentry.init({ dsn: DSN, tunnel: TUNNEL, environment: "staging", release: "shop@7", integrations: [] });
const answers = [];
Sentry.getClient().on("afterSendEvent", (event, answer) => answers.push(answer && answer.statusCode || null));
for (let number = 0; number < ERRORS; number++) {
  Sentry.captureException(new TypeError("no price for item " + number));
  await Sentry.flush(3000);
}
return answers;
"""


def _script(port: int, *, key: str = "k1", tunnel: str | None = None, errors: int = 1) -> str:
    dsn = f"http://{key}@127.0.0.1:{port}/1"
    values = {"DSN": dsn, "TUNNEL": tunnel, "ERRORS": errors}
    script = SCRIPT
    for name, value in values.items():
        script = script.replace(name, json.dumps(value) if value is not None else "undefined")
    return script


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "site"
    path.mkdir()
    return path


def test_a_page_of_another_origin_sends_and_reads_the_answer(tmp_path: Path, folder: Path) -> None:
    with running(tmp_path) as exporter, site(folder) as origin:
        write_page(folder, _script(exporter.port, errors=2))
        assert visit(origin, tmp_path / "profile") == "[200,200]"
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS, project="1", environment="staging", type="TypeError") == 2
        (issue,) = exporter.get_json("/api/issues")["issues"]
        assert issue["title"].startswith("TypeError: no price for item")


def test_only_pages_of_allowed_origins_may_send(tmp_path: Path, folder: Path) -> None:
    with site(folder) as allowed, site(folder) as foreign:
        config = tmp_path / "errtally.yml"
        config.write_text(f"projects: [{{name: '1', keys: [k1], allowed_origins: ['{allowed}']}}]\n")
        with running(tmp_path, "--config", str(config)) as exporter:
            write_page(folder, _script(exporter.port))
            assert visit(allowed, tmp_path / "first") == "[200]"
            # The browser keeps the answer from the page, so the SDK sees no status.
            assert "200" not in visit(foreign, tmp_path / "second")
            exporter.wait_until_folded()
            assert exporter.total(names.EVENTS, project="1") == 1
            until(lambda: exporter.total(names.INGEST_REJECTED, reason="bad_origin"))


def test_a_page_that_is_over_its_limit_is_told_so_and_stops_sending(tmp_path: Path, folder: Path) -> None:
    config = tmp_path / "errtally.yml"
    config.write_text("projects: [{name: '1', keys: [k1], rate_limits: {error: {per_second: 0.01, burst: 1}}}]\n")
    with running(tmp_path, "--config", str(config)) as exporter, site(folder) as origin:
        write_page(folder, _script(exporter.port, errors=5))
        answers = json.loads(visit(origin, tmp_path / "profile"))
        assert answers[:2] == [200, 429]
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS, project="1") == 1
        # The SDK read the header through CORS: the other three errors never left the page.
        exporter.wait_for_total(names.INGEST_DROPPED, 1, category="error", reason="rate_limited")


def test_a_tunnel_takes_what_ad_blockers_would_keep(tmp_path: Path, folder: Path) -> None:
    config = tmp_path / "errtally.yml"
    config.write_text("projects: [{name: shop, id: '1', keys: [k1]}]\n")
    with running(tmp_path, "--config", str(config)) as exporter, site(folder) as origin:
        write_page(folder, _script(9, tunnel=f"{exporter.url}/assets/tunnel"))
        assert visit(origin, tmp_path / "profile") == "[200]"
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS, project="shop") == 1
