"""What a request needs, and what whoever asks may: the scopes of tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

READ, WRITE, ARTIFACTS, ADMIN = "read", "write", "ingest-artifacts", "admin"
_HELD: dict[str, frozenset[str]] = {
    READ: frozenset({READ}),
    WRITE: frozenset({READ, WRITE, ARTIFACTS}),
    ARTIFACTS: frozenset({ARTIFACTS}),
    ADMIN: frozenset({READ, WRITE, ARTIFACTS, ADMIN}),
}
"""What each scope includes."""

_ARTIFACTS = re.compile(
    r"/api/0/(?:organizations|projects)/.*/(?:releases|repos|chunk-upload|artifactbundle|files|code-mappings)(?:/|\Z)"
    r"|/api/deploys\Z"
)
"""Where continuous integration tells of releases and uploads what belongs to them."""

_OPEN = re.compile(r"/api/0(?:/auth|/users/me(?:/regions)?|/organizations(?:/[^/]+)?)?/?\Z|/logout\Z")
"""What any token may: ask who it is, and where; log out."""

_ADMIN = re.compile(r"/-/reload\Z|/tokens(?:/|\Z)|/api/tokens(?:/|\Z)")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        name: for the history: of the login or the token.
        scopes: what it may, with everything that is included.
    """

    name: str
    scopes: frozenset[str]

    @classmethod
    def of(cls, name: str, scopes: tuple[str, ...]) -> Principal:
        """Return who has some scopes."""
        return cls(name, frozenset().union(*(_HELD.get(scope, frozenset()) for scope in scopes)))

    def may(self, method: str, path: str) -> bool:
        """Whether this may make a request."""
        needed = needs(method, path)
        return not needed or bool(needed & self.scopes)


EVERYTHING = (ADMIN,)


def needs(method: str, path: str) -> frozenset[str]:
    """Return the scopes of which a request needs one; none when any token may make it."""
    if _ADMIN.match(path):
        return frozenset({ADMIN})
    if _OPEN.match(path):
        return frozenset()
    is_read = method in {"GET", "HEAD", "OPTIONS"}
    if _ARTIFACTS.match(path):
        return frozenset({ARTIFACTS, READ} if is_read else {ARTIFACTS})
    if path == "/mcp":
        return frozenset({READ})  # each tool asks for what it needs
    return frozenset({READ if is_read else ADMIN if method == "DELETE" else WRITE})
