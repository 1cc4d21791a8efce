"""Which names pages are asked for by: a guard against DNS rebinding.

A site can have its own name lead to this machine, and then read, as if it were its own, what is meant for people here.
Its name stands in the Host header, so pages answer only to names that are known to stand for this exporter.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOOPBACK = "localhost"
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


class Hosts:
    """The names of this exporter.

    Args:
        external_url: how people reach it.
        configured: further names, such as that of its container; ``*`` in front stands for any name below.
    """

    def __init__(self, external_url: str, configured: Iterable[str]) -> None:
        self._names = {_LOOPBACK, (urlsplit(external_url).hostname or _LOOPBACK).lower()}
        self._suffixes = (f".{_LOOPBACK}", *(name[1:].lower() for name in configured if name.startswith("*.")))
        self._names |= {name.lower() for name in configured}

    def is_meant(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request asks for this exporter; one without a name comes from no browser."""
        sent = environ.get("HTTP_HOST")
        return sent is None or self.is_known(sent)

    def is_known(self, host: str) -> bool:
        """Whether a Host header, with or without a port, names this exporter; an address always does.

        A page that came from an address has that as its origin, so nobody else can have written it.
        """
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = (match[1] or match[2]).lower().removesuffix(".")
        if name in self._names or name.endswith(self._suffixes):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
