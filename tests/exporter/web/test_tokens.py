"""Tokens for programs: what each scope lets through, who the history names, and an end by revoking."""

from __future__ import annotations

import base64
import json
import re
import stat
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from tests.exporter.inprocess import InProcess, environ

from errtally.command_line import errtally
from errtally.errors import ConfigError
from errtally.exporter.config import ExporterConfig, build
from errtally.exporter.store.tokens import FILE_NAME, TokenStore
from errtally.exporter.token import SCOPES, Token, hash_of

MAIN = "a-token-of-24-characters"
HASHED = {"scopes": ["read"], "sha256": "0" * 64}
CONFIGURED = "another-token-that-gitops-holds"


@pytest.fixture
def exporter(tmp_path):
    configured = (Token("gitops", hash_of(CONFIGURED), ("write",)),)
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, web_token=MAIN, web_tokens=configured))
    made.post("/api/events?project=shop", {"events": [{"message": "no stock", "type": "StockError"}]})
    made.fold()
    yield made
    made.close()


@pytest.fixture
def open_exporter(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path))
    yield made
    made.close()


def submit(exporter, path: str, fields: dict[str, str], headers: dict[str, str] | None = None):
    made = environ(path, urlencode(fields).encode(), headers)
    return exporter.call(made | {"CONTENT_TYPE": "application/x-www-form-urlencoded"})


def ask(exporter, token: str, path: str, method: str = "GET", body: bytes = b""):
    path, _, query = path.partition("?")
    made = environ(path, body, {"Authorization": f"Bearer {token}"}, method=method, query=query)
    with exporter.folding():
        return exporter.call(made | {"CONTENT_TYPE": "application/json"})


def make(tmp_path, *scopes: str, name: str = "ci") -> str:
    return TokenStore(tmp_path).create(name, scopes, "ann", 1.0)


READ_ISSUES = ("GET", "/api/issues", b"", 200)
READ_SENTRY = ("GET", "/api/0/organizations/errtally/issues/", b"", 200)
WHO = ("GET", "/api/0/", b"", 200)
RELEASES = ("GET", "/api/0/organizations/errtally/releases/", b"", 200)
DECIDE = ("PUT", "/api/0/issues/1/", b'{"status": "resolved"}', 200)
DELETE = ("DELETE", "/api/0/issues/1/", b"", 202)
TOKENS = ("GET", "/tokens", b"", 200)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        pytest.param("read", (READ_ISSUES, READ_SENTRY, WHO, RELEASES), id="read"),
        pytest.param("write", (READ_ISSUES, READ_SENTRY, WHO, RELEASES, DECIDE), id="write"),
        pytest.param("ingest-artifacts", (WHO, RELEASES), id="ingest-artifacts"),
        pytest.param("admin", (READ_ISSUES, READ_SENTRY, WHO, RELEASES, DECIDE, TOKENS, DELETE), id="admin"),
    ],
)
def test_a_scope_lets_through_what_it_says_and_nothing_else(exporter, tmp_path, scope, allowed) -> None:
    token = make(tmp_path, scope)
    for request in (READ_ISSUES, READ_SENTRY, WHO, RELEASES, DECIDE, TOKENS, DELETE):
        method, path, body, status = request
        answer = ask(exporter, token, path, method, body)
        assert answer.status == (status if request in allowed else 403), path
        if answer.status == 403 and path.startswith("/api/0"):
            assert list(answer.json()) == ["detail"]
            assert "this needs" in answer.json()["detail"]


def test_the_history_names_the_token(exporter, tmp_path) -> None:
    for name, token in (("ci", make(tmp_path, "write")), ("gitops", CONFIGURED), ("token", MAIN)):
        for status in ("resolved", "unresolved"):
            ask(exporter, token, "/api/0/issues/1/", "PUT", json.dumps({"status": status}).encode())
        assert ask(exporter, MAIN, "/api/history").json()["entries"][0]["by"] == name


def test_basic_with_the_token_as_name_and_no_password(exporter, tmp_path) -> None:
    token = make(tmp_path, "read")
    for text, status in ((f"{token}:", 200), (f"{token}:x", 401), (f":{token}", 401)):
        sent = {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}
        assert exporter.get("/api/0/organizations/", sent).status == status


def test_a_revoked_token_is_refused_at_once_and_its_sessions_end(exporter, tmp_path) -> None:
    token = make(tmp_path, "read")
    answer = submit(exporter, "/login", {"token": token})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert exporter.get("/", {"Cookie": cookie}).status == 200
    assert exporter.get("/tokens", {"Cookie": cookie}).status == 403
    assert TokenStore(tmp_path).revoke("ci")
    assert ask(exporter, token, "/api/issues").status == 401
    assert exporter.get("/api/issues", {"Cookie": cookie}).status == 401
    make(tmp_path, "read")  # of the same name
    assert exporter.get("/api/issues", {"Cookie": cookie}).status == 401


def test_the_store_holds_no_token_and_is_its_owner_s_alone(exporter, tmp_path) -> None:
    token = make(tmp_path, "read")
    ask(exporter, token, "/api/issues")
    file = tmp_path / FILE_NAME
    assert token.encode() not in file.read_bytes()
    assert token.removeprefix("errtally-").encode() not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_last_use_is_noted(exporter, tmp_path) -> None:
    token = make(tmp_path, "read")
    assert TokenStore(tmp_path).named("ci").last_used is None
    ask(exporter, token, "/api/issues")
    assert TokenStore(tmp_path).named("ci").last_used > 1


def test_the_page_makes_a_token_shows_it_once_and_revokes_it(exporter) -> None:
    cookie = submit(exporter, "/login", {"token": MAIN}).headers["Set-Cookie"].partition(";")[0]
    page = exporter.get("/tokens", {"Cookie": cookie}).body.decode()
    form_token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    fields = {"form_token": form_token, "name": "grafana", "scope": "read"}
    made = submit(exporter, "/tokens", fields, {"Cookie": cookie})
    [token] = re.findall(r"errtally-[\w-]{43}", made.body.decode())
    assert made.headers["Cache-Control"] == "no-store"
    assert ask(exporter, token, "/api/issues").status == 200
    again = exporter.get("/tokens", {"Cookie": cookie}).body.decode()
    assert token not in again
    assert "grafana" in again
    for wrong in (
        {**fields, "name": "token"},
        fields,
        {**fields, "name": "<b>"},
        {**fields, "name": "x", "scope": "all"},
    ):
        assert submit(exporter, "/tokens", wrong, {"Cookie": cookie}).status in {409, 422}
    assert submit(exporter, "/tokens", {**fields, "form_token": "x", "name": "y"}, {"Cookie": cookie}).status == 403
    assert submit(exporter, "/tokens/grafana/revoke", {"form_token": form_token}, {"Cookie": cookie}).status == 303
    assert ask(exporter, token, "/api/issues").status == 401
    assert submit(exporter, "/tokens/grafana/revoke", {"form_token": form_token}, {"Cookie": cookie}).status == 404


def test_without_a_login_all_stays_as_it_is_and_a_known_token_gives_its_name(open_exporter, tmp_path) -> None:
    token = make(tmp_path, "read")
    for sent, name in ((token, "ci"), ("anything", "token")):
        answer = open_exporter.get("/api/0/", {"Authorization": f"Bearer {sent}"})
        assert (answer.status, answer.json()["user"]["name"]) == (200, name)
    assert open_exporter.get("/api/0/").json()["user"]["name"] == "anonymous"
    page = open_exporter.get("/tokens").body.decode()
    form_token = open_exporter.flask.extensions["errtally"]["access"]._signer.sign("anonymous").decode()
    assert "No login is configured" in page
    answer = submit(open_exporter, "/tokens", {"form_token": form_token, "name": "x", "scope": "admin"})
    assert answer.status == 409
    assert TokenStore(tmp_path).named("x") is None


@pytest.mark.parametrize(
    "token", ["", "errtally-", "x" * 10_000, "ü", "' OR 1=1 --"], ids=["none", "prefix", "long", "foreign", "SQL"]
)
def test_a_wrong_token_is_a_401_and_no_defect(exporter, tmp_path, token: str) -> None:
    make(tmp_path, "read")
    answer = exporter.get("/api/0/", {"Authorization": f"Bearer {token}"})
    assert answer.status in {401, 429}
    assert list(answer.json()) == ["detail"]


def test_the_command_line_makes_lists_and_revokes(tmp_path) -> None:
    run = CliRunner()
    base = ["tokens", "--data-dir", str(tmp_path)]
    made = run.invoke(errtally, [*base, "create", "ci", "--scope", "read", "--scope", "ingest-artifacts"])
    token = made.stdout.strip()
    assert TokenStore(tmp_path).find(hash_of(token)).scopes == ("read", "ingest-artifacts")
    assert run.invoke(errtally, [*base, "create", "ci", "--scope", "read"]).exit_code == 1
    listed = run.invoke(errtally, [*base, "list"]).stdout
    assert "ci" in listed
    assert "never" in listed
    assert token not in listed
    assert run.invoke(errtally, ["tokens", "hash"], input=f"{token}\n").stdout.strip() == hash_of(token)
    assert run.invoke(errtally, [*base, "revoke", "ci"]).exit_code == 0
    assert run.invoke(errtally, [*base, "revoke", "ci"]).exit_code == 1
    assert TokenStore(tmp_path).all() == []


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        pytest.param([{"name": "a", "scopes": ["read"]}], "either `token_file` or `sha256`", id="neither"),
        pytest.param([{"name": "a", **HASHED}] * 2, "tokens[1].name: 'a' is taken", id="one name twice"),
        pytest.param([{"name": "token", **HASHED}], "is taken", id="what others are called"),
        pytest.param([{"name": "a", "scopes": ["read"], "token_file": "gone"}], "can't be read", id="no file"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_said_with_its_place(tmp_path, tokens, problem) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        build({"web": {"tokens": tokens}}, "errtally.yml", tmp_path)


def test_a_configured_token_of_a_file_and_of_a_hash(tmp_path) -> None:
    (tmp_path / "secret").write_text("of-a-file\n")
    tokens = [
        {"name": "a", "scopes": list(SCOPES), "token_file": "secret"},
        {"name": "b", "scopes": ["read"], "sha256": hash_of("of-a-hash").upper()},
    ]
    config = build({"web": {"tokens": tokens}}, "errtally.yml", tmp_path)
    assert [token.hash for token in config.web_tokens] == [hash_of("of-a-file"), hash_of("of-a-hash")]
    assert config.has_web_auth
