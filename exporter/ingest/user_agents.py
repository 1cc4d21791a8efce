"""Browser, system and device by the User-Agent header that a request was sent with, by the rules that Sentry uses.

The rules (https://github.com/ua-parser/uap-core) are made ready when the first event needs them: 0.2 s and 13 MB.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 500
"""What of a header is looked at."""

_KNOWN = 1_000
"""Headers whose reading is remembered; one takes a tenth of a millisecond."""

_HEADER = "user-agent"
_making = threading.Lock()


def contexts(request: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return the contexts ``browser``, ``os`` and ``device`` that follow from a request's header, those that do.

    Args:
        request: as a kept event has it, scrubbed; of any shape.
    """
    sent = _header(request.get("headers")) or request.get("user_agent")
    return _read(sent[:MAX_CHARACTERS]) if isinstance(sent, str) and sent.strip() else {}


def _header(headers: Any) -> str | None:  # noqa: ANN401 (whatever the client sent)
    """Find the header in an object, or in a list of pairs."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    for pair in pairs if isinstance(headers, dict | list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2:  # noqa: PLR2004 (a name and a value)
            name, value = pair
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(name, str) and name.lower() == _HEADER and isinstance(value, str):
                return value
    return None


@lru_cache(maxsize=_KNOWN)
def _read(text: str) -> Mapping[str, Mapping[str, str]]:
    with _making:
        resolver, everything = _resolver()
    found = resolver(text, everything)
    contexts: dict[str, dict[str, str]] = {}
    if found.user_agent is not None:
        contexts["browser"] = {"name": found.user_agent.family, "version": _version(found.user_agent)}
    if found.os is not None:
        contexts["os"] = {"name": found.os.family, "version": _version(found.os)}
    if found.device is not None:
        contexts["device"] = {"family": found.device.family, "model": found.device.model or ""}
    return contexts


@lru_cache(maxsize=1)
def _resolver() -> tuple[Any, Any]:
    """Make the rules ready, by the library of regular expressions that scrubbing uses; loading it takes 0.1 s."""
    from ua_parser.core import Domain  # noqa: PLC0415 (loaded where it is needed)
    from ua_parser.loaders import load_lazy_builtins  # noqa: PLC0415
    from ua_parser.re2 import Resolver  # noqa: PLC0415

    return Resolver(load_lazy_builtins()), Domain.ALL


def _version(named: Any) -> str:  # noqa: ANN401 (a browser or a system)
    numbers = (named.major, named.minor, named.patch)
    return ".".join(number for number in numbers if number)
