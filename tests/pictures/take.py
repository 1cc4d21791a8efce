"""Take pictures of the dashboards: `make dashboard-pictures`.

An hour of the demo's traffic goes through a real exporter (see `history`), what was scraped into a real Prometheus;
a page made of Grafana's own published components draws the dashboards with it, in a headless Chromium. Three kinds of
panels are not published and are drawn by simple stand-ins: pie, heatmap and state timeline. The packages (500 MB) are
kept outside of the tree, in ERRTALLY_PICTURES_CACHE, by default ~/.cache/errtally-pictures.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.flow.programs import free_port, program
from tests.peers import peer
from tests.pictures import history

from errtally import config
from errtally.dashboards.build import build as build_dashboards
from errtally.rules.build import RULES_ENDING
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
PICTURES = HERE.parents[1] / "docs" / "pictures"
CACHE = Path(os.environ.get("ERRTALLY_PICTURES_CACHE", Path.home() / ".cache" / "errtally-pictures"))
WIDE, NARROW = 1500, 420
ONE_SERVICE = {"project": "checkout", "project_text": "checkout"}
"""What the dashboard of a service shows, which has a choice of one."""


class Site(http.server.SimpleHTTPRequestHandler):
    """The page, the dashboards, and Prometheus under the same address so that the page may ask it."""

    def __init__(self, *args: Any, prometheus_address: str, dashboards: Mapping[str, str], **kwargs: Any) -> None:
        self._prometheus = prometheus_address
        self._dashboards = dashboards
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/prometheus/"):
            url = f"http://{self._prometheus}{self.path.removeprefix('/prometheus')}"
            try:
                with urllib.request.urlopen(url, timeout=20) as answer:
                    self._answer(answer.status, answer.read())
            except urllib.error.HTTPError as exc:
                with exc:
                    self._answer(exc.code, exc.read())
        elif path.startswith("/dashboards/"):
            self._answer(200, self._dashboards[path.removeprefix("/dashboards/")].encode())
        else:
            super().do_GET()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output to what was drawn."""


def bundle() -> None:
    """Install the packages where they are missing, and bundle the page."""
    (CACHE / "site").mkdir(parents=True, exist_ok=True)
    for source in [*HERE.glob("*.js*"), *HERE.glob("*.mjs")]:
        shutil.copy(source, CACHE)
    shutil.copy(HERE / "index.html", CACHE / "site")
    wanted, installed = HERE / "package.json", CACHE / "node_modules" / ".installed.json"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        # The packages ask for each other's versions more strictly than they need them.
        subprocess.run(["npm", "install", "--legacy-peer-deps", "--no-audit", "--no-fund"], cwd=CACHE, check=True)
        shutil.copy(wanted, installed)
    subprocess.run(["node", "bundle.mjs"], cwd=CACHE, check=True)


def chosen(names: list[str], *, every: bool) -> list[tuple[str, str, int]]:
    """Every dashboard wide and dark, for the documentation some also light and narrow; or all in every way."""
    if every:
        return [(name, theme, width) for name in names for theme in ("dark", "light") for width in (WIDE, NARROW)]
    found = [(name, "dark", WIDE) for name in names]
    found += [(name, "light", WIDE) for name in names if name in {"overview", "performance"}]
    return found + [(name, "light", NARROW) for name in names if name in {"overview", "issue"}]


def jobs(
    site: str, found: list[tuple[str, str, int]], values: Mapping[str, str], start: float, end: float, out: Path
) -> list[Any]:
    """Return what to draw: address of the page, width, file."""
    result = []
    for name, theme, width in found:
        own = {**values, **ONE_SERVICE} if name == "service" else values
        asked = {"dashboard": name, "theme": theme, "from": int(start), "to": int(end), "values": json.dumps(own)}
        suffix = ("" if theme == "dark" else f"-{theme}") + ("" if width == WIDE else "-narrow")
        picture = str(out / f"dashboard-{name}{suffix}.png")
        result.append({"url": f"{site}/index.html?{urllib.parse.urlencode(asked)}", "width": width, "out": picture})
    return result


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="of history")
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--every", action="store_true", help="all of them, dark and light, wide and narrow")
    asked = parser.parse_args()
    peer("prometheus")
    bundle()
    document = config.parse("external_url: http://127.0.0.1:9765", "the pictures")
    rules = {name: text for name, text in build_rules(document).items() if name.endswith(RULES_ENDING)}
    with tempfile.TemporaryDirectory(prefix="errtally-pictures-") as name:
        folder = Path(name)
        print("an hour passes ...", flush=True)
        hour = history.play(folder, time.time() // 60 * 60, asked.seconds)
        history.backfill(folder, hour)
        # What rules record is read by other records, by alerts, and these by since when they fire.
        for step in (rules, rules, rules, history.alerts_as_records(rules), history.SINCE):
            with _prometheus(folder) as address:
                history.backfill_rules(folder, hour, step, address)
        with _prometheus(folder) as address:
            _shoot(hour, address, document, asked)


@contextmanager
def _prometheus(folder: Path) -> Iterator[str]:
    """Run a Prometheus with nothing but what was written into its folder."""
    (folder / "prometheus.yml").write_text("{}")
    address = f"127.0.0.1:{free_port()}"
    command = [str(peer("prometheus")), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    command += [f"--web.listen-address={address}", "--storage.tsdb.retention.time=10y"]
    with program(command, folder=folder, ready_url=f"http://{address}/-/ready"):
        yield address


def _shoot(hour: history.Hour, address: str, document: config.document.Document, asked: argparse.Namespace) -> None:
    files = build_dashboards(document)
    values = {
        "project": ".+", "environment": ".+", "transaction": ".*", "release": ".*", "instance": ".+", "service": ".+",
        "issue": hour.issue["issue"], "issue_text": hour.issue["title"].replace(",", ""),
    }  # fmt: skip
    handler = functools.partial(Site, prometheus_address=address, dashboards=files, directory=str(CACHE / "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        names = [name.removesuffix(".json") for name in files]
        work = jobs(
            f"http://127.0.0.1:{server.server_port}",
            chosen(names, every=asked.every),
            values,
            hour.start,
            hour.end,
            asked.out.absolute(),
        )
        subprocess.run(["node", "shoot.mjs", str(peer("chromium")), json.dumps(work)], cwd=CACHE, check=True)
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
