"""The JavaScript of docs/javascript.md, run with the real packages against the real exporter."""

from __future__ import annotations

import functools
import http.server
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.flow.programs import free_port
from tests.npm_packages import installed
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow
PAGE = Path(__file__).parents[2] / "docs" / "javascript.md"
PACKAGES = ("@sentry/node@^11", "@sentry/browser@^11", "express@^5", "esbuild")
SHOP = """
console.debug("for developers"); console.info("cart opened");
function price() { throw Object.assign(new RangeError("no price in the browser"), { code: "E_PRICE" }); }
setTimeout(price, 50);
setTimeout(() => { Promise.reject(new SyntaxError("rejected in the browser")); }, 100);
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page in a folder with their packages."""
    folder = tmp_path_factory.mktemp("javascript")
    (folder / "node_modules").symlink_to(installed(*PACKAGES) / "node_modules")
    for name, text in re.findall(r"^```js (\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text)
    return folder


@contextmanager
def _serving(folder: Path, exporter: Exporter) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = free_port()
    environ = {
        **os.environ,
        "ERRTALLY_DSN": exporter.url.replace("http://", "http://public@") + "/1",
        "NODE_ENV": "staging",
        "RELEASE": "shop@1.4.2",
        "PORT": str(port),
    }
    command = ["node", "--import", "./instrument.js", "app.js"]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert "port" in (process.stdout.readline() if process.stdout else "")
            yield f"http://127.0.0.1:{port}", process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Cookie": "a=secret-cookie"}), timeout=PATIENCE_SECONDS
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code


def test_express_reports_exceptions_statuses_and_no_cookies(application: Path, exporter: Exporter) -> None:
    with _serving(application, exporter) as (url, _):
        assert [_status(url + path) for path in ("/orders/5", "/orders/7", "/nowhere")] == [200, 500, 404]
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, environment="staging", level="error", type="TypeError") == 1
    assert exporter.total(names.EVENTS, environment="staging", level="warning") == 1
    assert exporter.total(names.EVENTS) == 2
    issues = exporter.get_json("/api/issues")["issues"]
    pages = "".join(exporter.get(f"/issues/{issue['issue']}").decode() for issue in issues)
    assert "secret-cookie" not in pages
    assert "GET unmatched answered 404" in pages
    assert "memory_bytes" in pages


def test_an_unhandled_rejection_is_fatal_and_ends_the_process(application: Path, exporter: Exporter) -> None:
    with _serving(application, exporter) as (url, process):
        assert _status(url + "/reject") == 200
        assert process.wait(PATIENCE_SECONDS) == 1
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, level="fatal", type="RangeError") == 1


@pytest.mark.browser
def test_a_browser_reports_across_origins(application: Path, exporter: Exporter) -> None:
    chromium = peer("chromium")
    page = application / "page"
    page.mkdir()
    dsn = exporter.url.replace("http://", "http://public@") + "/1"
    script = (application / "web.js").read_text().replace("https://KEY@errors.example.org/1", dsn)
    (application / "shop.js").write_text(script + SHOP)
    (page / "index.html").write_text("<!doctype html><title>shop</title><script src=shop.js></script>")
    bundle = ["node_modules/.bin/esbuild", "shop.js", "--bundle", "--outfile=page/shop.js", "--log-level=error"]
    subprocess.run(bundle, cwd=application, check=True, timeout=PATIENCE_SECONDS)
    handler = functools.partial(_Quiet, directory=str(page))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [str(chromium), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
        command += [f"--user-data-dir={application / 'profile'}", "--dump-dom"]
        subprocess.run(
            [*command, f"http://127.0.0.1:{server.server_port}/"],
            check=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        server.shutdown()
    until(lambda: exporter.total(names.EVENTS, level="fatal") >= 2)
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, level="fatal", type="RangeError") == 1
    assert exporter.total(names.EVENTS, level="fatal", type="SyntaxError") == 1
    why = [issue["why"] for issue in exporter.get_json("/api/issues")["issues"]]
    assert ["version 2", "client fingerprint RangeError, price, E_PRICE"] in why


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""
