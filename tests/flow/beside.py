"""What Prometheus scrapes beside the exporter: an application with recoveries, and the analyser's text file."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flow.programs import free_port, program
from tests.flow.scrape_target import scrape_target

if TYPE_CHECKING:
    from collections.abc import Iterator

ANALYSED = {
    "shop.py": '''"""A shop."""
import logging

import requests

log = logging.getLogger(__name__)


def rates():
    return requests.get("https://example.com/rates").json()


def price(order):
    print("pricing", order)
    try:
        return order["price"]
    except:
        pass


def pay(order):
    try:
        order.pay()
    except OSError:
        log.error("could not pay")
''',
    "shop.js": """export async function refresh(cache) {
  try {
    cache.set(await load());
  } catch (error) {}
  console.log("refreshed");
}
""",
    "cart.py": '''"""Carts."""
import requests


def total(cart):
    try:
        return sum(item["price"] for item in cart)
    except:
        pass


def rates():
    return requests.post("https://example.com/rates", json={}).json()


def clear(cart):
    try:
        cart.clear()
    except Exception:
        pass
''',
    "broken.py": "def price(:\n",
}
"""A small tree whose handling of errors leaves something to find, in two languages, and a file that can't be read."""


@dataclass(frozen=True)
class TextFile:
    """What node_exporter shows of one file of its textfile collector."""

    path: Path

    def exposition(self) -> str:
        """Return the file as it is now."""
        return self.path.read_text()


def analyse(folder: Path, form: str) -> Path:
    """Run the real analyser over `ANALYSED` and return its report in one of its formats."""
    tree, report = folder / "analysed", folder / f"report.{form}"
    tree.mkdir(exist_ok=True)
    for name, text in ANALYSED.items():
        (tree / name).write_text(text)
    command = [sys.executable, "-m", "errtally", "analyse", str(tree), "--format", form, "--fail-on", "never"]
    command += ["--output", str(report), *(["--project", "checkout"] if form == "prometheus" else [])]
    subprocess.run(command, check=True, capture_output=True)
    return report


@contextmanager
def beside(folder: Path) -> Iterator[dict[str, str]]:
    """Run both; yield job to target (HOST:PORT)."""
    port = free_port()
    app = [sys.executable, str(Path(__file__).parent / "recovering_app.py"), str(port)]
    with (
        scrape_target(TextFile(analyse(folder, "prometheus"))) as node,
        program(app, folder=folder, ready_url=f"http://127.0.0.1:{port}/metrics"),
    ):
        yield {"node": node, "shop": f"127.0.0.1:{port}"}
