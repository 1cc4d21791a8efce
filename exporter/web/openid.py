"""Logging in with an OpenID Connect provider: the authorization code flow with PKCE, for a browser.

OpenID Connect Core 1.0, sections 3.1 and 5.4; RFC 7636. What is remembered until the provider answers (state, nonce,
verifier, where to go) is in a signed cookie of the browser, so that any worker can take the answer.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from itsdangerous import BadSignature

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from itsdangerous import TimestampSigner

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.people import OpenIdProvider

STATE_COOKIE = "errtally-openid"
STATE_SECONDS = 600
_TIMEOUT_SECONDS = 10
_KEPT_SECONDS = 3600.0
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with a key of the provider's; one with the client's secret could be made by whoever has that."""


class OpenIdError(ErrtallyError):
    """Somebody can't be logged in; the message is for them."""


@dataclass(frozen=True, slots=True)
class Login:
    """Whom the provider named, with the role here, and where to go."""

    name: str
    role: str
    target: str


class OpenId:
    """Talks with one provider.

    Args:
        provider: how it is configured.
        redirect_uri: where it sends browsers back to.
        signer: signs what a browser remembers.
    """

    def __init__(self, provider: OpenIdProvider, redirect_uri: str, signer: TimestampSigner) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._signer = signer
        self._known: tuple[float, dict[str, Any], dict[str, Any]] | None = None

    @classmethod
    def of(cls, config: ExporterConfig, signer: Callable[[str], TimestampSigner]) -> OpenId | None:
        """Return what talks with the configured provider; None where there is none."""
        provider = config.people.provider
        if provider is None:
            return None
        return cls(provider, f"{config.external_url.rstrip('/')}/login/oidc", signer("openid"))

    def begin(self, target: str) -> tuple[str, str]:
        """Return the provider's address for a browser, and what the browser has to remember.

        Raises:
            OpenIdError: the provider does not answer.
        """
        about, _ = self._about()
        kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24)}
        verifier = secrets.token_urlsafe(48)
        session = self._session(kept["state"])
        address, _ = session.create_authorization_url(
            about["authorization_endpoint"], state=kept["state"], nonce=kept["nonce"], code_verifier=verifier
        )
        remembered = json.dumps({**kept, "verifier": verifier, "target": target}).encode()
        return address, self._signer.sign(urlsafe_b64encode(remembered)).decode()

    def finish(self, remembered: str, answer: Mapping[str, str]) -> Login:
        """Return whom the provider names.

        Args:
            remembered: what `begin` had the browser remember.
            answer: the parameters with which the provider sent the browser back.

        Raises:
            OpenIdError: nobody that may come in.
        """
        try:
            kept = json.loads(urlsafe_b64decode(self._signer.unsign(remembered, max_age=STATE_SECONDS)))
        except (BadSignature, ValueError) as exc:
            raise OpenIdError("The log-in took too long, or began in another browser. Try again.") from exc
        if not hmac.compare_digest(kept["state"].encode(), answer.get("state", "").encode()):
            raise OpenIdError("The log-in was begun anew meanwhile. Try again.")
        if "code" not in answer:
            raise OpenIdError(f"{self._provider.name} refused: {answer.get('error', 'it gave no reason')[:100]}.")
        claims = self._claims(kept, answer["code"])
        return self._login(claims, kept["target"])

    def _claims(self, kept: Mapping[str, str], code: str) -> dict[str, Any]:
        """Return what the provider says of somebody: of the token, and where that lacks it, of user information."""
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 (an extra, loaded where it is configured)
        from joserfc.errors import JoseError  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        about, keys = self._about()
        session = self._session(kept["state"])
        try:
            token = session.fetch_token(
                about["token_endpoint"], code=code, code_verifier=kept["verifier"], timeout=_TIMEOUT_SECONDS
            )
            claims = self._checked(token.get("id_token"), keys, about["issuer"], kept["nonce"])
            wanted = {self._provider.username_claim, self._provider.groups_claim}
            if wanted - claims.keys() and "userinfo_endpoint" in about:
                told = session.get(about["userinfo_endpoint"], timeout=_TIMEOUT_SECONDS).json()
                if told.get("sub") == claims["sub"]:  # section 5.3.2: else it is about somebody else
                    claims = {**told, **claims}
        except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as exc:
            self._known = None  # its keys may be others by now
            raise OpenIdError(
                f"{self._provider.name} did not say who you are: {type(exc).__name__}. Try again."
            ) from exc
        return claims

    def _checked(self, id_token: str | None, keys: Any, issuer: str, nonce: str) -> dict[str, Any]:  # noqa: ANN401 (joserfc checks it)
        """Return the claims of a token that the provider signed, for this client, now (section 3.1.3.7)."""
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        if not id_token:
            raise ValueError("no id token")
        decoded = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": self._provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(decoded.claims)
        return dict(decoded.claims)

    def _login(self, claims: Mapping[str, Any], target: str) -> Login:
        provider = self._provider
        name = next((str(claims[one]) for one in (provider.username_claim, "email", "sub") if claims.get(one)), "")
        domain = str(claims.get("email") or "").rpartition("@")[2].lower()
        is_verified = claims.get("email_verified") is not False
        if provider.allowed_domains and not (
            is_verified and domain in {one.lower() for one in provider.allowed_domains}
        ):
            raise OpenIdError(f"{name} has no e-mail address of a domain that may come in.")
        told = claims.get(provider.groups_claim)
        groups = (
            {str(group) for group in told} if isinstance(told, list) else {told} if isinstance(told, str) else set()
        )
        role = next((one for one in ("admin", "member", "viewer") if groups & set(provider.groups.get(one, ()))), None)
        if role is None:
            is_asked = bool(provider.allowed_groups) or any(provider.groups.values())
            if is_asked and not groups & set(provider.allowed_groups):
                raise OpenIdError(f"{name} is in no group that may come in.")
            role = provider.role
        return Login(name, role, target)

    def _session(self, state: str) -> Any:  # noqa: ANN401 (Authlib has no types)
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

        return OAuth2Session(
            self._provider.client_id,
            self._provider.client_secret,
            scope=" ".join(self._provider.scopes),
            redirect_uri=self._redirect_uri,
            state=state,
            code_challenge_method="S256",
        )

    def _about(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the provider's discovery document and its keys; of this hour."""
        import requests  # noqa: PLC0415

        known = self._known
        if known is not None and time.monotonic() - known[0] < _KEPT_SECONDS:
            return known[1], known[2]
        issuer = self._provider.issuer.rstrip("/")
        try:
            about = _get(f"{issuer}/.well-known/openid-configuration")
            if str(about["issuer"]).rstrip("/") != issuer:  # OpenID Connect Discovery 1.0, section 4.3
                raise OpenIdError(f"{self._provider.name} calls itself {about['issuer']!r}, and not {issuer!r}.")
            keys = _get(about["jwks_uri"])
        except (requests.RequestException, ValueError, KeyError) as exc:
            raise OpenIdError(f"{self._provider.name} does not answer: {type(exc).__name__}. Try again.") from exc
        self._known = (time.monotonic(), about, keys)
        return about, keys


def _get(address: str) -> dict[str, Any]:
    import requests  # noqa: PLC0415

    answer = requests.get(address, timeout=_TIMEOUT_SECONDS, headers={"Accept": "application/json"})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
