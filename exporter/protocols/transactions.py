"""Names of transactions: a route is one, a client's address is not, for anybody can ask for any address.

Sentry's SDKs say where a name comes from (`transaction_info.source`, develop.sentry.dev, "Transaction Annotations");
old ones do not, and then a path is taken for an address.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from errtally.exporter.protocols import values

UNMATCHED = "__unmatched__"
"""All requests that no route of the service matched."""

MAX_SEGMENT = 40
_NAMED_SOURCES = frozenset({"route", "view", "component", "task", "custom"})
_ADDRESS = re.compile(r"(?:(?P<method>[A-Z]{3,7}) )?(?P<address>(?:[a-z][a-z0-9+.-]{1,20}://|/)\S*)\Z")
_PARAMETER = re.compile(r"[{}<>*:](?!//)")
_PAGE_NAMES = frozenset({"Pageload", "Navigation", "unnamed"})
_NO_ROUTE = re.compile(
    r"(?:HTTP )?[A-Z]{3,7}|generic \w+ request|UNKNOWN|aiohttp\.web_urldispatcher\.SystemRoute\._handle"
)
"""What clients call a request that no route matched: its method, or a name of their own."""

_ALL_PATHS = re.compile(
    r"(?:[A-Z]{3,7} )?/?(?:"
    r"\*+\w*|\(\.\*\)|:\w+[*+]|\{\*{1,2}\w*\}|\{\w+(?::\.[*+]|\.\.\.|\+)\}|<path:\w+>|\[{1,2}\.\.\.\w+\]{1,2}"
    r")\Z"
)
"""Routes that take each path, in the notations of frameworks: who answers 404 there has no route for the path."""


def takes_all_paths(route: str) -> bool:
    """Whether a route takes every path of its service, such as Spring's ``/**``, of which the files are served."""
    return _ALL_PATHS.match(route) is not None


def path_template(url: object) -> str | None:
    """Make a transaction of an address: its path, with ``*`` for each part that looks like an id."""
    try:
        path = urlsplit(url).path if isinstance(url, str) else ""
    except ValueError:
        return None
    parts = [
        "*" if any(character.isdigit() for character in part) or len(part) > MAX_SEGMENT else part
        for part in path.split("/")
    ]
    return values.label("/".join(parts))


def of_event(name: object, source: object = None) -> str | None:
    """Name the transaction in which an event happened as that of a request; None when the client named none."""
    return transaction_name(name, source) if values.label(name) is not None else None


def transaction_name(name: object, source: object = None, *, path: object = None, is_missing: bool = False) -> str:
    """Name a request for its series; see `named`."""
    return named(name, source, path=path, is_missing=is_missing)[0]


def named(name: object, source: object = None, *, path: object = None, is_missing: bool = False) -> tuple[str, bool]:
    """Name a request for its series.

    Args:
        name: what the client calls it.
        source: where the name comes from, as the client says; None when it does not.
        path: of the request or its whole address, for clients that give all pages one name or call an address custom.
        is_missing: the answer was 404.

    Returns:
        The name, and whether it was made of an address.
    """
    label = values.label(name)
    if is_missing and (label is None or _NO_ROUTE.fullmatch(label) or takes_all_paths(label)):
        return UNMATCHED, False
    label = label or "unnamed"
    found = _ADDRESS.match(label)
    if source == "custom" and found is not None and _is_path_of(found["address"], path):
        source = "url"  # Sentry's SDK 7 for Node says so where Express matched no route
    if source in _NAMED_SOURCES:
        return label, False
    if label in _PAGE_NAMES:
        template = path_template(path) if path else None
        return template or label, template is not None
    if found is None or (source != "url" and _PARAMETER.search(found["address"])):
        return label, False
    if is_missing:
        return UNMATCHED, False
    template = path_template(found["address"]) or "/"
    return f"{found['method']} {template}" if found["method"] else template, True


def _is_path_of(name: str, url: object) -> bool:
    try:
        return isinstance(url, str) and name.partition("?")[0] == urlsplit(url).path
    except ValueError:
        return False
