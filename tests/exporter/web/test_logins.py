"""Who may see pages and decide: log-ins, tokens, forms of other sites."""

from __future__ import annotations

import re

import pytest
from tests.exporter.inprocess import InProcess, environ
from tests.exporter.web.sending import send, submit

from errtally.exporter.config import ExporterConfig


def test_without_a_login_programs_get_json_and_people_text(tmp_path):
    exporter = InProcess(tmp_path, PASSWORD)
    assert exporter.get("/api/issues").json() == {"error": {"code": "login", "message": "log in to see this"}}
    assert exporter.get("/").headers["Content-Type"] == "text/plain; charset=utf-8"
    exporter.close()


def test_a_form_needs_the_token_that_its_page_had(exporter):
    fingerprint = send(exporter)
    page = exporter.get(f"/issues/{fingerprint}").body.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    path = f"/issues/{fingerprint}/resolve"
    for fields in ({}, {"form_token": "forged"}, {"form_token": token + "x"}):
        assert submit(exporter, path, project="shop", **fields).status == 403
    assert exporter.get(f"/api/issues/{fingerprint}").json()["status"] == "unresolved"
    with exporter.folding():
        answer = submit(exporter, path, project="shop", form_token=token)
    assert (answer.status, answer.headers["Location"]) == (303, f"/issues/{fingerprint}?project=shop")
    assert exporter.get(f"/api/issues/{fingerprint}").json()["status"] == "resolved"


def test_a_token_that_is_too_old_is_refused(exporter, monkeypatch):
    fingerprint = send(exporter)
    token = exporter.access.form_token()
    monkeypatch.setattr("errtally.exporter.web.access.FORM_TOKEN_SECONDS", -1)
    assert submit(exporter, f"/issues/{fingerprint}/resolve", form_token=token).status == 403


def test_the_api_takes_no_form_of_another_site(exporter):
    fingerprint = send(exporter)
    answer = submit(exporter, f"/api/issues/{fingerprint}/resolve")
    assert (answer.status, answer.json()["error"]["code"]) == (403, "forbidden")


def test_the_api_grants_no_other_origin(exporter):
    asked = exporter.call(
        environ("/api/issues/x/resolve", method="OPTIONS", headers={"Origin": "https://evil.example"})
    )
    assert not any(name.startswith("Access-Control") for name in asked.headers)


PASSWORD = ExporterConfig(web_password="pass: word", web_username="ann")


TOKEN = ExporterConfig(web_token="t0ken")


BOTH = ExporterConfig(web_password="p", web_token="t0ken")


def basic(text):
    import base64  # noqa: PLC0415

    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("config", "headers", "status"),
    [
        pytest.param(PASSWORD, basic("ann:pass: word"), 200, id="the right password"),
        pytest.param(PASSWORD, basic("ann:wrong"), 401, id="a wrong password"),
        pytest.param(PASSWORD, basic("bob:pass: word"), 401, id="a wrong name"),
        pytest.param(PASSWORD, basic("ann"), 401, id="no password"),
        pytest.param(PASSWORD, {"Authorization": "Basic !!!"}, 401, id="no base64"),
        pytest.param(PASSWORD, {"Authorization": "Bearer pass: word"}, 401, id="the password as a token"),
        pytest.param(PASSWORD, {}, 401, id="nothing"),
        pytest.param(PASSWORD, basic("ann:größe"), 401, id="a wrong password beyond ASCII"),
        pytest.param(TOKEN, {"Authorization": "Bearer t0ken"}, 200, id="the right token"),
        pytest.param(TOKEN, {"Authorization": "Bearer wrong"}, 401, id="a wrong token"),
        pytest.param(TOKEN, basic("errtally:t0ken"), 401, id="the token as a password"),
        pytest.param(TOKEN, {"Authorization": "Digest x"}, 401, id="another scheme"),
        pytest.param(BOTH, basic("errtally:p"), 200, id="the password where both are"),
        pytest.param(BOTH, {"Authorization": "Bearer t0ken"}, 200, id="the token where both are"),
    ],
)
def test_who_may_see_the_pages(tmp_path, config, headers, status):
    exporter = InProcess(tmp_path, config)
    for path in ("/", "/api/issues"):
        answer = exporter.get(path, headers)
        assert answer.status == status
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    exporter.close()


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready", "/metrics", "/static/errtally.css"])
def test_scrapes_health_and_style_need_no_login(tmp_path, path):
    exporter = InProcess(tmp_path, PASSWORD)
    assert exporter.get(path).status == 200
    exporter.close()


@pytest.mark.parametrize("path", ["/issues/x", "/nowhere", "/api/issues/x", "/-/other", "/metrics/"])
def test_everything_else_needs_one(tmp_path, path):
    exporter = InProcess(tmp_path, PASSWORD)
    assert exporter.get(path).status == 401
    assert exporter.post("/api/issues/x/resolve", {}).status == 401
    exporter.close()


@pytest.mark.parametrize(
    ("headers", "who"), [(basic("errtally:p"), "errtally"), ({"Authorization": "Bearer t0ken"}, "token")]
)
def test_a_decision_names_who_made_it(tmp_path, headers, who):
    exporter = InProcess(tmp_path, BOTH)
    fingerprint = send(exporter)
    with exporter.folding():
        assert exporter.post(f"/api/issues/{fingerprint}/resolve", {}, headers).status == 200
    assert exporter.reader.issue(fingerprint)["history"][0]["by"] == who
    exporter.close()
