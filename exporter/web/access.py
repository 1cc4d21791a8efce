"""Who may see pages and use the API, and a guard against forged posts.

Programs send basic auth or a bearer token with each request. A browser logs in once (web/login.py) and has a cookie
from then on, which is signed with a key made of the installation's secret and of what it was given for: a password or
token that is changed ends the sessions that were begun with it.
"""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, has_request_context, redirect, request, url_for
from itsdangerous import BadSignature, TimestampSigner

from errtally.exporter.web.attempts import Attempts
from errtally.exporter.web.sentry_api import answers

if TYPE_CHECKING:
    from werkzeug.datastructures import Authorization
    from werkzeug.wrappers import Response as AnyResponse

    from errtally.exporter.config import ExporterConfig

FORM_TOKEN_SECONDS = 12 * 3600
SESSION_SECONDS = 14 * 86400
SESSION_COOKIE = "errtally-session"
LOGIN_PATH = "/login"
_OPEN_FOLDERS = ("/static/", "/api/schema/")
METRICS_PATH = "/metrics"
_OPEN_PATHS = frozenset({"/-/healthy", "/-/ready", LOGIN_PATH})


class Access:
    """Checks logins and form tokens."""

    def __init__(self, config: ExporterConfig, secret: bytes) -> None:
        self._config = config
        self._secret = secret
        self._signer = TimestampSigner(secret, salt="errtally.form")
        self.attempts = Attempts(config.workers)

    def refuse(self) -> AnyResponse | None:
        """Return the answer to a request without a valid login, None when it may go on."""
        config = self._config
        if self._is_open():
            return None
        sent = request.authorization
        if sent is not None:
            if wait_seconds := self.attempts.wait_seconds(remote()):
                return too_many(wait_seconds)
            if self._is_valid(sent):
                return None
            self.attempts.failed(remote())
        elif self.session() is not None:
            return None
        elif request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            here = request.full_path if request.query_string else request.path
            return redirect(f"{url_for('login.form')}?next={quote(request.script_root + here, safe='')}", 303)
        # A browser must not ask for a name and password where only a token would do.
        scheme = 'Basic realm="errtally", charset="UTF-8"' if config.web_password is not None else "Bearer"
        if answers.is_below(request.path):
            return answers.failure(401, "" if sent is None else "Invalid token", {"WWW-Authenticate": scheme})
        if request.path.startswith("/api/"):
            body, kind = '{"error": {"code": "login", "message": "log in to see this"}}\n', "application/json"
        else:
            body, kind = "log in to see this\n", "text/plain; charset=utf-8"
        return Response(body, 401, {"WWW-Authenticate": scheme}, content_type=kind)

    def _is_open(self) -> bool:
        """Whether what is asked for is for everybody."""
        if request.path == METRICS_PATH:
            return not self._config.has_metrics_auth
        return not self._config.has_web_auth or request.path in _OPEN_PATHS or request.path.startswith(_OPEN_FOLDERS)

    def _is_valid(self, sent: Authorization) -> bool:
        """Whether a program may go on with what it sent of itself."""
        if sent.type == "bearer":
            return self.is_token(sent.token) or self._is_scraper(sent.token)
        # Sentry's older clients send the token as a name without a password.
        return sent.type == "basic" and (
            self.is_password(sent.username, sent.password) or (not sent.password and self.is_token(sent.username))
        )

    def is_token(self, token: str | None) -> bool:
        """Whether this is the token that is configured."""
        return self._config.web_token is not None and _same(token, self._config.web_token)

    def _is_scraper(self, token: str | None) -> bool:
        """Whether this is the token that is good for /metrics alone."""
        expected = self._config.metrics_token
        return expected is not None and request.path == METRICS_PATH and _same(token, expected)

    def is_password(self, username: str | None, password: str | None) -> bool:
        """Whether name and password are those that are configured."""
        config = self._config
        if config.web_password is None:
            return False
        # Both are compared, so that the time says nothing about which one was wrong.
        return _same(username, config.web_username) & _same(password, config.web_password)

    def new_session(self, kind: str) -> str:
        """Make the cookie of a login by ``password`` or ``token``."""
        return self._session_signer(kind).sign(kind).decode()

    def session(self) -> str | None:
        """Return by what the browser logged in, ``password`` or ``token``; None without a cookie that holds."""
        cookie = request.cookies.get(SESSION_COOKIE, "")
        for kind in ("password", "token"):
            if self._credential(kind) is not None:
                try:
                    self._session_signer(kind).unsign(cookie, max_age=SESSION_SECONDS)
                except BadSignature:  # also when it has expired
                    continue
                return kind
        return None

    def form_token(self) -> str:
        """Make the token that a form has to send back: another site can't read it, and it holds for one person."""
        return self._signer.sign(self.who()).decode()

    def is_forged(self) -> bool:
        """Whether a request that changes something may come from another site's page."""
        is_bearer = request.authorization is not None and request.authorization.type == "bearer"
        if request.method == "DELETE" or request.is_json or is_bearer:
            return False  # a browser sends none of these across origins without asking first, which is not granted
        try:
            made_for = self._signer.unsign(request.form.get("form_token", ""), max_age=FORM_TOKEN_SECONDS)
        except BadSignature:  # also when it has expired
            return True
        return not compare_digest(made_for, self.who().encode())

    def who(self) -> str:
        """Name the person for the history."""
        sent = request.authorization if has_request_context() else None
        if sent is not None:
            return sent.username or "token"
        kind = self.session() if self._config.has_web_auth and has_request_context() else None
        if kind is None:
            return "anonymous"
        return self._config.web_username if kind == "password" else "token"

    def _credential(self, kind: str) -> str | None:
        return self._config.web_password if kind == "password" else self._config.web_token

    def _session_signer(self, kind: str) -> TimestampSigner:
        credential = f"{kind}\0{self._config.web_username}\0{self._credential(kind)}"
        key = blake2b(credential.encode(), key=self._secret[:64], digest_size=32).digest()
        return TimestampSigner(key, salt="errtally.session")


def remote() -> str:
    """The address of who asks."""
    return request.remote_addr or ""


def too_many(wait_seconds: int) -> Response:
    """Refuse somebody who tried too often."""
    text = f"too many attempts to log in failed: try again in {wait_seconds} s\n"
    return Response(text, 429, {"Retry-After": str(wait_seconds)}, content_type="text/plain; charset=utf-8")


def _same(sent: str | None, expected: str) -> bool:
    return sent is not None and compare_digest(sent.encode(), expected.encode())
