"""Pages with the real @sentry/browser in headless Chromium, served from origins of their own."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("@sentry/browser@11.12.0", "esbuild@0.28.2")
_RESULT = re.compile(r"<output>(.*?)</output>", re.DOTALL)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "errtally-tests" / "browser"


def bundle() -> Path:
    """Return the SDK as one script that sets ``window.Sentry``; made once and kept in the user's cache folder."""
    npm = peer("npm")
    peer("node")
    folder = _cache()
    script = folder / f"{'-'.join(PACKAGES).replace('/', '_')}.js"
    if script.exists():
        return script
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(npm), "install", "--no-fund", "--no-audit", "--prefix", str(folder), *PACKAGES]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode:
        message = f"npm can't install {PACKAGES}: {installed.stderr[-500:]}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    entry = folder / "entry.js"
    entry.write_text('import * as Sentry from "@sentry/browser";\nwindow.Sentry = Sentry;\n')
    draft = script.with_suffix(".new")
    esbuild = folder / "node_modules" / ".bin" / "esbuild"  # a script or a program, as npm's settings have it
    command = [str(esbuild), str(entry), "--bundle", "--minify", f"--outfile={draft}"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    draft.rename(script)
    return script


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Serve a folder on a port of its own; gives the origin."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def write_page(folder: Path, script: str) -> None:
    """Write a page that runs an async script with the SDK at hand; what the script returns stands in its output."""
    (folder / "sentry.js").write_bytes(bundle().read_bytes())
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>shop</title><output></output><script src="sentry.js"></script>'
        f"<script>(async () => {{ {script} }})().then("
        'result => { document.querySelector("output").textContent = JSON.stringify(result); },'
        'error => { document.querySelector("output").textContent = "failed: " + error; });</script>'
    )


def visit(url: str, profile: Path) -> str:
    """Open a page in a fresh browser and return what it printed."""
    command = [str(peer("chromium")), *_FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=20000"]
    shown = subprocess.run([*command, "--dump-dom", url], check=True, capture_output=True, text=True, timeout=60).stdout
    found = _RESULT.search(shown)
    assert found is not None, shown
    return found[1]
