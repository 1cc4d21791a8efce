"""Take the pictures of the exporter's pages that the documentation shows: `python -m tests.pictures.pages`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.flow.exporter import running
from tests.flow.pages import LAYOUTS, fill
from tests.peers import peer

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    """Fill an exporter and take what a screen of each page shows."""
    with tempfile.TemporaryDirectory(prefix="errtally-pictures-") as name:
        folder = Path(name)
        (folder / "errtally.yml").write_text("grafana: {url: 'http://127.0.0.1:3000'}\n")
        with running(folder, "--config", str(folder / "errtally.yml")) as exporter, sync_playwright() as playwright:
            issue = f"/issues/{fill(exporter)}?project=shop"
            browser = playwright.chromium.launch(executable_path=str(peer("chromium")), args=["--no-sandbox"])
            for picture, path, layout in (
                ("issue", issue, "desktop-light"),
                ("issue-phone", issue, "phone-dark"),
                ("overview", "/overview", "desktop-light"),
            ):
                page = browser.new_page(**LAYOUTS[layout])
                page.goto(exporter.url + path)
                page.screenshot(path=PICTURES / f"{picture}.png")
                page.close()
            browser.close()


if __name__ == "__main__":
    main()
