"""The issues list in Chromium, with the real exporter: every action, desktop and phone, light and dark."""

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
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from playwright.sync_api import Browser, ConsoleMessage, Page

pytestmark = pytest.mark.flow

HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory) -> Iterator[Exporter]:
    with running(tmp_path_factory.mktemp("list"), "--workers", "2") as started:
        yield started


def send(exporter: Exporter, project: str, *types: str, **fields) -> None:
    """Send one event for each type, and wait until they are counted."""
    events = [{"message": f"{name} happened", "type": name, **fields} for name in types]
    body = json.dumps({"events": events}).encode()
    assert exporter.post(f"/api/events?project={project}", body, {"Content-Type": "application/json"})[0] == 200

    def known() -> set[str]:
        return {issue["type"] for issue in exporter.get_json(f"/api/issues?project={project}&limit=500")["issues"]}

    until(lambda: set(types) <= known(), f"{types} are not counted")


def _is_complaint(said: ConsoleMessage) -> bool:
    """Whether the console says that something is wrong; that there is no icon, or that a query is, is not."""
    return said.type == "error" and not re.search(r"/favicon\.ico$|query=[^&]*is%3A", said.location["url"])


class List:
    """The list in one context; closing it fails on whatever the browser complained about."""

    def __init__(self, browser: Browser, exporter: Exporter, layout: str = "desktop-light", **options) -> None:
        self.url = exporter.url
        self.context = browser.new_context(**LAYOUTS[layout], **options)
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self.complaints.append(said.text) if _is_complaint(said) else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == []

    def open(self, query: str = "") -> Page:
        self.page.goto(f"{self.url}/{query}")
        return self.page

    def types(self) -> list[str]:
        return [title.split()[0].rstrip(":") for title in self.page.locator(".list-issues a.title").all_inner_texts()]

    def shows(self, *types: str) -> None:
        """Wait until the list shows these, in any order: a click is done before its page is there."""
        titles = self.page.locator(".list-issues a.title")
        expect(titles).to_have_count(len(types))
        for type_ in types:
            expect(titles.filter(has_text=re.compile(f"^{type_}"))).to_have_count(1)

    def box(self, type_: str) -> object:
        return self.page.get_by_role("checkbox", name=re.compile(rf"Select .*{type_}"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("script", ["script", "plain"])
def test_issues_are_found_and_decided_on(browser, exporter, layout: str, script: str) -> None:
    project = f"{layout}-{script}"
    send(exporter, project, "AError", "BError", "CError", "DError", context={"tags": {"browser": "Safari"}})
    send(exporter, project, "EError", level="warning", context={"environment": "staging"})
    with List(browser, exporter, layout, java_script_enabled=script == "script") as shown:
        page = shown.open(f"?project={project}")
        shown.shows("AError", "BError", "CError", "DError", "EError")
        page.get_by_label("Query").fill("browser:safari -type:AError")
        page.get_by_role("button", name="Search").click()
        shown.shows("BError", "CError", "DError")
        assert f"project={project}" in page.url
        page.get_by_label("Query").fill("")
        page.get_by_label("Level").select_option("warning")
        page.get_by_role("button", name="Search").click()
        shown.shows("EError")
        page.get_by_label("Level").select_option("")
        page.get_by_label("Environment").select_option("production")
        page.get_by_role("button", name="Search").click()
        shown.shows("AError", "BError", "CError", "DError")
        page.get_by_role("navigation", name="Order").get_by_role("link", name="trend").click()
        expect(page.get_by_role("navigation", name="Order").locator("[aria-current]")).to_have_text("trend")
        shown.box("AError").check()
        page.get_by_role("button", name="Resolve").click()
        expect(page.get_by_role("status")).to_have_text("1 issue resolved.")
        assert "AError" not in shown.types()
        assert "sort=trend" in page.url
        shown.box("BError").check()
        page.get_by_role("button", name="Ignore").click()
        expect(page.get_by_role("status")).to_have_text("1 issue ignored.")
        shown.box("CError").check()
        shown.box("DError").check()
        page.get_by_role("button", name="Merge").click()
        expect(page.get_by_role("status")).to_contain_text("2 issues merged into one:")
        expect(page.locator(".list-issues > li")).to_have_count(1)
        page.get_by_role("navigation", name="Status").get_by_role("link", name="resolved").click()
        shown.shows("AError")
        page.get_by_role("link", name="History", exact=True).click()
        expect(page.locator(".list-history li").first).to_be_visible()
        page.locator(".list-history a.title").first.click()
        page.wait_for_url(re.compile("/issues/"))


def test_a_query_that_cannot_be_read_is_marked(browser, exporter) -> None:
    with List(browser, exporter) as shown:
        page = shown.open("?query=timeout+is%3Abroken")
        expect(page.get_by_role("alert")).to_contain_text("at character 12")
        expect(page.get_by_role("alert").locator("mark")).to_have_text("b")


@pytest.mark.parametrize("layout", ["desktop-light", "phone-dark"])
def test_keys_tags_and_values_are_completed(browser, exporter, layout: str) -> None:
    project = f"completed-{layout}"
    send(exporter, project, "AError", "BError", context={"tags": {"brand": "Lion King"}})
    send(exporter, project, "CError", context={"tags": {"brand": "other"}})
    with List(browser, exporter, layout) as shown:
        page = shown.open(f"?project={project}")
        box = page.get_by_role("combobox", name="Query")
        options = page.get_by_role("listbox", name="Completions").get_by_role("option")
        box.press_sequentially("-type:BError bra")
        expect(options).to_have_text(["brand:"])
        expect(box).to_have_attribute("aria-expanded", "true")
        box.press("Tab")
        expect(options).to_have_text(['brand:"Lion King"', "brand:other"])
        box.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        expect(box).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
        box.press("Enter")
        expect(box).to_have_value('-type:BError brand:"Lion King" ')
        expect(options).to_have_count(0)
        box.press("Enter")
        shown.shows("AError")
        box.fill("lev")
        expect(options).to_have_text(["level:"])
        options.first.click()
        expect(options).to_have_text(["level:fatal", "level:error", "level:warning", "level:info", "level:debug"])
        box.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("level:")
        page.goto(f"{exporter.url}/?project={project}&query=brnad:other")
        page.get_by_role("link", name="Did you mean brand:other").click()
        shown.shows("CError")


def test_keys(browser, exporter) -> None:
    send(exporter, "keys", "AError", "BError", "CError", "DError")
    with List(browser, exporter) as shown:
        page = shown.open("?project=keys")
        order = shown.types()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert page.locator("li.current").count() == 0
        page.keyboard.press("/")
        expect(page.get_by_label("Query")).to_be_focused()
        page.keyboard.type("jxe?i")
        expect(page.get_by_label("Query")).to_have_value("jxe?i")
        assert page.locator("li.current").count() == 0
        page.keyboard.press("Escape")
        for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
            page.keyboard.press(key)
            expect(page.locator(".list-issues > li").nth(place)).to_have_class(re.compile("current"))
        page.keyboard.press("x")
        expect(page.locator("#list-count")).to_have_text("1 selected")
        page.keyboard.press("Control+j")
        expect(page.locator(".list-issues > li").nth(0)).to_have_class(re.compile("current"))
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.locator("#list-count")).to_have_text("2 selected")
        page.keyboard.press("e")
        expect(page.get_by_role("status")).to_have_text("2 issues resolved.")
        assert shown.types() == order[2:]
        page.keyboard.press("j")
        page.keyboard.press("i")
        expect(page.get_by_role("status")).to_have_text("1 issue ignored.")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/issues/"))


def test_all_of_a_page_are_selected_at_once_and_pages_follow(browser, exporter) -> None:
    send(exporter, "many", *[f"{a}{b}Error" for a in "ABCDEFGH" for b in "ABCDEFGH"])
    with List(browser, exporter) as shown:
        page = shown.open("?project=many")
        first = shown.types()
        page.locator("#list-all").click()
        expect(page.locator("#list-count")).to_have_text("50 selected")
        page.locator("#list-all").click()
        send(exporter, "many", "ZZError")
        send(exporter, "many", first[-1])
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(".list-issues > li")).to_have_count(14)
        assert not set(first) & set(shown.types())
        expect(page.get_by_text("appeared since this list began")).to_be_visible()
        expect(page.get_by_role("link", name="Previous page")).to_have_count(0)  # it is the first one
        page.get_by_role("link", name="First page").click()
        expect(page.locator(".list-issues > li")).to_have_count(50)
        assert "ZZError" in shown.types()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_fits_the_screen_and_hostile_texts_do_nothing(browser, exporter, layout: str, tmp_path) -> None:
    project = f"look-{layout}"
    context = {"release": "shop@2026.11.24-long-name-of-a-release", "tags": {"region": HOSTILE}, "user": {"id": "u1"}}
    send(exporter, project, "PaymentDeclined", "TimeoutError", transaction="checkout.pay_" + "x" * 120, context=context)
    send(exporter, project, "ValueError", level="fatal", context=context)
    body = json.dumps({"events": [{"message": HOSTILE * 3, "type": HOSTILE, "context": context}]}).encode()
    assert exporter.post(f"/api/events?project={project}", body, {"Content-Type": "application/json"})[0] == 200
    pictures = Path(os.environ.get("ERRTALLY_PICTURES", tmp_path))
    with List(browser, exporter, layout) as shown:
        page = shown.open(f"?project={project}&status=all")
        width = LAYOUTS[layout]["viewport"]["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shown.box("TimeoutError").check()
        page.screenshot(path=pictures / f"list-{layout}.png", full_page=True)
        page.goto(f"{shown.url}/?project={project}&query=" + "%3Cscript%3E+is%3Ax")
        page.screenshot(path=pictures / f"list-error-{layout}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto(f"{shown.url}/history")
        page.screenshot(path=pictures / f"history-{layout}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
