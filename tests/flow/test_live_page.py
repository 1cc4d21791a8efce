"""The live page in Chromium, with the real exporter: desktop and phone, light and dark."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.flow.exporter import Exporter, running
from tests.flow.pages import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

pytestmark = pytest.mark.flow

HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory) -> Iterator[Exporter]:
    with running(tmp_path_factory.mktemp("live"), "--workers", "2") as started:
        yield started


@pytest.fixture
def context(browser) -> Iterator[BrowserContext]:
    made = browser.new_context(**LAYOUTS["desktop-light"])
    yield made
    made.close()


def send(exporter: Exporter, *messages: str, project: str, **fields) -> None:
    body = json.dumps({"events": [{"message": message, **fields} for message in messages]}).encode()
    assert exporter.post(f"/api/events?project={project}", body, {"Content-Type": "application/json"})[0] == 200


def show(context: BrowserContext, exporter: Exporter, query: str) -> Page:
    """Open the page, and fail on whatever the browser complains about."""
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: page.complaints.append(said.text) if _is_complaint(said) else None)
    page.on("dialog", lambda dialog: (page.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.goto(f"{exporter.url}/live?{query}")
    expect(page.locator("#live-state")).to_have_text("Connected")
    return page


def _is_complaint(said: ConsoleMessage) -> bool:
    """Whether the console says that something is wrong; that there is no icon is not."""
    return said.type == "error" and not said.location["url"].endswith("/favicon.ico")


def rows(page: Page):
    return page.locator("#live-events > li:not(.live-break)")


def picture(page: Page, name: str) -> None:
    """Keep a picture where ERRTALLY_PICTURES says, for people to look at."""
    if folder := os.environ.get("ERRTALLY_PICTURES"):
        page.wait_for_timeout(1300)  # what is new is lit up for a second
        page.screenshot(path=Path(folder) / f"live-{name}.png")


def test_events_come_newest_first_with_what_was_before_below(context, exporter) -> None:
    send(exporter, "cart alpha lost", "cart beta lost", project="order", level="warning")
    page = show(context, exporter, "project=order")
    expect(rows(page)).to_have_count(2)
    send(exporter, "cart gamma lost", project="order", level="fatal", context={"release": "shop@1.2"})
    expect(rows(page)).to_have_count(3)
    assert [text.split("\n")[0] for text in rows(page).all_inner_texts()] == [
        "cart gamma lost", "cart beta lost", "cart alpha lost",
    ]  # fmt: skip
    first = rows(page).first
    expect(first.locator(".live-mark")).to_have_text("new issue")
    for text in ("FATAL", "order", "production", "shop@1.2"):
        assert text in first.inner_text().upper() or text in first.inner_text()
    first.locator("a").click()
    expect(page.locator("h1")).to_have_text("cart gamma lost")
    assert page.complaints == []


def test_a_resolved_issue_that_comes_back_is_marked(context, exporter) -> None:
    send(exporter, "pump broke", project="regress")
    exporter.wait_until_folded()
    [issue] = exporter.get_json("/api/issues?project=regress")["issues"]
    path = f"/api/issues/{issue['issue']}/resolve?project=regress"
    assert exporter.post(path, b"{}", {"Content-Type": "application/json"})[0] == 200
    page = show(context, exporter, "project=regress")
    send(exporter, "pump broke", project="regress")
    expect(rows(page).first.locator(".live-mark")).to_have_text("regressed")


def test_paused_it_counts_what_it_holds_back(context, exporter) -> None:
    page = show(context, exporter, "project=pause")
    button = page.locator("#live-pause")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    send(exporter, "alpha", "beta", "gamma", project="pause")
    expect(button).to_have_text("Continue (3)")
    expect(rows(page)).to_have_count(0)
    button.click()
    expect(rows(page)).to_have_count(3)
    expect(button).to_have_text("Pause")
    assert rows(page).first.locator("a").inner_text() == "gamma"


def test_a_storm_shows_a_hundred_and_says_how_many_more_there_were(context, exporter) -> None:
    page = show(context, exporter, "project=storm")
    for word in ("alpha", "beta", "gamma"):
        send(exporter, *[f"{word} {chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(200)], project="storm")
    expect(rows(page)).to_have_count(100)
    left_out = page.locator("#live-events > li.live-break-left-out")
    expect(left_out.first).to_have_text(re.compile(r"^\d+ more events were counted and not shown$"))
    page.wait_for_timeout(500)
    expect(rows(page)).to_have_count(100)
    assert page.locator("#live-events > li").count() <= 200
    assert page.complaints == []


def test_filters_change_what_is_shown_and_stand_in_the_address(context, exporter) -> None:
    send(exporter, "alpha", project="filters", level="error")
    send(exporter, "beta", project="filters", level="info")
    send(exporter, "gamma", project="filters", level="error", context={"environment": "test"})
    page = show(context, exporter, "project=filters")
    expect(rows(page)).to_have_count(3)
    page.get_by_label("error", exact=True).check()
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Environment").fill("test")
    page.get_by_role("button", name="Show").click()
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("/live?project=filters&environment=test&level=error")
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("error", exact=True)).to_be_checked()


def test_hostile_text_is_only_text(context, exporter) -> None:
    page = show(context, exporter, "project=hostile")
    send(exporter, HOSTILE, project="hostile", type=HOSTILE,
         context={"environment": HOSTILE, "release": HOSTILE}, transaction=HOSTILE)  # fmt: skip
    expect(rows(page)).to_have_count(1)
    assert "onerror=alert(1)" in rows(page).first.inner_text()
    assert page.locator("#live-events img, #live-events script").count() == 0
    assert page.complaints == []


def test_a_lost_connection_is_shown_and_nothing_is_lost_by_it(browser, tmp_path) -> None:
    exporter = Exporter(tmp_path)
    exporter.start()
    context = browser.new_context()
    try:
        page = show(context, exporter, "project=shop")
        send(exporter, "alpha", project="shop")
        expect(rows(page)).to_have_count(1)
        exporter.stop()
        expect(page.locator("#live-state")).to_have_text("Connection lost, connecting again")
        exporter.start()
        send(exporter, "beta", project="shop")
        expect(rows(page)).to_have_count(2)
        expect(page.locator("#live-state")).to_have_text("Connected")
        assert page.locator(".live-break").count() == 0
        assert [text.split("\n")[0] for text in rows(page).all_inner_texts()] == ["beta", "alpha"]
    finally:
        context.close()
        exporter.stop()


def test_a_screen_reader_is_told_now_and_then_and_never_row_by_row(context, exporter) -> None:
    context.clock.install()
    page = show(context, exporter, "project=reader")
    page.clock.run_for(1500)
    send(exporter, "alpha", "alpha", "beta", project="reader")
    expect(page.locator("#live-state")).to_have_text("Connected")
    page.wait_for_function("document.getElementById('live-news').textContent === ''")
    for _ in range(40):
        page.clock.run_for(500)
        page.wait_for_timeout(50)
        if page.locator("#live-news").inner_text():
            break
    assert page.locator("#live-news").inner_text() == "3 events, 2 new issues"
    assert page.locator("#live-events").get_attribute("aria-live") is None


def test_without_javascript_it_says_what_to_do(browser, exporter) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{exporter.url}/live")
    expect(page.locator(".live-notice")).to_contain_text("This page needs JavaScript")
    assert page.get_by_role("link", name="the list of issues").is_visible()
    context.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_fits_its_screen(browser, exporter, layout) -> None:
    context = browser.new_context(**LAYOUTS[layout])
    project = f"shop-{layout}"
    send(exporter, "could not price order 12345", project=project, type="ValueError", transaction="GET /orders/{id}",
         context={"release": "shop@1.4.2"})  # fmt: skip
    exporter.wait_until_folded()
    [issue] = exporter.get_json(f"/api/issues?project={project}")["issues"]
    path = f"/api/issues/{issue['issue']}/resolve?project={project}"
    assert exporter.post(path, b"{}", {"Content-Type": "application/json"})[0] == 200
    page = show(context, exporter, "project=" if "phone" in layout else f"project={project}")
    send(exporter, "could not price order 777", project=project, type="ValueError", transaction="GET /orders/{id}",
         context={"release": "shop@1.4.2"})  # fmt: skip
    send(exporter, "payment took 3.2 s", project=project, level="warning", logger="shop.payments.stripe")
    send(exporter, *["connection reset by peer"] * 150, project=project, level="fatal", type="ConnectionResetError",
         transaction="worker.sync." + "very_long_name_without_a_space_" * 5)  # fmt: skip
    expect(page.locator(".live-break-left-out").first).to_be_visible()
    expect(page.get_by_label("Environment")).to_be_visible(visible="desktop" in layout)
    if "phone" in layout:
        picture(page, f"{layout}-all")
        page.get_by_text("Filter", exact=True).tap()
        page.get_by_label("Project").fill(project)
        page.get_by_role("button", name="Show").tap()
    send(exporter, "cache is warm", project=project, level="info", context={"environment": "staging"})
    expect(rows(page).first.locator("a")).to_have_text("cache is warm")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    small = page.evaluate(
        """[...document.querySelectorAll('button, input:not([type=checkbox]), fieldset label')]
        .map(one => one.getBoundingClientRect()).filter(box => box.height < 39).length"""
    )
    assert small == 0, "something to press is too small for a finger"
    picture(page, layout)
    assert page.complaints == []
    context.close()
