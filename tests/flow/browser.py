"""Pages with the real @sentry/browser in headless Chromium, served from origins of their own."""

from __future__ import annotations

import functools
import http.server
import re
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.npm_packages import alone, installed
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = ("@sentry/browser@11.12.0", "esbuild@0.28.2")
_RESULT = re.compile(r"<output>(.*?)</output>", re.DOTALL)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def bundle() -> Path:
    """Return the SDK as one script that sets ``window.Sentry``; made once and kept in the user's cache folder."""
    packages = installed(*PACKAGES)
    with alone(f"browser-{packages.name}") as folder:
        script = folder / "sentry.js"
        if not script.exists():
            folder.mkdir(exist_ok=True)
            (folder / "node_modules").unlink(missing_ok=True)
            (folder / "node_modules").symlink_to(packages / "node_modules")
            (folder / "entry.js").write_text('import * as Sentry from "@sentry/browser";\nwindow.Sentry = Sentry;\n')
            draft = folder / "draft.js"
            esbuild = folder / "node_modules" / ".bin" / "esbuild"  # a script or a program, as npm's settings have it
            command = [str(esbuild), "entry.js", "--bundle", "--minify", f"--outfile={draft}"]
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
    shown = subprocess.run(
        [*command, "--dump-dom", url], check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    ).stdout
    found = _RESULT.search(shown)
    assert found is not None, shown
    return found[1]
