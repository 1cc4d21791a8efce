"""Who asks, and for what, when a proxy stands in between: the WSGI environment as if the client had come by itself.

A proxy names the client in X-Forwarded-For or Forwarded (RFC 7239), each adding the address that it was reached from at
the end. Anybody can send such headers, so they count only as far as the proxies that wrote them are trusted.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    Address = IPv4Address | IPv6Address

MAX_HOPS = 32
"""Addresses of a header that are looked at; a longer chain is nobody's."""

_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(;|,|$)')
_SEEN_KEY = "errtally.seen_through"
FROM_PROXY_KEY = "errtally.from_trusted_proxy"
"""In the environment of a request that a trusted proxy passed on: what it says of who asks counts."""

_SCHEMES = frozenset({"http", "https"})


class Forwarding:
    """Changes the environments of requests.

    Args:
        trusted: networks of proxies whose headers count.
        external_url: how clients reach this exporter; its path is taken off requests that still have it.
    """

    def __init__(self, trusted: Sequence[str], external_url: str) -> None:
        self._trusted = tuple(ipaddress.ip_network(network, strict=False) for network in trusted)
        self._base = unquote(urlsplit(external_url).path.rstrip("/")).encode().decode("latin-1")  # as WSGI has paths

    @staticmethod
    def is_needed(trusted: Sequence[str], external_url: str) -> bool:
        """Whether there is anything to do at all."""
        return bool(trusted) or bool(urlsplit(external_url).path.strip("/"))

    def see_through(self, environ: dict[str, Any]) -> None:
        """Change one request's environment; once, however often it is asked for."""
        if environ.get(_SEEN_KEY):
            return
        environ[_SEEN_KEY] = True
        if self._trusted:
            self._name_client(environ)
        if self._base:
            environ["SCRIPT_NAME"] = self._base
            path = environ["PATH_INFO"]
            # A proxy may have taken it off already.
            if path == self._base or path.startswith(f"{self._base}/"):
                environ["PATH_INFO"] = path[len(self._base) :] or "/"

    def _name_client(self, environ: dict[str, Any]) -> None:
        peer = address(environ.get("REMOTE_ADDR") or "")
        if peer is None or not is_within(peer, self._trusted):
            return
        environ[FROM_PROXY_KEY] = True
        forwarded = elements(environ.get("HTTP_FORWARDED") or "")
        # Most proxies write only X-Forwarded-For and pass on whatever Forwarded the client sent, so that comes second.
        chain = (environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")
        if not chain[-1].strip():
            chain = [element.get("for", "") for element in forwarded]
        client = peer
        for hop in reversed(chain[-MAX_HOPS:]):
            found = address(hop)
            if found is None:  # hidden, or nonsense: what stands before it was written by nobody who is known
                break
            client = found
            if not is_within(client, self._trusted):
                break
        environ["REMOTE_ADDR"] = str(client)
        nearest = forwarded[-1] if forwarded else {}
        scheme = _last(environ.get("HTTP_X_FORWARDED_PROTO")) or nearest.get("proto", "")
        if scheme.lower() in _SCHEMES:
            environ["wsgi.url_scheme"] = scheme.lower()
        if host := _last(environ.get("HTTP_X_FORWARDED_HOST")) or nearest.get("host", ""):
            environ["HTTP_HOST"] = host


def address(text: str) -> Address | None:
    """Read the address of a hop, with or without a port; None when it is none, such as ``unknown``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_within(one: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an address belongs to one of some networks."""
    return any(one.version == network.version and one in network for network in networks)


def elements(header: str) -> list[dict[str, str]]:
    """Read a Forwarded header: one mapping of lower-case names for each hop; [] when it is not well-formed."""
    found: list[dict[str, str]] = [{}]
    place = 0
    while place < len(header):
        match = _PAIR.match(header, place)
        if match is None or len(found) > MAX_HOPS:
            return []
        name, quoted, plain, end = match.groups()
        found[-1][name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if end == ",":
            found.append({})
        place = match.end()
    return found if any(found) else []


def _last(header: str | None) -> str:
    """The value that the nearest proxy wrote."""
    return (header or "").rpartition(",")[2].strip()
