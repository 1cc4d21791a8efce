"""Names and values of an event under headings, in the order in which people ask for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from errtally.exporter.web.shown_text import text_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.web.shown_text import Allowance

NAME_CHARACTERS = 200
PAIR_MARKUP = 50
LINKED_CHARACTERS = 100
"""Of a tag's value, up to which it leads to the issues that have it."""

_LINK_MARKUP = 120
_REQUEST_FIRST = ("method", "url", "query_string", "data", "headers", "cookies", "env")
_PROCESS = ("server_name", "platform", "logger", "transaction", "trace_id")

TITLES: Mapping[str, str] = {
    "user": "User",
    "request": "Request",
    "tags": "Tags",
    "contexts": "Contexts",
    "process": "Process",
    "extra": "Extra",
}
"""By their ids, in their order on the page; the breadcrumbs stand before the last."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Names and values under a heading.

    Attributes:
        left_out: how many from these on do not stand here, or not whole.
        next: where those begin that do not; None when all do.
    """

    id: str
    title: str
    pairs: Pairs
    left_out: int
    next: int | None


def section(
    event: Mapping[str, Any], name: str, allowance: Allowance, *, most: int, characters: int, start: int = 0
) -> Section:
    """Return a section of an event; one without pairs where the event has nothing of the kind.

    Args:
        event: its kept page, of any shape.
        name: one of `TITLES`.
        allowance: what may be shown.
        most: how many pairs.
        characters: how much of each value.
        start: how many of the first to leave out.
    """
    sent = [(key, value) for key, value in _items(event, name) if value is not None and value not in ("", {}, [])]
    shown: list[tuple[str, str]] = []
    cut = 0
    for key, value in sent[start : start + most]:
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        trial = allowance.trial()
        text = trial.take(value, characters, markup=_link_length(text_of(value)) if name == "tags" else 0)
        pair = (trial.take(key, NAME_CHARACTERS, markup=PAIR_MARKUP), text)
        if shown and trial.is_used_up:
            break
        allowance.accept(trial)
        cut += text != visible(text_of(value))
        shown.append(pair)
    end = start + len(shown)
    return Section(name, TITLES[name], tuple(shown), len(sent) - end + cut, end if end < len(sent) else None)


def _link_length(value: str) -> int:
    return _LINK_MARKUP + len(quote(value)) if len(value) <= LINKED_CHARACTERS else 0


def _items(event: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    if name == "process":
        return _process(event)
    sent = event.get(name)
    if not isinstance(sent, dict):
        return []
    if name == "request":
        order = [key for key in _REQUEST_FIRST if key in sent] + sorted(sent.keys() - set(_REQUEST_FIRST))
        return [pair for key in order for pair in _spread(key, sent[key])]
    return [pair for key, value in sorted(sent.items()) for pair in _spread(key, value)]


def _process(event: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = [(name.replace("_", " "), event.get(name)) for name in _PROCESS]
    sdk = event.get("sdk")
    if isinstance(sdk, dict):
        found += _spread("sdk", sdk)
    for name in ("modules", "debug_images"):
        found += _spread(name, event.get(name))
    return found


def _spread(name: str, value: object) -> list[tuple[str, Any]]:
    """Return one level of nesting as names with a dot; what is nested deeper stays JSON."""
    if isinstance(value, dict) and value:
        return [(f"{name}.{key}", inner) for key, inner in value.items() if not (key == "type" and inner == name)]
    if isinstance(value, list) and value and all(isinstance(one, list) and len(one) == 2 for one in value):  # noqa: PLR2004
        return [(f"{name}.{text_of(key)}", inner) for key, inner in value]  # headers of some SDKs
    return [(name, value)]
