"""Behind a real nginx, at a path of its own, which it takes off or leaves on: all works as it does without one."""

from __future__ import annotations

import base64
import contextlib
import http.cookiejar
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import Exporter
from tests.flow.programs import free_port, program
from tests.peers import peer

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

BASE = "/tools/errtally"
CLIENT = "203.0.113.77"

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /up {{ return 200; }}
    location {base}/ {{
      proxy_pass http://127.0.0.1:{backend}{path};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      # The client's side of the test is this machine too; nginx adds the address that it sees.
      proxy_set_header X-Forwarded-For "{client}";
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


class Proxied:
    """A browser that sees only what is below the proxy's path."""

    def __init__(self, url: str, exporter: Exporter) -> None:
        self.url = url
        self.exporter = exporter
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[str, str]:
        """Get a page by what stands in a link; return its own address after redirects, and its text."""
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), headers={"Accept": "text/html"})
        with self._opener.open(request, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def post(self, path: str, form: dict[str, str]) -> tuple[str, str]:
        data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), data, {"Accept": "text/html"})
        with self._opener.open(request, timeout=30) as answer:
            return answer.url, answer.read().decode()


@pytest.fixture(params=["takes the path off", "leaves the path on"])
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    nginx = peer("nginx")
    port, word, config = free_port(), tmp_path / "word", tmp_path / "errtally.yml"
    word.write_text("secret-word")
    url = f"http://127.0.0.1:{port}{BASE}"
    config.write_text(
        f"external_url: {url}\ntrusted_proxies: [127.0.0.0/8]\nprojects: [{{name: shop, id: '1', keys: [k1]}}]\n"
        f"web: {{password_file: {word}, metrics_login: true}}\n"
    )
    exporter = Exporter(tmp_path, "--config", str(config))
    exporter.start()
    path = "/" if request.param == "takes the path off" else ""
    text = NGINX.format(folder=tmp_path, port=port, base=BASE, backend=exporter.port, path=path, client=CLIENT)
    (tmp_path / "nginx.conf").write_text(text)
    command = [str(nginx), "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    try:
        with program(command, folder=tmp_path, ready_url=f"http://127.0.0.1:{port}/up"):
            yield Proxied(f"{url}/", exporter)
    finally:
        exporter.stop()


class _Links(HTMLParser):
    """What a page leads to, loads and sends."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.actions: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        for name in ("href", "src", "data-stream"):
            if (value := told.get(name)) and not value.startswith(("#", "http", "mailto:")):
                self.found.add(value)
        if tag == "form" and (action := told.get("action")):
            self.actions.add(action)


def _send(proxied: Proxied, body: object, path: str) -> int:
    request = urllib.request.Request(proxied.url + path, json.dumps(body).encode(), {"Authorization": "Bearer k1"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


def test_every_link_form_cookie_redirect_and_file_works_below_the_path(proxied: Proxied) -> None:
    event = {"event_id": "a" * 32, "message": "no stock", "exception": {"values": [{"type": "E", "value": "no stock"}]}}
    assert _send(proxied, event, "api/1/store/?sentry_key=k1") == 200
    assert _send(proxied, {"message": "by the native API"}, "api/events") == 200

    where, page = proxied.get("?query=is%3Aunresolved")
    assert urllib.parse.urlsplit(where).path == f"{BASE}/login", "without a login it is asked for"
    [target] = re.findall(r'name="next" value="([^"]*)"', page)
    assert target.startswith(f"{BASE}/")
    where, page = proxied.post("login", {"username": "errtally", "password": "secret-word", "next": target})
    assert urllib.parse.urlsplit(where).path.startswith(f"{BASE}/")
    assert [(cookie.path, cookie.name) for cookie in proxied.jar] == [(BASE, "errtally-session")]

    seen, todo, actions = set[str](), [f"{BASE}/", f"{BASE}/overview", f"{BASE}/live", f"{BASE}/history"], set[str]()
    while todo and len(seen) < 150:
        link = todo.pop()
        address = urllib.parse.urlsplit(link)._replace(fragment="").geturl()
        if address in seen:
            continue
        seen.add(address)
        assert address.startswith((f"{BASE}/", "?")) or address == BASE, address
        if "/stream" in address:
            continue
        where, text = proxied.get(address)
        if "<html" in text[:200]:
            links = _Links()
            links.feed(text)
            todo += [urllib.parse.urljoin(where, found).removeprefix(where.split(BASE)[0]) for found in links.found]
            actions |= links.actions
    assert len(seen) > 15
    assert {address.split("?")[0] for address in seen} >= {
        f"{BASE}/static/errtally.css", f"{BASE}/live", f"{BASE}/overview", f"{BASE}/history",
    }  # fmt: skip
    assert actions
    assert all(action.startswith(f"{BASE}/") for action in actions), actions


def test_a_decision_a_scrape_and_the_stream_come_through(proxied: Proxied) -> None:
    assert _send(proxied, {"message": "no stock"}, "api/events") == 200
    proxied.exporter.total = lambda *_, **__: 0  # its own /metrics asks for the login
    proxied.post("login", {"username": "errtally", "password": "secret-word", "next": f"{BASE}/"})
    found = []
    while not found:
        found = json.loads(proxied.get("api/issues")[1])["issues"]
    where, page = proxied.get(f"issues/{found[0]['issue']}")
    [form_token, *_] = re.findall(r'name="form_token" value="([^"]*)"', page)
    where, page = proxied.post(f"issues/{found[0]['issue']}/resolve", {"form_token": form_token, "project": "shop"})
    assert urllib.parse.urlsplit(where).path == f"{BASE}/issues/{found[0]['issue']}"
    assert names.EVENTS.name in proxied.get("metrics")[1]
    [cookie] = proxied.jar
    port = urllib.parse.urlsplit(proxied.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
        lines = (
            f"GET {BASE}/api/errors/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie.name}={cookie.value}\r\n\r\n"
        )
        stream.sendall(lines.encode())
        answer = b""
        while b"retry:" not in answer:  # nginx passes it on at once
            answer += stream.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
    where, page = proxied.post("logout", {"form_token": re.findall(r'name="form_token" value="([^"]*)"', page)[0]})
    assert urllib.parse.urlsplit(where).path == f"{BASE}/login"
    assert not list(proxied.jar)


def test_the_address_of_the_client_is_that_before_the_proxy(proxied: Proxied) -> None:
    statuses = []
    for _ in range(11):
        with contextlib.suppress(urllib.error.HTTPError):
            proxied.post("login", {"username": "errtally", "password": "wrong"})
    try:
        proxied.post("login", {"username": "errtally", "password": "secret-word"})
    except urllib.error.HTTPError as exc:
        statuses.append(exc.code)
    assert statuses == [429]
    # Somebody else, who comes past the proxy, is not kept out by that.
    login = "Basic " + base64.b64encode(b"errtally:secret-word").decode()
    assert proxied.exporter.get("/api/issues", {"Authorization": login})
