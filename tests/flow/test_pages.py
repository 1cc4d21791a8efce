"""Every page in Chromium, with the real exporter: what people do on them, and how they look to everybody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.flow.axe import violations
from tests.flow.exporter import Exporter, running
from tests.flow.pages import LAYOUTS, fill
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.flow

TOKEN = {"Authorization": "Bearer t0ken-of-the-pages"}
MAX_PAGE_BYTES = 100_000
KEPT = f"{1:032x}"
"""The first event that is sent, which stays."""


@pytest.fixture(scope="module")
def exporter(tmp_path_factory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "password").write_text("night shift")
    (folder / "token").write_text(TOKEN["Authorization"].removeprefix("Bearer "))
    (folder / "errtally.yml").write_text(
        f"web: {{username: ann, password_file: {folder}/password, token_file: {folder}/token}}\n"
        "grafana: {url: 'http://grafana.example.com'}\n"
    )
    with running(folder, "--config", str(folder / "errtally.yml")) as started:
        yield started


@pytest.fixture(scope="module")
def issue(exporter) -> str:
    return fill(exporter, TOKEN)


def open_context(browser: Browser, exporter: Exporter, layout: str = "desktop-light", **options) -> BrowserContext:
    """Return a browser that is logged in."""
    context = browser.new_context(**LAYOUTS[layout], **options)
    # Not by a page: one that is closed while it goes on to the next never says that it is closed.
    context.request.post(f"{exporter.url}/login", form={"username": "ann", "password": "night shift"})
    return context


def log_in(page: Page, exporter: Exporter, path: str) -> None:
    page.goto(exporter.url + path)
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("night shift")
    page.get_by_role("button", name="Log in", exact=True).click()


def addresses(issue: str) -> dict[str, str]:
    return {
        "list": "/",
        "issue": f"/issues/{issue}?project=shop",
        "issue in an environment": f"/issues/{issue}?project=shop&environment=production",
        "tag": f"/issues/{issue}/tags/browser?project=shop",
        "events": f"/issues/{issue}/events?project=shop",
        "calls": f"/issues/{issue}/events/{KEPT}/calls?project=shop&exception=1",
        "breadcrumbs": f"/issues/{issue}/events/{KEPT}/breadcrumbs?project=shop",
        "request": f"/issues/{issue}/events/{KEPT}/request?project=shop",
        "text": f"/issues/{issue}/events/{KEPT}/text?project=shop",
        "an event that is gone": f"/issues/{issue}?project=shop&event={'f' * 32}",
        "overview": "/overview",
        "history": "/history",
        "releases": "/releases",
        "release": "/releases/shop/shop@1.5.0",
        "jobs": "/jobs",
        "job": "/jobs/shop/invoices",
        "alerts": "/alerts",
        "live": "/live",
        "runbook": "/runbooks/NewIssue",
        "not there": "/nowhere",
        "login": "/login",
        "login refused": "/login",
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_page_keeps_anybody_out(browser, exporter, issue, layout) -> None:
    """WCAG AA by axe-core, with all that is folded opened; nothing is wider than the screen."""
    context = open_context(browser, exporter, layout)
    stranger = browser.new_context(**LAYOUTS[layout])
    wrong = {}
    for name, path in addresses(issue).items():
        page = (stranger if name.startswith("login") else context).new_page()
        page.goto(exporter.url + path)
        if name == "login refused":
            page.get_by_label("Token").fill("wrong")
            page.get_by_role("button", name="Log in with the token").click()
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        found = violations(page, of_colours_only=layout.endswith("dark"))
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > LAYOUTS[layout]["viewport"]["width"]:
            found.append(f"the page is {width} wide")
        if found:
            wrong[name] = found
        page.close()
    context.close()
    stranger.close()
    assert wrong == {}


def test_a_page_is_small(exporter, issue) -> None:
    paths = [path for path in addresses(issue).values() if path not in {"/nowhere", "/login"}]
    sizes = {path: len(exporter.get(path, TOKEN)) for path in paths}
    assert max(sizes.values()) < MAX_PAGE_BYTES, sizes


@pytest.mark.parametrize("layout", ["desktop-light", "phone-dark"])
def test_an_issue_is_decided_on_its_page(browser, exporter, issue, layout) -> None:
    context = open_context(browser, exporter, layout)
    page = context.new_page()
    page.goto(f"{exporter.url}/issues/{issue}?project=shop")
    status, condition = page.locator("main .status").first, page.locator(".condition")
    latest = page.locator(".history li").first

    def decide(button: str, label: str | None = None, value: str = "", *, nth: int = 0) -> None:
        if page.locator(".decide").get_attribute("open") is None and label is not None:
            page.locator(".decide > summary").click()
        if label is not None and value:
            form = page.locator(".decisions form").filter(has_text=label).nth(nth)
            form.locator("input:not([type=hidden])").fill(value)
            form.get_by_role("button").click()
        else:
            page.get_by_role("button", name=button, exact=True).click()

    decide("Resolve")
    expect(status).to_have_text("resolved")
    expect(latest).to_contain_text("resolved by ann")
    decide("Reopen")
    expect(status).to_have_text("unresolved")
    decide("Ignore")
    expect(status).to_have_text("ignored")
    decide("Resolve in the next release", label="next")
    expect(status).to_have_text("resolved")
    expect(condition).to_contain_text("Resolved in the next release")
    decide("", "Resolved in release", "shop@9.1.0")
    expect(condition).to_contain_text("shop@9.1.0")
    expect(latest).to_contain_text("in release: shop@9.1.0")
    decide("", "more events", "23")
    expect(status).to_have_text("ignored")
    expect(condition).to_contain_text("23")
    decide("", "users were hit", "7")
    expect(condition).to_contain_text("7")
    decide("", "hours", "5")
    expect(condition).to_contain_text("until")
    decide("Reopen")
    expect(status).to_have_text("unresolved")
    expect(condition).to_have_count(0)
    context.close()


def test_sample_events_are_stepped_through(browser, exporter, issue) -> None:
    context = open_context(browser, exporter)
    page = context.new_page()
    page.goto(f"{exporter.url}/issues/{issue}?project=shop")
    heading, steps = page.locator("#event-heading"), page.get_by_role("navigation", name="Events of this issue")
    count = int(re.search(r"Event (\d+) of \1 kept", heading.inner_text())[1])
    assert count > 4
    expect(steps.get_by_role("link")).to_have_text(["First", "Previous", "All as a table"])
    for link, place in (("First", 1), ("Next", 2), ("Next", 3), ("Previous", 2), ("Latest", count)):
        steps.get_by_role("link", name=link).click()
        expect(heading).to_have_text(f"Event {place} of {count} kept")
        assert "event=" in page.url
    page.go_back()
    expect(heading).to_have_text(f"Event 2 of {count} kept")
    page.goto(f"{exporter.url}/issues/{issue}?project=shop&event={'f' * 32}")
    page.get_by_role("link", name="show the latest").click()
    expect(heading).to_have_text(f"Event {count} of {count} kept")
    with page.expect_response(lambda answer: answer.url.split("?")[0].endswith(".json")) as answered:
        page.get_by_role("link", name="JSON", exact=True).click()
    assert answered.value.json()["exceptions"][1]["type"] == "KeyError"
    context.close()


def test_an_issue_shows_what_a_metric_can_not_hold(browser, exporter, issue) -> None:
    context = open_context(browser, exporter, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{exporter.url}/issues/{issue}?project=shop")
    # The application's calls are open, the libraries' folded; the raised exception stands first.
    expect(page.locator(".frames .in-app").first).to_contain_text("shop/orders.py:31 in price_order")
    expect(page.get_by_text("flask/app.py:919 in full_dispatch_request")).to_be_hidden()
    page.get_by_text("3 calls in libraries: flask/app.py").click()
    expect(page.get_by_text("flask/app.py:919 in full_dispatch_request")).to_be_visible()
    assert page.locator(".exception h3").all_inner_texts() == [
        "KeyError nothing caught it",
        "caused by ConnectionError",
    ]
    page.get_by_text("Stack trace as text").click()
    page.locator(".copyable").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#stack-text").inner_text()
    assert copied.startswith("KeyError: 'A-17'\n  * price_order (shop/orders.py:31)\n      > price = rates")
    assert "Caused by: ConnectionError: Connection closed by server." in copied
    button = page.locator("[data-copy-url]")
    expect(button).to_have_text("Copy as Markdown")
    button.click()
    expect(button).to_have_text("Copied")
    markdown = page.evaluate("navigator.clipboard.readText()")
    assert markdown == exporter.get(f"/issues/{issue}.md?project=shop", TOKEN).decode()
    assert "shop/orders.py:31" in markdown
    # What the charts show stands there in words and numbers as well.
    day = page.locator(".chart").first
    assert day.get_by_role("img").get_attribute("aria-label").startswith("6 events and ")
    day.get_by_text("As a table").click()
    assert sum(map(int, day.locator("tbody td:nth-child(2)").all_inner_texts())) == 6
    expect(page.locator(".shares").nth(0)).to_contain_text("production")
    hrefs = page.eval_on_selector_all("main a", "links => Object.fromEntries(links.map(a => [a.textContent, a.href]))")
    assert (
        hrefs["Issue in Grafana"] == f"http://grafana.example.com/d/errtally-issue?var-project=shop&var-issue={issue}"
    )
    assert hrefs["Service in Grafana"] == "http://grafana.example.com/d/errtally-service?var-project=shop"
    assert hrefs["Runbook"].startswith(f"{exporter.url}/runbooks/")
    assert hrefs["Alertmanager"].startswith("http://alertmanager.example.com/#/alerts?filter=")
    expect(page.get_by_label("Alerts that fire for this issue")).to_contain_text("NewIssue")
    expect(page.locator("main")).to_contain_text("7.2 % of shop's requests failed")
    context.close()


@pytest.mark.usefixtures("issue")
def test_fingerprints_are_merged_and_taken_out_again(browser, exporter) -> None:
    listed = json.loads(exporter.get("/api/issues?project=mail&status=all", TOKEN))["issues"]
    into, other = (next(one["issue"] for one in listed if word in one["title"]) for word in ("deliver", "worker"))
    context = open_context(browser, exporter)
    page = context.new_page()
    page.goto(f"{exporter.url}/issues/{other}?project=mail")
    page.get_by_label("Merge into issue").fill(into)
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator(".merged")).to_contain_text("ann")
    assert urlsplit(page.url).path == f"/issues/{into}"
    page.get_by_role("button", name=f"Take {other} out").click()
    expect(page.locator(".merged")).to_have_count(0)
    page.get_by_label("Merge into issue").fill("0" * 16)
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("main h1")).to_have_text("Not there")
    context.close()


def test_an_issue_is_read_and_decided_without_javascript(browser, exporter, issue) -> None:
    context = browser.new_context(**LAYOUTS["phone-light"], java_script_enabled=False)
    page = context.new_page()
    log_in(page, exporter, f"/issues/{issue}?project=shop")
    assert urlsplit(page.url).path == f"/issues/{issue}"
    page.get_by_text("Stack trace as text").click()
    expect(page.locator("#stack-text")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("main .status").first).to_have_text("resolved")
    page.get_by_role("button", name="Reopen", exact=True).click()
    expect(page.locator("main .status").first).to_have_text("unresolved")
    context.close()


def test_people_log_in_and_out(browser, exporter, issue) -> None:
    context = browser.new_context(**LAYOUTS["desktop-light"])
    page = context.new_page()
    path = f"/issues/{issue}?project=shop"
    page.goto(exporter.url + path)
    assert urlsplit(page.url).path == "/login"
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in with the token").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Token").fill(TOKEN["Authorization"].removeprefix("Bearer "))
    page.get_by_role("button", name="Log in with the token").click()
    assert page.url == exporter.url + path  # what was asked for, through a wrong attempt as well
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Log out").click()
    page.goto(exporter.url + path)
    assert urlsplit(page.url).path == "/login"
    context.close()


@pytest.mark.usefixtures("issue")
def test_what_the_overview_gives_to_paste_works(browser, exporter) -> None:
    context = open_context(browser, exporter)
    page = context.new_page()
    page.goto(f"{exporter.url}/overview")
    page.get_by_role("combobox", name="Project").select_option("mail")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#connect-heading")).to_have_text("Connect a program to mail")
    python, native, curl = (page.locator(f"#connect-{name}").text_content() for name in ("python", "native", "curl"))
    programs = {
        "from the SDK": [
            sys.executable,
            "-c",
            f"{python}\nsentry_sdk.capture_message('from the SDK'); sentry_sdk.flush()",
        ],
        "from the client": [sys.executable, "-c", f"{native}\nerrtally.capture_message('from the client')"],
        "hello from curl": ["sh", "-c", curl],
    }
    expect(page.locator("#connect .notice")).to_contain_text("the project 1")  # the SDK takes numbers only
    for message, program in programs.items():
        project = "1" if message == "from the SDK" else "mail"
        if program[0] == "sh":
            peer("curl")
        done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stderr
        exporter.wait_until_folded()
        listed = json.loads(exporter.get(f"/api/issues?project={project}", TOKEN))["issues"]
        assert message in [one["title"] for one in listed]
    context.close()
