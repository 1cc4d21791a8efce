"""People log in with a name and a password, by a proxy that knows them, or with an OpenID provider; each has a role."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.exporter.inprocess import InProcess, environ
from tests.waiting import PATIENCE_SECONDS

from errtally.errors import ConfigError
from errtally.exporter.config import ExporterConfig, from_environ, from_json, to_json
from errtally.exporter.people import OpenIdProvider, People, ProxyLogin, User
from errtally.exporter.web.forwarding import Forwarding

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = People(users=(User("vera", "see", "viewer"), User("max", "do", "member"), User("ada", "all", "admin")))
PAGE = {"Accept": "text/html"}


@pytest.fixture
def start(tmp_path) -> Iterator:
    made: list[InProcess] = []

    def begin(people: People, **fields) -> InProcess:
        made.append(InProcess(tmp_path / str(len(made)), ExporterConfig(people=people, **fields)))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def post(exporter: InProcess, path: str, headers: dict[str, str] | None = None, **fields: str):
    made = environ(path, urlencode(fields).encode(), headers or {})
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    return exporter.call(made)


def log_in(exporter: InProcess, name: str, password: str) -> dict[str, str]:
    answer = post(exporter, "/login", username=name, password=password)
    assert answer.status == 303, answer.body
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def send(exporter: InProcess) -> str:
    assert exporter.post("/api/events?project=shop", {"events": [{"message": "out", "type": "AError"}]}).status == 200
    exporter.fold()
    [issue] = exporter.reader.issues()
    return issue["fingerprint"]


def allowed(exporter: InProcess, headers: dict[str, str]) -> list[int]:
    """Status of reading the list, resolving an issue, and the page of tokens."""
    issue = send(exporter)
    page = exporter.get("/", headers)
    token = re.search(r'name="form_token" value="([^"]+)"', page.body.decode())
    with exporter.folding():
        resolved = post(
            exporter,
            f"/issues/{issue}/resolve",
            headers,
            form_token=unescape(token[1]) if token else "",
            project="shop",
        )
    return [page.status, resolved.status, exporter.get("/tokens", headers).status]


@pytest.mark.parametrize(
    ("name", "password", "statuses"),
    [
        pytest.param("vera", "see", [200, 403, 403], id="who may look"),
        pytest.param("max", "do", [200, 303, 403], id="who may decide"),
        pytest.param("ada", "all", [200, 303, 200], id="who may do all"),
    ],
)
def test_a_role_is_what_somebody_may(start, name, password, statuses) -> None:
    exporter = start(USERS)
    assert allowed(exporter, log_in(exporter, name, password)) == statuses


def test_the_history_names_who_decided(start) -> None:
    exporter = start(USERS)
    headers = log_in(exporter, "max", "do")
    allowed(exporter, headers)
    assert "max" in exporter.get("/history", headers).body.decode().split("<main")[1]


@pytest.mark.parametrize(("name", "password"), [("vera", "do"), ("nobody", "see"), ("", ""), ("vera", "")])
def test_a_wrong_password_lets_nobody_in(start, name, password) -> None:
    answer = post(start(USERS), "/login", username=name, password=password)
    assert (answer.status, "Set-Cookie" in answer.headers) == (401, False)


def test_a_viewer_is_offered_no_decision(start) -> None:
    exporter = start(USERS)
    issue = send(exporter)
    viewer, member = log_in(exporter, "vera", "see"), log_in(exporter, "max", "do")
    for path in ("/", f"/issues/{issue}?project=shop"):
        assert "Resolve" not in exporter.get(path, viewer).body.decode().split("<dialog")[0]
        assert "Resolve" in exporter.get(path, member).body.decode().split("<dialog")[0]


def test_another_password_or_role_ends_a_session_and_so_does_time(tmp_path, monkeypatch) -> None:
    def of(*users: User, hours: float = 1) -> InProcess:
        return InProcess(tmp_path, ExporterConfig(people=People(users=users, session_seconds=hours * 3600)))

    first = of(User("max", "do", "member"))
    cookie = log_in(first, "max", "do")
    assert first.get("/", cookie).status == 200
    first.close()
    for user in (User("max", "other", "member"), User("max", "do", "viewer"), User("eve", "do", "member")):
        later = of(user)
        assert later.get("/", cookie).status == 401
        later.close()
    late = of(User("max", "do", "member"))
    now = time.time
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now() + 3700)
    assert late.get("/", cookie).status == 401
    late.close()


def test_with_nobody_configured_nobody_is_asked(start) -> None:
    exporter = start(People())
    assert exporter.get("/").status == 200
    assert allowed(exporter, {})[:2] == [200, 303]


PROXY = People(proxy=ProxyLogin("X-WEBAUTH-USER", "X-WEBAUTH-ROLE", "viewer"))
NETWORK = "10.0.0.0/8"
USER, ROLE = "HTTP_X_WEBAUTH_USER", "HTTP_X_WEBAUTH_ROLE"


@pytest.mark.parametrize(
    ("peer", "headers", "statuses"),
    [
        pytest.param("10.1.2.3", {USER: "zoe"}, [200, 403, 403], id="without a role: the default one"),
        pytest.param("10.1.2.3", {USER: "zoe", ROLE: "Member"}, [200, 303, 403], id="one"),
        pytest.param("10.1.2.3", {USER: "zoe", ROLE: "root"}, [401, 401, 401], id="none"),
        pytest.param("10.1.2.3", {}, [401, 401, 401], id="nobody is named"),
        pytest.param("203.0.113.9", {USER: "zoe"}, [401, 401, 401], id="a stranger writes the header"),
    ],
)  # fmt: skip
def test_a_proxy_names_who_asks_and_nobody_else_does(start, peer, headers, statuses) -> None:
    exporter = start(PROXY, trusted_proxies=(NETWORK,))
    forwarding = Forwarding((NETWORK,), "")
    plain = exporter.app

    def through(made, start_response):
        made |= headers if made["PATH_INFO"] != "/api/events" else {}
        made["REMOTE_ADDR"] = peer
        forwarding.see_through(made)
        return plain(made, start_response)

    exporter.app = through
    assert allowed(exporter, {}) == statuses


PROVIDER = """
import sys
import oidc_provider_mock as provider
people = [
    provider.User(sub="1", claims={"preferred_username": "ida", "groups": ["ops"], "email": "ida@example.com"}),
    provider.User(sub="2", claims={"preferred_username": "kim", "groups": ["dev", "x"], "email": "kim@example.com"}),
    provider.User(sub="3", claims={"preferred_username": "lou", "groups": ["sales"], "email": "lou@other.example"}),
    provider.User(sub="4", claims={"preferred_username": "mia"}),
]
with provider.run_server_in_thread(user_claims=people) as running:
    print(running.server_port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a provider that we did not make, in a process of its own; it ends when its input does."""
    command = [sys.executable, "-W", "ignore", "-c", PROVIDER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield f"http://localhost:{process.stdout.readline().strip()}"
        process.stdin.close()
        process.wait(PATIENCE_SECONDS)


GROUPS = {"admin": ("ops",), "member": ("dev",), "viewer": ()}


class Browser:
    """Somebody at a browser: keeps the cookies of the exporter, and fills the provider's form in."""

    def __init__(self, exporter: InProcess) -> None:
        self.exporter = exporter
        self.cookies: dict[str, str] = {}

    def get(self, path: str):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **PAGE}
        path, _, query = path.partition("?")
        found: list[tuple[str, str]] = []

        def noting(made, start_response):
            return plain(made, lambda status, sent, _=None: (found.extend(sent), start_response(status, sent))[1])

        plain, self.exporter.app = self.exporter.app, noting
        answer = self.exporter.call(environ(path, b"", headers, method="GET", query=query))
        self.exporter.app = plain
        cookies = [value.partition(";")[0].partition("=") for name, value in found if name == "Set-Cookie"]
        self.cookies |= {name: value for name, _, value in cookies}
        return answer

    def begin(self, path: str = "/login/oidc?next=/history") -> str:
        answer = self.get(path)
        assert answer.status == 303, answer.body
        return answer.headers["Location"]

    @staticmethod
    def agree(address: str, sub: str, **form: str) -> str:
        """Log in at the provider; where it sends the browser back to."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        body = urlencode({"sub": sub, **form}).encode()
        try:
            urllib.request.build_opener(Stay).open(address, body, timeout=10)
        except urllib.error.HTTPError as answer:
            back = urlsplit(answer.headers["Location"])
            return f"{back.path}?{back.query}"
        raise AssertionError("the provider did not send the browser back")


def provider(server: str, **fields) -> People:
    settings = {"name": "Corp", "issuer": server, "client_id": "errtally", "client_secret": "s3cret", **fields}
    return People(provider=OpenIdProvider(**settings))


@pytest.mark.parametrize(
    ("sub", "statuses"),
    [pytest.param("1", [200, 303, 200], id="an admin"), pytest.param("2", [200, 303, 403], id="a member")],
)
def test_somebody_whom_a_provider_knows_comes_in_with_the_role_of_a_group(start, server, sub, statuses) -> None:
    exporter = start(provider(server, groups=GROUPS))
    browser = Browser(exporter)
    assert "Log in with Corp" in browser.get("/login").body.decode()
    address = browser.begin()
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:9765/login/oidc"]
    back = browser.get(browser.agree(address, sub))
    assert (back.status, back.headers["Location"]) == (303, "/history")
    session = {"Cookie": f"errtally-session={browser.cookies['errtally-session']}"}
    assert allowed(exporter, session) == statuses
    assert {"1": "ida", "2": "kim"}[sub] in exporter.get("/history", session).body.decode()


@pytest.mark.parametrize(
    ("fields", "sub", "told"),
    [
        pytest.param({"groups": GROUPS}, "3", "lou is in no group", id="in no group that has a role"),
        pytest.param({"groups": GROUPS}, "4", "mia is in no group", id="in no group at all"),
        pytest.param({"allowed_groups": ("dev",)}, "3", "lou is in no group", id="in none that may come in"),
        pytest.param({"allowed_domains": ("example.com",)}, "3", "lou has no e-mail address", id="of another domain"),
        pytest.param({"allowed_domains": ("example.com",)}, "4", "mia has no e-mail address", id="without an address"),
    ],
)
def test_who_may_not_come_in_is_told_why(start, server, fields, sub, told) -> None:
    browser = Browser(start(provider(server, **fields)))
    answer = browser.get(browser.agree(browser.begin(), sub))
    assert answer.status == 403
    assert told in answer.body.decode()
    assert "errtally-session" not in browser.cookies


def test_an_answer_counts_for_the_browser_that_asked_and_once_begun(start, server) -> None:
    exporter = start(provider(server))
    browser, other = Browser(exporter), Browser(exporter)
    back = browser.agree(browser.begin(), "1")
    assert other.get(back).status == 403  # it has no cookie of that log-in
    other.begin()
    assert other.get(back).status == 403  # it has that of another
    assert browser.get("/login/oidc?state=x&code=y").status == 403
    refused = browser.agree(browser.begin(), "1", action="deny")
    assert browser.get(refused).status == 403
    assert browser.get(back.replace("code=", "code=x")).status == 403


def test_a_provider_that_is_away_is_said_so(start) -> None:
    exporter = start(provider("http://localhost:1"))
    answer = exporter.get("/login/oidc", PAGE)
    assert answer.status == 502
    assert "Corp does not answer" in answer.body.decode()


def test_a_login_that_is_to_be_by_the_provider_is_begun_at_once(start, server) -> None:
    exporter = start(provider(server, auto_login=True))
    answer = exporter.get("/history", {"Accept": "text/html"})
    answer = exporter.get(answer.headers["Location"], {"Accept": "text/html"})
    assert answer.headers["Location"].startswith("/login/oidc?next=")


def configured(tmp_path, text: str) -> ExporterConfig:
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"secret of {name}")
    path = tmp_path / "errtally.yml"
    path.write_text(text)
    return from_environ({"ERRTALLY_CONFIG": str(path)})


def test_workers_are_given_the_people() -> None:
    made = ExporterConfig(people=People(USERS.users, ProxyLogin("X-User"), provider("http://localhost:1").provider))
    assert from_json(to_json(made)) == made


def test_people_stand_in_the_configuration(tmp_path) -> None:
    found = configured(
        tmp_path,
        """
trusted_proxies: [10.0.0.0/8]
web:
  session_hours: 8
  users:
    - {name: ann, password_file: a, role: admin}
    - {name: bob, password_file: b}
  proxy: {user_header: X-WEBAUTH-USER, role: viewer}
  oidc:
    issuer: https://id.example.com
    client_id: errtally
    client_secret_file: a
    admin_groups: [ops]
    allowed_groups: [staff]
""",
    ).people
    assert found.users == (User("ann", "secret of a", "admin"), User("bob", "secret of b", "member"))
    assert found.proxy == ProxyLogin("X-WEBAUTH-USER", "", "viewer")
    assert found.session_seconds == 8 * 3600
    assert found.provider is not None
    assert (found.provider.client_secret, found.provider.groups["admin"]) == ("secret of a", ("ops",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("{users: [{name: ann, password_file: nowhere}]}", "users[0].password_file", id="no file"),
        pytest.param("{users: [{name: ann, password_file: a}, {name: ann, password_file: a}]}", "is taken", id="twice"),
        pytest.param("{users: [{name: token, password_file: a}]}", "is taken", id="a name that means something"),
        pytest.param("{users: [{name: ann, password_file: a, role: root}]}", "role", id="no role"),
        pytest.param("{proxy: {user_header: X-User}}", "trusted_proxies", id="a proxy that nobody trusts"),
        pytest.param(
            "{oidc: {issuer: 'http://id.example.com', client_id: c, client_secret_file: a}}",
            "https",
            id="not encrypted",
        ),
    ],
)
def test_what_is_wrong_in_the_configuration_is_named(tmp_path, text, told) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        configured(tmp_path, f"web: {text}\n")
