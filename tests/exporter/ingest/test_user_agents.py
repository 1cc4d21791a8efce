"""Tags of browser, system and device by the header of a request, where a client says nothing else of them."""

from __future__ import annotations

import pytest

from errtally.exporter.ingest import context_tags

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"


def event(headers: object, **more: object) -> dict[str, object]:
    return {"platform": "python", "request": {"headers": headers}, **more}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(
            event({"User-Agent": IPHONE}),
            {
                "browser": "Mobile Safari 17.4", "browser.name": "Mobile Safari", "client_os": "iOS 17.4",
                "client_os.name": "iOS", "device": "iPhone", "device.family": "iPhone",
            },
            id="of a server's request, whose own system it does not tell",
        ),
        pytest.param(
            event([["user-agent", FIREFOX]], platform="javascript"),
            {"browser": "Firefox 126.0", "browser.name": "Firefox", "os": "Linux", "os.name": "Linux"},
            id="of a page's own event, as a list of pairs and in small letters",
        ),
        pytest.param(
            event({"USER-AGENT": [FIREFOX]}, contexts={"os": {"name": "Debian", "version": "12"}}),
            {
                "browser": "Firefox 126.0", "browser.name": "Firefox", "client_os": "Linux", "client_os.name": "Linux",
                "os": "Debian 12", "os.name": "Debian",
            },
            id="beside the system of the server",
        ),
        pytest.param(
            event({"User-Agent": FIREFOX}, contexts={"browser": {"name": "Chrome", "version": "125"}}),
            {"browser": "Chrome 125", "browser.name": "Chrome"},
            id="what the client says itself holds",
        ),
        pytest.param(
            {"platform": "javascript", "request": {"user_agent": FIREFOX}},
            {"browser": "Firefox 126.0", "browser.name": "Firefox", "os": "Linux", "os.name": "Linux"},
            id="where a protocol has the header as a field",
        ),
        pytest.param(event({"User-Agent": "my-own-thing"}), {}, id="of a program that nobody knows"),
        pytest.param(event({"User-Agent": ["", 5]}), {}, id="no text"),
        pytest.param(event([["User-Agent"], 7, None]), {}, id="pairs that are none"),
        pytest.param(event(7), {}, id="headers that are none"),
        pytest.param(event({"User-Agent": "Mozilla/5.0 (" * 100_000}), {}, id="a header without an end"),
    ],
)  # fmt: skip
def test_tags_follow_from_the_header(page: dict[str, object], expected: dict[str, str]) -> None:
    assert context_tags.derive(page) == expected
