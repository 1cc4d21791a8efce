"""Hostile texts through every field that a page shows, in Chromium: nothing runs, and what is shown is the text."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from tests.flow import hostile
from tests.flow.exporter import Exporter, running
from tests.flow.pages import JSON, envelope
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Request

pytestmark = pytest.mark.flow

NAME = "<img src=x onerror=window.ran=1>"
"""Who decides: people's names stand in the history."""

TOGETHER = 12
"""Payloads in one text, where a protocol's fields are the same as another's on the page."""

INSPECT = """() => {
  const bad = [];
  for (const script of document.scripts) {
    if (script.text || new URL(script.src).origin !== location.origin) bad.push(script.outerHTML);
  }
  for (const element of document.querySelectorAll("*")) {
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith("on") || attribute.name === "style") bad.push(element.outerHTML);
    }
  }
  for (const link of document.querySelectorAll("a, area, form, button")) {
    const url = new URL(link.href || link.formAction || link.action, location.href);
    if (!["http:", "https:"].includes(url.protocol)) bad.push(link.outerHTML);
  }
  const strange = "iframe, object, embed, base, meta[http-equiv], style, img, video, audio, math, marquee, animate";
  for (const element of document.querySelectorAll(strange)) bad.push(element.outerHTML);
  if (window.ran) bad.push("it ran");
  return bad;
}"""


@pytest.fixture(scope="module")
def exporter(tmp_path_factory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "password").write_text("night shift")
    (folder / "errtally.yml").write_text(
        f"web: {{username: {json.dumps(NAME)}, password_file: {folder}/password}}\n"
        "retention: {events_per_issue: 500}\n"
    )
    with running(folder, "--config", str(folder / "errtally.yml")) as started:
        yield started


LOGIN = {"Authorization": "Basic " + b64encode(f"{NAME}:night shift".encode()).decode()}


def send(exporter: Exporter, path: str, body: bytes, headers: dict[str, str]) -> None:
    status, answer = exporter.post(path, body, headers)
    assert status < 300, (path, status, answer)


def fill(exporter: Exporter) -> None:
    """Send every payload in every field of a Sentry event, and the others' fields with several payloads in each."""
    for number, text in enumerate(hostile.PAYLOADS):
        event = hostile.sentry(text, number)
        send(exporter, "/api/sentry/envelope/?sentry_key=k", envelope(event), {})
    key = {"Authorization": "Bearer k"} | JSON
    for start in range(0, len(hostile.PAYLOADS), TOGETHER):
        text = " ".join(hostile.PAYLOADS[start : start + TOGETHER])
        for path, body, headers in (
            ("/api/events?project=native", hostile.native(text), key),
            ("/v1/logs", hostile.otlp(text), key),
            ("/api/v3/projects/airbrake/notices", hostile.airbrake(text), key),
            ("/api/1/item/", hostile.rollbar(text), {"X-Rollbar-Access-Token": "k"} | JSON),
            ("/notify", {"apiKey": "k", **hostile.bugsnag(text)}, {"Bugsnag-Api-Key": "k"} | JSON),
            ("/v1/notices/js", hostile.honeybadger(text), {"X-API-Key": "k"} | JSON),
        ):
            send(exporter, path, json.dumps(body).encode(), headers)
    for number, text in enumerate(hostile.PAYLOADS):
        body = {"version": "4", "externalURL": text, "alerts": [hostile.alert(text, number)]}
        send(exporter, "/api/alerts?project=sentry", json.dumps(body).encode(), key)
    exporter.wait_until_folded()


def watched(page: Page, exporter: Exporter) -> list[str]:
    """Return the list that whatever a page does beside showing itself will be written into."""
    complaints: list[str] = []
    page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda said: complaints.append(f"console {said.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error {error}"))
    page.on("request", lambda sent: None if _is_own(sent, exporter) else complaints.append(f"request {sent.url}"))
    return complaints


def _is_own(sent: Request, exporter: Exporter) -> bool:
    """Whether this is the page that was asked for, or one of the exporter's own files."""
    return sent.url.startswith((f"{exporter.url}/static/", f"{exporter.url}/api/errors/stream?")) or (
        sent.is_navigation_request() and sent.frame.parent_frame is None and sent.url.startswith(f"{exporter.url}/")
    )


@pytest.mark.browser
def test_nothing_runs_and_the_text_is_what_was_sent(exporter) -> None:
    fill(exporter)
    issues = json.loads(exporter.get("/api/issues?status=all&limit=500", LOGIN))["issues"]
    assert {issue["project"] for issue in issues} >= {"sentry", "native", "otlp", "airbrake"}
    for issue in issues:
        path = f"/api/issues/{issue['issue']}/resolve?project={issue['project']}"
        send(exporter, path, b'{"in_release": "<svg onload=window.ran=1>"}', LOGIN | JSON)
    wrong: dict[str, list[str]] = {}
    shown = ""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(peer("chromium")), args=["--no-sandbox"])
        page = browser.new_page()
        complaints = watched(page, exporter)
        page.goto(f"{exporter.url}/login?next=/overview")
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password").fill("night shift")
        page.get_by_role("button", name="Log in", exact=True).click()
        paths = [
            "/overview",
            "/live",
            "/history",
            "/?status=all",
            *(f"/?status=all&project={name}" for name in ("sentry", "otlp")),
        ]
        paths += [f"/issues/{issue['issue']}?project={issue['project']}" for issue in issues]
        for path in paths:
            page.goto(exporter.url + path)
            assert page.locator("main h1").count() == 1
            if path == "/live":
                page.locator("#live-events li").nth(20).wait_for()  # the newest come over the stream
            found = page.evaluate(INSPECT) + complaints
            if found:
                wrong[path] = found
                complaints.clear()
            shown += page.evaluate("document.body.textContent")
        browser.close()
    assert wrong == {}
    for text in hostile.PAYLOADS:
        assert text in shown, text
    assert f"by {NAME}" in shown
    assert "in release: <svg onload=window.ran=1>" in shown
