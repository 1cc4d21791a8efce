"""Who may log in, as the configuration says: people with passwords, those whom a proxy names, and an OpenID provider's.

Names of the provider's settings are those that Grafana and Gitea have for the same.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 (msgspec reads it)
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES: Mapping[str, tuple[str, ...]] = {"viewer": ("read",), "member": ("write",), "admin": ("admin",)}
"""Roles to the scopes that they have (see web/scopes.py)."""

DEFAULT_ROLE = "member"
DEFAULT_SESSION_HOURS = 14 * 24


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who logs in with a name and a password; ``role`` is one of `ROLES`."""

    name: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class ProxyLogin:
    """A proxy that knows who asks, and writes it into headers.

    Attributes:
        user_header: its name for the user.
        role_header: where it writes the role; "" where it writes none.
        role: of those without one.
    """

    user_header: str
    role_header: str = ""
    role: str = DEFAULT_ROLE


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """An OpenID Connect provider.

    Attributes:
        name: what the page of log-in calls it.
        issuer: its address, below which its discovery document is.
        allowed_groups: who is in none of these, nor of those of a role, does not come in; none for everybody.
        allowed_domains: of e-mail addresses; none for any.
        groups: role to the groups that give it.
        role: of those who come in without one.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    username_claim: str = "preferred_username"
    groups_claim: str = "groups"
    allowed_groups: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    role: str = DEFAULT_ROLE
    auto_login: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may log in beside the one password and the tokens."""

    users: tuple[User, ...] = ()
    proxy: ProxyLogin | None = None
    provider: OpenIdProvider | None = None
    session_seconds: float = DEFAULT_SESSION_HOURS * 3600.0

    @property
    def are_any(self) -> bool:
        """Whether anybody may."""
        return bool(self.users) or self.proxy is not None or self.provider is not None


def read(
    web: Mapping[str, Any],
    place: str,
    problems: list[str],
    secret: Callable[[Mapping[str, str], str, str], str | None],
    *,
    has_proxies: bool,
) -> People:
    """Read who may log in.

    Args:
        web: the part of the configuration, which fits the schema.
        place: where it stands, put in front of each problem.
        problems: what is wrong is added here.
        secret: reads the file that a key of a part names, and says where that stands.
        has_proxies: whether there are proxies whose headers count.
    """
    users: dict[str, User] = {}
    taken = {web.get("username", "errtally"), "token", "anonymous", *(one["name"] for one in web.get("tokens", ()))}
    for index, entry in enumerate(web.get("users", ())):
        here = f"{place}.users[{index}]"
        if entry["name"] in taken or entry["name"] in users:
            problems.append(f"{here}.name: {entry['name']!r} is taken: the history tells who did what by it")
        elif (password := secret(entry, "password_file", f"{here}.password_file")) is not None:
            users[entry["name"]] = User(entry["name"], password, entry.get("role", DEFAULT_ROLE))
    proxy = None
    if "proxy" in web:
        if not has_proxies:
            problems.append(f"{place}.proxy: needs `trusted_proxies`: anybody could write the header")
        proxy = ProxyLogin(**web["proxy"])
    return People(
        tuple(users.values()),
        proxy,
        _provider(web["oidc"], f"{place}.oidc", problems, secret) if "oidc" in web else None,
        web.get("session_hours", DEFAULT_SESSION_HOURS) * 3600.0,
    )


def _provider(
    entry: Mapping[str, Any],
    place: str,
    problems: list[str],
    secret: Callable[[Mapping[str, str], str, str], str | None],
) -> OpenIdProvider:
    if find_spec("authlib") is None or find_spec("joserfc") is None:
        problems.append(f"{place}: needs further packages: pip install 'errtally[oidc]'")
    issuer = urlsplit(entry["issuer"])
    if issuer.scheme != "https" and issuer.hostname not in {"localhost", "127.0.0.1", "::1"}:
        problems.append(f"{place}.issuer: {entry['issuer']!r} is not an address of https")
    chosen: dict[str, Any] = {name: value for name, value in entry.items() if name in _PLAIN}
    chosen |= {name: tuple(entry[name]) for name in ("scopes", "allowed_groups", "allowed_domains") if name in entry}
    return OpenIdProvider(
        client_secret=secret(entry, "client_secret_file", f"{place}.client_secret_file") or "",
        groups={role: tuple(entry.get(f"{role}_groups", ())) for role in ROLES},
        **{"name": "OpenID", **chosen},
    )


_PLAIN = ("name", "issuer", "client_id", "username_claim", "groups_claim", "role", "auto_login")
