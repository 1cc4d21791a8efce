"""What people come for, in Chromium: each within three clicks from the list that one begins with."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.flow.exporter import Exporter, running
from tests.flow.pages import LAYOUTS, envelope, sentry_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

pytestmark = pytest.mark.flow

MOST_CLICKS = 3


@pytest.fixture(scope="module")
def exporter(tmp_path_factory) -> Iterator[Exporter]:
    with running(tmp_path_factory.mktemp("tasks")) as started:
        fill(started)
        yield started


def fill(exporter: Exporter) -> None:
    """Send issues of two services in two environments, over two releases."""
    now = time.time()
    for number, (project, type_, level, environment, age, release) in enumerate(
        (
            ("shop", "KeyError", "error", "production", 90_000, "shop@1.4.2"),
            ("shop", "KeyError", "error", "production", 3_000, "shop@1.5.0"),
            ("shop", "OutOfMemory", "fatal", "production", 2_000, "shop@1.5.0"),
            ("shop", "StagingOnly", "fatal", "staging", 100, "shop@1.5.0"),
            ("shop", "OutOfMemory", "fatal", "staging", 50, "shop@1.5.0"),
            ("shop", "PriceError", "error", "production", 6_000, "shop@1.4.2"),
            ("shop", "PrizeError", "error", "production", 5_000, "shop@1.4.2"),
            ("mail", "MailFatal", "fatal", "production", 10, "mail@2"),
        ),
        1,
    ):
        event = sentry_event(now - age, number, release) | {"environment": environment, "level": level}
        event["exception"]["values"][-1] |= {"type": type_, "value": f"{type_} of order {number}"}
        event["exception"]["values"][-1]["stacktrace"]["frames"][-1] |= {"function": f"in_{type_}"}
        event["user"] = {"id": f"customer-{number}"}
        event["tags"] |= {"customer": f"customer-{number}"}
        path = f"/api/{project}/envelope/"
        status, answer = exporter.post(path, envelope(event), {"X-Sentry-Auth": "Sentry sentry_key=k1"})
        assert status == 200, answer
    exporter.wait_until_folded()


class Person:
    """Somebody at the start page, whose clicks are counted; typing and choosing from a list are none."""

    def __init__(self, context: BrowserContext, exporter: Exporter) -> None:
        self.page: Page = context.new_page()
        self.clicks = 0
        self.page.goto(exporter.url)

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def link(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def search(self, query: str) -> None:
        self.page.get_by_label("Query").fill(query)
        self.page.get_by_label("Query").press("Enter")


@pytest.fixture(params=["desktop-light", "phone-dark"])
def person(browser: Browser, exporter: Exporter, request: pytest.FixtureRequest) -> Iterator[Person]:
    context = browser.new_context(**LAYOUTS[request.param], permissions=["clipboard-read", "clipboard-write"])
    somebody = Person(context, exporter)
    yield somebody
    context.close()
    assert somebody.clicks <= MOST_CLICKS


def test_the_newest_fatal_of_production_of_a_service(person) -> None:
    for label, value in (("Project", "shop"), ("Environment", "production"), ("Level", "fatal")):
        person.page.get_by_role("combobox", name=label).select_option(value)
    person.button("Search")
    titles = person.page.locator(".list-issues a.title")
    expect(titles).to_have_count(1)  # an issue of staging does not lead production's
    expect(person.page.locator(".list-numbers b").first).to_have_text("1")
    person.click(titles.first)
    expect(person.page.locator("h1")).to_have_text("OutOfMemory: OutOfMemory of order 3")
    expect(person.page.locator(".head")).to_contain_text("1 event")
    expect(person.page.locator("#event")).to_contain_text(f"{3:032x}")


def test_what_began_with_a_release(person) -> None:
    person.search("is:unresolved project:shop")
    person.click(person.page.locator(".list-release", has_text="shop@1.5.0").first)
    titles = " ".join(person.page.locator("section[aria-labelledby=new-heading] tbody a").all_inner_texts())
    assert "OutOfMemory" in titles
    assert "StagingOnly" in titles
    assert "KeyError" not in titles


def test_resolve_in_the_next_release(person) -> None:
    person.link(re.compile("KeyError"))
    person.click(person.page.get_by_text("Resolve in a release, or ignore for a while"))
    person.button("Resolve in the next release")
    expect(person.page.locator(".condition")).to_contain_text("Resolved in the next release")
    person.page.get_by_role("button", name="Reopen").click()  # for whoever comes next
    expect(person.page.locator("main .status").first).to_have_text("unresolved")


def test_ignore_until_a_hundred_more_events(person) -> None:
    person.link(re.compile("KeyError"))
    person.click(person.page.get_by_text("Resolve in a release, or ignore for a while"))
    person.click(person.page.locator(".decisions form", has_text="more events").get_by_role("button"))
    expect(person.page.locator(".condition")).to_contain_text("100")
    person.page.get_by_role("button", name="Reopen").click()
    expect(person.page.locator("main .status").first).to_have_text("unresolved")


def test_two_are_merged_and_that_is_taken_back(person) -> None:
    person.search("Pri*Error")
    person.page.get_by_role("checkbox", name=re.compile("PriceError")).check()
    person.page.get_by_role("checkbox", name=re.compile("PrizeError")).check()
    person.button("Merge")
    expect(person.page.get_by_role("status")).to_contain_text("2 issues merged into one: PriceError")
    person.button("Undo")
    expect(person.page.locator(".list-issues > li")).to_have_count(2)


def test_who_is_hit_by_it(person) -> None:
    person.link(re.compile("KeyError"))
    expect(person.page.locator(".head")).to_contain_text("2 users")
    expect(person.page.locator("#user")).to_contain_text("customer-2")
    person.link("All as a table")
    expect(person.page.locator(".events tbody tr")).to_have_count(2)
    expect(person.page.locator(".events")).to_contain_text("customer-1")


def test_what_a_customer_ran_into(person) -> None:
    """By a tag, which a program that names its customers sends: users are kept as hashes."""
    person.search("customer-6")
    expect(person.page.locator(".list-issues > li")).to_have_count(1)
    person.link(re.compile("PriceError"))
    expect(person.page.locator("#user")).to_contain_text("customer-6")


def test_the_stack_is_copied(person) -> None:
    person.link(re.compile("KeyError"))
    person.click(person.page.get_by_text("Stack trace as text"))
    person.click(person.page.locator(".copyable").get_by_role("button", name="Copy"))
    expect(person.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = person.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("KeyError: KeyError of order 2\n  * in_KeyError (shop/orders.py:31)")
    assert "Caused by: ConnectionError: Connection closed by server." in copied


def test_where_it_started(person) -> None:
    person.link(re.compile("KeyError"))
    person.link("First")
    expect(person.page.locator("#event-heading")).to_have_text("Event 1 of 2 kept")
    expect(person.page.locator("#event")).to_contain_text("release shop@1.4.2")


def test_which_deployment_it_came_with(person) -> None:
    person.link(re.compile("OutOfMemory"))
    expect(person.page.locator(".seen")).to_contain_text("release shop@1.5.0")


def test_what_a_page_has_no_room_for_comes_into_its_place_and_without_a_script_on_a_page(browser, exporter) -> None:
    for has_scripts in (True, False):
        context = browser.new_context(**LAYOUTS["desktop-light"], java_script_enabled=has_scripts)
        page = context.new_page()
        page.goto(exporter.url)
        page.get_by_role("link", name=re.compile("KeyError")).click()
        address = page.url
        expect(page.get_by_text("rv = self.handle_user_exception(e)")).to_have_count(0)
        page.get_by_role("link", name="All 5 calls with source and variables").click()
        expect(page.get_by_text("rv = self.handle_user_exception(e)")).to_be_visible()
        assert (page.url == address) is has_scripts
        context.close()
