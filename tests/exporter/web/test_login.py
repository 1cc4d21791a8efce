"""Logging in with a form: who gets in, for how long, and where to."""

from __future__ import annotations

import re
import time
from urllib.parse import quote, urlencode

import pytest
from tests.exporter.inprocess import USER_KEY, InProcess, environ

from errtally.exporter.config import ExporterConfig
from errtally.exporter.web.access import Access
from errtally.exporter.web.login import local_path

BOTH = ExporterConfig(web_username="ann", web_password="night shift", web_token="t0ken")
PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path, BOTH)
    yield made
    made.close()


def submit(exporter, path, headers=None, **fields):
    made = environ(path, urlencode(fields).encode(), headers or {})
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    return exporter.call(made)


def log_in(exporter, **fields) -> str:
    answer = submit(exporter, "/login", **fields)
    assert answer.status == 303
    return answer.headers["Set-Cookie"].partition(";")[0]


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        pytest.param("/issues/x?project=a&event=b", "/issues/x?project=a&event=b", id="a page with its query"),
        pytest.param(None, "/", id="nothing"),
        pytest.param("", "/", id="nothing at all"),
        pytest.param("https://evil.example/", "/", id="another site"),
        pytest.param("//evil.example/", "/", id="another site without a scheme"),
        pytest.param("/\\evil.example/", "/", id="a backslash, which browsers read as a slash"),
        pytest.param("/a\\evil", "/", id="a backslash anywhere"),
        pytest.param("/\t/evil.example/", "/", id="a tab, which browsers skip"),
        pytest.param("/\r\nSet-Cookie: a=b", "/", id="a new header"),
        pytest.param("javascript:alert(1)", "/", id="a script"),
        pytest.param("issues", "/", id="a relative path"),
        pytest.param("/a\n", "/", id="a line break at the end"),
    ],
)
def test_a_login_leads_only_to_pages_of_this_exporter(exporter, asked, target) -> None:
    assert local_path(asked) == target
    answer = submit(exporter, "/login", token="t0ken", **({"next": asked} if asked is not None else {}))
    assert answer.headers["Location"] == target


def test_a_browser_is_led_to_the_login_and_back(exporter) -> None:
    answer = exporter.get("/issues/x?project=shop", PAGE)
    assert (answer.status, answer.headers["Location"]) == (
        303,
        f"/login?next={quote('/issues/x?project=shop', safe='')}",
    )
    form = exporter.get(answer.headers["Location"]).body.decode()
    assert 'name="next" value="/issues/x?project=shop"' in form


def test_a_program_is_told_how_to_log_in(exporter) -> None:
    for path, headers in (("/", {"Accept": "*/*"}), ("/", {}), ("/api/issues", {"Accept": "application/json"})):
        answer = exporter.get(path, headers)
        assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize(
    "fields", [{"username": "ann", "password": "night shift"}, {"token": "t0ken"}], ids=["a password", "a token"]
)
def test_a_login_opens_pages_and_api(exporter, fields) -> None:
    cookie = {"Cookie": log_in(exporter, **fields)}
    assert exporter.get("/", cookie).status == 200
    assert exporter.get("/api/issues", cookie).status == 200
    assert "Log out" in exporter.get("/", cookie).body.decode()


def test_the_cookie_is_kept_from_scripts_and_other_sites(exporter, tmp_path) -> None:
    cookie = submit(exporter, "/login", token="t0ken").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    safe = InProcess(tmp_path / "safe", ExporterConfig(web_token="t0ken", external_url="https://errors.example"))
    assert "Secure" in submit(safe, "/login", token="t0ken").headers["Set-Cookie"]
    safe.close()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"username": "ann", "password": "wrong"},
        {"username": "bob", "password": "night shift"},
        {"username": "ann"},
        {"token": "wrong"},
        {"token": ""},
        {"token": "night shift"},
    ],
    ids=str,
)
def test_what_is_wrong_is_refused(exporter, fields) -> None:
    answer = submit(exporter, "/login", **fields)
    assert (answer.status, "Set-Cookie" in answer.headers) == (401, False)
    assert "That is not right" in answer.body.decode()


def test_a_form_of_another_site_logs_nobody_in(exporter) -> None:
    answer = submit(exporter, "/login", {"Sec-Fetch-Site": "cross-site"}, token="t0ken")
    assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)


def test_a_cookie_that_was_changed_or_is_old_opens_nothing(exporter, monkeypatch) -> None:
    cookie = log_in(exporter, token="t0ken")
    for changed in (cookie + "x", cookie.replace("token", "password"), "errtally-session=token", "errtally-session="):
        assert exporter.get("/", {"Cookie": changed}).status == 401
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 15 * 86_400)
    assert exporter.get("/", {"Cookie": cookie}).status == 401


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(ExporterConfig(web_token="other"), id="another token"),
        pytest.param(ExporterConfig(web_password="t0ken", web_username="ann"), id="the token as a password"),
    ],
)
def test_a_changed_token_ends_its_sessions(tmp_path, changed) -> None:
    before, after = InProcess(tmp_path / "a", BOTH), InProcess(tmp_path / "b", changed)
    cookie = {"Cookie": log_in(before, token="t0ken")}
    assert (before.get("/", cookie).status, after.get("/", cookie).status) == (200, 401)
    before.close()
    after.close()


def test_another_installation_s_cookie_opens_nothing(exporter) -> None:
    foreign = Access(BOTH, b"x" * len(USER_KEY)).new_session("token")
    assert exporter.get("/", {"Cookie": f"errtally-session={foreign}"}).status == 401


def test_a_decision_names_who_logged_in_and_needs_their_own_form(exporter) -> None:
    exporter.post("/api/events?project=shop", {"events": [{"message": "no milk"}]}, {"Authorization": "Bearer k"})
    exporter.fold()
    fingerprint = exporter.reader.issues()[0]["fingerprint"]
    by_name, by_token = log_in(exporter, username="ann", password="night shift"), log_in(exporter, token="t0ken")
    page = exporter.get(f"/issues/{fingerprint}", {"Cookie": by_name}).body.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    path = f"/issues/{fingerprint}/resolve"
    assert submit(exporter, path, {"Cookie": by_token}, form_token=token).status == 403
    with exporter.folding():
        assert submit(exporter, path, {"Cookie": by_name}, form_token=token).status == 303
    assert exporter.reader.issue(fingerprint)["history"][0]["by"] == "ann"


def test_logging_out_takes_the_cookie_away(exporter) -> None:
    cookie = {"Cookie": log_in(exporter, token="t0ken")}
    page = exporter.get("/", cookie).body.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    assert submit(exporter, "/logout", cookie).status == 403
    answer = submit(exporter, "/logout", cookie, form_token=token)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert "Expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]


def test_without_a_login_configured_there_is_no_form(tmp_path) -> None:
    exporter = InProcess(tmp_path)
    assert exporter.get("/login?next=/overview").headers["Location"] == "/overview"
    assert submit(exporter, "/login", token="x").headers["Location"] == "/"
    exporter.close()


def test_the_form_offers_what_is_configured(tmp_path) -> None:
    only = InProcess(tmp_path, ExporterConfig(web_token="t0ken"))
    page = only.get("/login").body.decode()
    assert 'name="token"' in page
    assert 'name="password"' not in page
    only.close()


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [("/issues/0123456789abcdef/resolve", 403, "Not allowed"), ("/metrics", 405, "Not done like this")],
)
def test_people_are_told_in_a_page_what_is_wrong(tmp_path, path, status, text) -> None:
    exporter = InProcess(tmp_path)
    answer = submit(exporter, path, PAGE)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert text in answer.body.decode()
    assert ("Allow" in answer.headers) == (status == 405)
    exporter.close()
