"""What one does on an issue's page and on the first page in Chromium: keys, merges picked among what is similar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.flow.exporter import Exporter, running
from tests.flow.pages import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.flow


@pytest.fixture
def exporter(tmp_path) -> Iterator[Exporter]:
    with running(tmp_path) as started:
        yield started


@pytest.fixture(params=["desktop-light", "phone-dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(**LAYOUTS[request.param])
    complaints: list[str] = []
    shown = context.new_page()
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    yield shown
    context.close()
    assert complaints == []


def send(exporter: Exporter, *types: str) -> None:
    """Send two events of each type, all raised in one function."""
    stack = 'Traceback (most recent call last):\n  File "shop/cart.py", line 3, in pay\n{0}: {0} happened'
    events = [
        {"type": one, "message": f"{one} happened", "platform": "python", "stack": stack.format(one)} for one in types
    ]
    body = json.dumps({"events": events * 2}).encode()
    assert exporter.post("/api/events?project=shop", body, {"Content-Type": "application/json"})[0] == 200
    exporter.wait_until_folded()


def test_the_first_page_waits_for_the_first_event_and_shows_it(exporter, page) -> None:
    page.goto(exporter.url)
    expect(page.get_by_role("status")).to_have_text("Waiting for the first event…")
    expect(page.locator("#dsn")).to_contain_text(f"http://any@127.0.0.1:{exporter.port}/1")
    page.get_by_text("curl", exact=False).first.click()
    send(exporter, "AError")
    expect(page.locator(".list-issues a.title")).to_have_count(1)
    expect(page.locator(".list-total")).to_have_text("1 issue")


def press(page: Page, key: str) -> None:
    """Press a key once the page's scripts listen."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def test_keys_do_what_buttons_do(exporter, page) -> None:
    send(exporter, "AError")
    page.goto(exporter.url)
    page.locator(".list-issues a.title").click()
    heading, status = page.locator("#event-heading"), page.locator("main .status").first
    expect(heading).to_have_text("Event 2 of 2 kept")
    press(page, "p")
    expect(heading).to_have_text("Event 1 of 2 kept")
    press(page, "n")
    expect(heading).to_have_text("Event 2 of 2 kept")
    press(page, "e")
    expect(status).to_have_text("resolved")
    press(page, "e")
    expect(status).to_have_text("unresolved")
    press(page, "i")
    expect(status).to_have_text("ignored")
    press(page, "m")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("eiu is typed, not done")
    expect(status).to_have_text("ignored")
    press(page, "Escape")
    press(page, "t")
    expect(page.locator("time.when").first).not_to_contain_text("ago")
    press(page, "?")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    press(page, "u")
    page.wait_for_url(lambda url: "/issues/" not in url)


def test_a_time_says_when_exactly_when_it_has_the_focus(exporter, page) -> None:
    send(exporter, "AError")
    page.goto(exporter.url)
    page.locator(".list-issues a.title").click()
    seen = page.locator(".seen time.when").first
    assert "UTC" in seen.get_attribute("title")
    expect(seen).to_have_attribute("tabindex", "0")  # the page's script gives it
    page.keyboard.press("Tab")
    for _ in range(30):
        if seen.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    told = seen.evaluate("one => getComputedStyle(one, '::after').content")
    assert "UTC" in told


def test_similar_issues_are_picked_and_merged_and_that_is_taken_back(exporter, page) -> None:
    send(exporter, "AError", "BError", "CError")
    page.goto(exporter.url)
    page.locator(".list-issues a.title", has_text="BError").click()
    box = page.locator(".similar")
    expect(box.get_by_role("checkbox")).to_have_count(2)
    box.get_by_role("checkbox", name="Merge CError").check()
    box.get_by_role("button", name="Merge into this one").click()
    expect(page.get_by_role("status")).to_contain_text("2 issues merged into one: BError")
    expect(page.locator(".merged li")).to_have_count(1)
    expect(box.get_by_role("checkbox")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_have_text("1 issue taken out again.")
    expect(box.get_by_role("checkbox")).to_have_count(2)


def test_selected_issues_are_ignored_until_more_events_come(exporter, page) -> None:
    send(exporter, "AError", "BError")
    page.goto(exporter.url)
    for box in page.locator("input[name=issue]").all():
        box.check()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("more events").fill("33")
    page.get_by_role("button", name="Ignore until").click()
    expect(page.get_by_role("status")).to_contain_text("2 issues ignored until more events come.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".list-issues > li")).to_have_count(2)
