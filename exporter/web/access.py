"""Who may see pages and use the API, and a guard against forged posts.

Programs send basic auth or a bearer token with each request. A browser logs in once (web/login.py) and has a cookie
from then on, which is signed with a key made of the installation's secret and of what it was given for: a password or
token that is changed or revoked ends the sessions that were begun with it.
"""

from __future__ import annotations

import json
import secrets
import time
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import structlog
from flask import Response, g, has_request_context, redirect, request, url_for
from itsdangerous import BadSignature, TimestampSigner

from errtally.errors import StoreError
from errtally.exporter.people import ROLES
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.token import hash_of
from errtally.exporter.web.attempts import Attempts
from errtally.exporter.web.forwarding import FROM_PROXY_KEY
from errtally.exporter.web.scopes import EVERYTHING, Principal, needs
from errtally.exporter.web.sentry_api import answers

if TYPE_CHECKING:
    from werkzeug.datastructures import Authorization
    from werkzeug.wrappers import Response as AnyResponse

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.people import User

FORM_TOKEN_SECONDS = 12 * 3600
MAX_NAME = 200
"""Characters of a name that a proxy or a provider tells."""

SESSION_COOKIE = "errtally-session"
LOGIN_PATH = "/login"
_OPEN_FOLDERS = ("/static/", "/api/schema/", "/api/tickets/")
"""What asks for no login: webhooks of trackers are signed."""

METRICS_PATH = "/metrics"
OPENID_PATH = "/login/oidc"
_OPEN_PATHS = frozenset({"/-/healthy", "/-/ready", LOGIN_PATH, OPENID_PATH})
_OF_TOKEN = "token:"  # noqa: S105 (the kind of a session, behind which a token's name stands)
_OF_USER, _OF_PROVIDER = "user:", "oidc:"
"""Kinds of sessions of people: behind the first stands the name; behind the second the role, a colon, and the name with
what no cookie holds as percent signs and digits."""


_log = structlog.get_logger(__name__)


class Access:
    """Checks logins, tokens and form tokens."""

    def __init__(self, config: ExporterConfig, secret: bytes) -> None:
        self._config = config
        self._secret = secret
        self._signer = TimestampSigner(secret, salt="errtally.form")
        self._configured = {token.hash: token for token in config.web_tokens}
        self.tokens = TokenStore(config.data_dir, config.database)
        # Workers of exporters on a database tell each other.
        self.attempts = Attempts(1 if config.database else config.workers)

    def refuse(self) -> AnyResponse | None:
        """Return the answer to a request without a valid login, or that its token is not good for; None to go on."""
        config = self._config
        if self._is_open():
            return None
        sent = request.authorization
        if sent is not None:
            if wait_seconds := self.attempts.wait_seconds(remote()):
                return too_many(wait_seconds)
            principal = self.principal()
            if principal is None:
                self.attempts.failed(remote())
        else:
            principal = self.principal()
        if principal is not None:
            is_allowed = principal.may(request.method, request.path)
            return None if is_allowed else _forbidden(principal, request.method, request.path)
        if sent is None and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            here = request.full_path if request.query_string else request.path
            return redirect(f"{url_for('login.form')}?next={quote(request.script_root + here, safe='')}", 303)
        # A browser must not ask for a name and password where only a token would do.
        has_password = config.web_password is not None or bool(config.people.users)
        scheme = 'Basic realm="errtally", charset="UTF-8"' if has_password else "Bearer"
        if answers.is_below(request.path):
            return answers.failure(401, "" if sent is None else "Invalid token", {"WWW-Authenticate": scheme})
        if request.path.startswith("/api/"):
            body, kind = '{"error": {"code": "login", "message": "log in to see this"}}\n', "application/json"
        else:
            body, kind = "log in to see this\n", "text/plain; charset=utf-8"
        return Response(body, 401, {"WWW-Authenticate": scheme}, content_type=kind)

    def principal(self) -> Principal | None:
        """Return who makes this request, None when what it sent of itself is not right, or nothing was sent.

        Where no login is configured, that is who says so: tokens are not asked for, and one that is known gives its
        name to the history.
        """
        if "principal" not in g:
            g.principal = self._principal()
        found: Principal | None = g.principal
        return found

    def _principal(self) -> Principal | None:
        sent = request.authorization
        if not self._config.has_web_auth and not self._is_open():  # /metrics, which has a token of its own
            return Principal.of("scraper", ("read",)) if self._is_scraper(_token_of(sent)) else None
        if not self._config.has_web_auth:
            known = self._by_token(_token_of(sent)) if sent is not None else None
            name = known.name if known is not None else sent.username or "token" if sent is not None else "anonymous"
            return Principal.of(name, EVERYTHING)
        if sent is not None:
            if sent.type == "basic" and (kind := self.password_kind(sent.username, sent.password)) is not None:
                return self._of_session(kind)
            token = _token_of(sent)
            return self._by_token(token) or (Principal.of("scraper", ("read",)) if self._is_scraper(token) else None)
        kind = self.session()
        return self._of_session(kind) if kind is not None else self._of_proxy()

    def _of_session(self, kind: str) -> Principal | None:
        """Return who logged in by what."""
        if kind == "password":
            return Principal.of(self._config.web_username, EVERYTHING)
        if kind == "token":
            return Principal.of("token", EVERYTHING)
        if kind.startswith(_OF_USER):
            user = self._user(kind.removeprefix(_OF_USER))
            return Principal.of(user.name, ROLES[user.role]) if user is not None else None
        if kind.startswith(_OF_PROVIDER):
            role, _, name = kind.removeprefix(_OF_PROVIDER).partition(":")
            return Principal.of(unquote(name), ROLES[role])
        return self._named(kind.removeprefix(_OF_TOKEN))

    def _of_proxy(self) -> Principal | None:
        """Return whom a trusted proxy names; what others write into its headers says nothing."""
        proxy = self._config.people.proxy
        if proxy is None or not request.environ.get(FROM_PROXY_KEY):
            return None
        name = request.headers.get(proxy.user_header, "").strip()
        role = (request.headers.get(proxy.role_header, "").strip().lower() if proxy.role_header else "") or proxy.role
        return Principal.of(name[:MAX_NAME], ROLES[role]) if name and role in ROLES else None

    def _user(self, name: str | None) -> User | None:
        return next((user for user in self._config.people.users if user.name == name), None)

    def _is_open(self) -> bool:
        """Whether what is asked for is for everybody."""
        if request.path == METRICS_PATH:
            return not self._config.has_metrics_auth
        return not self._config.has_web_auth or request.path in _OPEN_PATHS or request.path.startswith(_OPEN_FOLDERS)

    def _by_token(self, token: str | None) -> Principal | None:
        """Return who a token stands for, None when it is not known."""
        if token is None:
            return None
        if self._config.web_token is not None and _same(token, self._config.web_token):
            return Principal.of("token", EVERYTHING)
        hash_ = hash_of(token)
        if (configured := self._configured.get(hash_)) is not None:
            return Principal.of(configured.name, configured.scopes)
        made = self.tokens.find(hash_)
        if made is None:
            return None
        try:
            self.tokens.note_use(made.name, time.time())
        except StoreError as exc:  # whoever has the token may go on; only its last use is not known
            _log.warning("the use of a token was not noted", token=made.name, error=str(exc))
        return Principal.of(made.name, made.scopes)

    def _named(self, name: str) -> Principal | None:
        known = next((one for one in self._config.web_tokens if one.name == name), None) or self.tokens.named(name)
        return Principal.of(known.name, known.scopes) if known is not None else None

    def has_tokens(self) -> bool:
        """Whether there is any token to log in with."""
        return self._config.web_token is not None or bool(self._config.web_tokens) or bool(self.tokens.all())

    def session_kind(self, token: str) -> str | None:
        """Return the kind of session that a token begins, None when the token is not right."""
        principal = self._by_token(token)
        if principal is None:
            return None
        is_main = self._config.web_token is not None and _same(token, self._config.web_token)
        return "token" if is_main else f"{_OF_TOKEN}{principal.name}"

    def _is_scraper(self, token: str | None) -> bool:
        """Whether this is the token that is good for /metrics alone."""
        expected = self._config.metrics_token
        return expected is not None and request.path == METRICS_PATH and _same(token, expected)

    def password_kind(self, username: str | None, password: str | None) -> str | None:
        """Return the kind of session that a name and a password begin, None when they are not right."""
        if self.is_password(username, password):
            return "password"
        user = self._user(username)
        # Something is compared for names that nobody has as well, so that the time says nothing of who there is.
        is_right = _same(password, user.password if user is not None else secrets.token_hex())
        return f"{_OF_USER}{user.name}" if user is not None and is_right else None

    @staticmethod
    def provider_kind(name: str, role: str) -> str:
        """Return the kind of session of somebody whom the OpenID provider knows."""
        return f"{_OF_PROVIDER}{role}:{quote(name[:MAX_NAME], safe='')}"

    def is_password(self, username: str | None, password: str | None) -> bool:
        """Whether name and password are those that are configured."""
        config = self._config
        if config.web_password is None:
            return False
        # Both are compared, so that the time says nothing about which one was wrong.
        return _same(username, config.web_username) & _same(password, config.web_password)

    def new_session(self, kind: str) -> str:
        """Make the cookie of a login by ``password``, ``token`` or what `session_kind` said."""
        return self._session_signer(kind).sign(kind).decode()

    def session(self) -> str | None:
        """Return by what the browser logged in, as `new_session` takes it; None without a cookie that holds."""
        cookie = request.cookies.get(SESSION_COOKIE, "")
        kind = cookie.rsplit(".", 2)[0]
        if not cookie or self._credential(kind) is None:
            return None
        try:
            self._session_signer(kind).unsign(cookie, max_age=int(self._config.people.session_seconds))
        except BadSignature:  # also when it has expired
            return None
        return kind

    def signer(self, purpose: str) -> TimestampSigner:
        """Return a signer with the installation's secret, whose signatures are good for one purpose."""
        return TimestampSigner(self._secret, salt=f"errtally.{purpose}")

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
        """Name the person or token for the history."""
        principal = self.principal() if has_request_context() else None
        return principal.name if principal is not None else "anonymous"

    def may(self, scope: str) -> bool:
        """Whether who asks has a scope."""
        principal = self.principal()
        return principal is not None and scope in principal.scopes

    def _credential(self, kind: str) -> str | None:
        if kind == "password":
            return self._config.web_password
        if kind == "token":
            return self._config.web_token
        if kind.startswith(_OF_USER):
            user = self._user(kind.removeprefix(_OF_USER))
            return f"{user.password}\0{user.role}" if user is not None else None
        provider = self._config.people.provider
        if kind.startswith(_OF_PROVIDER) and provider is not None:
            # Whoever has another role, or none, by the settings of today logs in again.
            return repr((provider.client_secret, provider, sorted(provider.groups.items())))
        if not kind.startswith(_OF_TOKEN):
            return None
        name = kind.removeprefix(_OF_TOKEN)
        known = next((one for one in self._config.web_tokens if one.name == name), None) or self.tokens.named(name)
        return known.hash if known is not None else None

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
    if answers.is_below(request.path):
        return answers.failure(429, text.strip(), {"Retry-After": str(wait_seconds)})
    return Response(text, 429, {"Retry-After": str(wait_seconds)}, content_type="text/plain; charset=utf-8")


def _forbidden(principal: Principal, method: str, path: str) -> Response:
    """Refuse what a token is not good for; say what it lacks."""
    needed = " or ".join(sorted(needs(method, path)))
    has = ", ".join(sorted(principal.scopes)) or "no scope"
    text = f"{principal.name!r} has {has}; this needs {needed}"
    if answers.is_below(path):
        return answers.failure(403, f"You do not have permission to perform this action: {text}.")
    if path.startswith("/api/"):
        return Response(
            json.dumps({"error": {"code": "forbidden", "message": text}}) + "\n", 403, content_type="application/json"
        )
    return Response(f"{text}\n", 403, content_type="text/plain; charset=utf-8")


def _token_of(sent: Authorization | None) -> str | None:
    """Return the token that was sent; Sentry's older clients send it as a name without a password."""
    if sent is None:
        return None
    if sent.type == "bearer":
        return sent.token
    return sent.username if sent.type == "basic" and not sent.password else None


def _same(sent: str | None, expected: str) -> bool:
    return sent is not None and compare_digest(sent.encode(), expected.encode())
