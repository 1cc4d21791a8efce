"""Who may see pages and use the API: basic auth or a bearer token when configured, and a guard against forged posts."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from flask import Response, request
from itsdangerous import BadSignature, TimestampSigner

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig

FORM_TOKEN_SECONDS = 12 * 3600
_OPEN_FOLDERS = ("/static/", "/api/schema/")
_OPEN_PATHS = frozenset({"/-/healthy", "/-/ready", "/metrics"})


class Access:
    """Checks logins and form tokens."""

    def __init__(self, config: ExporterConfig, secret: bytes) -> None:
        self._config = config
        self._signer = TimestampSigner(secret, salt="errtally.form")

    def refuse(self) -> Response | None:
        """Return the answer to a request without a valid login, None when it may go on."""
        config = self._config
        if not config.has_web_auth or request.path in _OPEN_PATHS or request.path.startswith(_OPEN_FOLDERS):
            return None
        sent = request.authorization
        if sent is not None:
            if sent.type == "bearer" and config.web_token is not None and _same(sent.token, config.web_token):
                return None
            if (
                sent.type == "basic"
                and config.web_password is not None
                and _same(sent.username, config.web_username)
                and _same(sent.password, config.web_password)
            ):
                return None
        # A browser must not ask for a name and password where only a token would do.
        scheme = 'Basic realm="errtally", charset="UTF-8"' if config.web_password is not None else "Bearer"
        if request.path.startswith("/api/"):
            body, kind = '{"error": {"code": "login", "message": "log in to see this"}}\n', "application/json"
        else:
            body, kind = "log in to see this\n", "text/plain; charset=utf-8"
        return Response(body, 401, {"WWW-Authenticate": scheme}, content_type=kind)

    def form_token(self) -> str:
        """Make the token that a form has to send back: another site can't read it."""
        return self._signer.sign(b"form").decode()

    def is_forged(self) -> bool:
        """Whether a request that changes something may come from another site's page."""
        if request.is_json or (request.authorization is not None and request.authorization.type == "bearer"):
            return False  # a browser sends neither across origins without asking first, which is not granted
        try:
            self._signer.unsign(request.form.get("form_token", ""), max_age=FORM_TOKEN_SECONDS)
        except BadSignature:  # also when it has expired
            return True
        return False

    def who(self) -> str:
        """Name the person for the history."""
        sent = request.authorization
        return (sent.username or "token") if sent is not None else "anonymous"


def _same(sent: str | None, expected: str) -> bool:
    return sent is not None and compare_digest(sent.encode(), expected.encode())
