"""Makes an event fit into what is kept of one: what tells least goes first, and the event says what went. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEWEST_BREADCRUMBS = 10
MAX_VALUE_CHARACTERS = 2_000


def shortened(page: dict[str, Any], limit_bytes: int, encode: Callable[[dict[str, Any]], bytes]) -> bytes | None:
    """Return an event without what makes it too long, None where it is too long without all of that.

    Args:
        page: the event; it is changed.
        limit_bytes: of the encoded event.
        encode: how it is encoded.
    """
    length, gone = len(encode(page)), []
    for name, drop in _STEPS:
        if not drop(page):
            continue
        gone.append(name)
        page["truncated"] = f"of its {length} bytes were not kept: {', '.join(gone)}"
        encoded = encode(page)
        if len(encoded) <= limit_bytes:
            return encoded
    return None


def _threads(page: dict[str, Any]) -> bool:
    return page.pop("threads", None) is not None


def _extra(page: dict[str, Any]) -> bool:
    return bool(page.pop("extra", None))


def _library_variables(page: dict[str, Any]) -> bool:
    gone = [frame.pop("vars", None) for frame in _frames(page) if frame.get("in_app") is not True]
    return any(gone)


def _variables(page: dict[str, Any]) -> bool:
    gone = [frame.pop("vars", None) for frame in _frames(page)]
    return any(gone)


def _breadcrumbs(page: dict[str, Any]) -> bool:
    crumbs = page.get("breadcrumbs")
    if not isinstance(crumbs, list) or len(crumbs) <= NEWEST_BREADCRUMBS:
        return False
    page["breadcrumbs"] = crumbs[-NEWEST_BREADCRUMBS:]
    return True


def _body(page: dict[str, Any]) -> bool:
    request = page.get("request")
    return isinstance(request, dict) and request.pop("data", None) is not None


def _long_values(page: dict[str, Any]) -> bool:
    """Cut texts that no page would show whole anyway: bundled sources of one line, for one."""
    found = False
    for frame in _frames(page):
        for name in ("pre_context", "post_context"):
            found = bool(frame.pop(name, None)) or found
        line = frame.get("context_line")
        if isinstance(line, str) and len(line) > MAX_VALUE_CHARACTERS:
            frame["context_line"], found = line[:MAX_VALUE_CHARACTERS], True
    return found


def _contexts(page: dict[str, Any]) -> bool:
    return bool(page.pop("contexts", None))


def _frames(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    stacks = [one.get("frames") for one in page.get("exceptions") or () if isinstance(one, dict)]
    for stack in (*stacks, page.get("frames")):
        yield from (frame for frame in stack or () if isinstance(frame, dict))


_STEPS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("threads", _threads),
    ("variables of calls in libraries", _library_variables),
    ("extra", _extra),
    ("older breadcrumbs", _breadcrumbs),
    ("the request's body", _body),
    ("variables", _variables),
    ("source around calls", _long_values),
    ("contexts", _contexts),
)
