"""How the exceptions of an event belong together: a chain of causes, or a tree where groups have members. Pure.

Sentry's SDKs number exceptions (``mechanism.exception_id``) and say whose cause or member each is (``parent_id``, with
``source`` and ``type``; https://develop.sentry.dev/sdk/data-model/event-payloads/exception/). Where no numbers are,
each exception is the cause of the next one in the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CAUSED_BY, WHILE_HANDLING, MEMBER, SUPPRESSED = "caused by", "raised while handling", "in the group", "suppressed"
_HANDLED_SOURCES = frozenset({"__context__"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an exception stands.

    Attributes:
        number: its index in the list that the client sent, causes first.
        depth: 0 for the raised one.
        relation: to the one above that is one less deep; "" for the raised one.
    """

    number: int
    depth: int
    relation: str


def ordered(sent: Sequence[Mapping[str, Any]]) -> list[Place]:
    """Return the exceptions in the order in which people read them: the raised one, and under each what it came from.

    Args:
        sent: as the client sent them, causes first; of any shape.
    """
    mechanisms = [_mechanism(one) for one in sent]
    by_id: dict[int, int] = {}
    for index, mechanism in enumerate(mechanisms):
        if (own := _integer(mechanism.get("exception_id"))) is not None:
            by_id.setdefault(own, index)
    children: dict[int | None, list[int]] = {}
    for index in reversed(range(len(sent))):
        parent = _parent(mechanisms[index], by_id, index)
        if parent is None and index + 1 < len(sent) and not by_id:
            parent = index + 1
        children.setdefault(parent, []).append(index)
    found: list[Place] = []
    seen: set[int] = set()
    # Whatever the ids say, each exception stands once: what no root leads to (a circle) is appended.
    waiting = [(index, 0, "") for index in reversed(children.get(None, []))]
    rest = iter(reversed(range(len(sent))))
    while len(seen) < len(sent):
        if not waiting:
            waiting.append((next(index for index in rest if index not in seen), 0, ""))
        index, depth, relation = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        is_later_root = not relation and bool(found)
        found.append(Place(index, depth, CAUSED_BY if is_later_root else relation))
        waiting += [
            (child, depth + 1, _relation(mechanisms[child], mechanisms[index]))
            for child in reversed(children.get(index, []))
        ]
    return found


def _parent(mechanism: Mapping[str, Any], by_id: Mapping[int, int], index: int) -> int | None:
    number = _integer(mechanism.get("parent_id"))
    parent = by_id.get(number) if number is not None else None
    return parent if parent != index else None


def _relation(mechanism: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    source = mechanism.get("source")
    if mechanism.get("type") == "suppressed":
        return SUPPRESSED
    if isinstance(source, str) and source in _HANDLED_SOURCES:
        return WHILE_HANDLING
    is_numbered = isinstance(source, str) and source.endswith("]")
    return MEMBER if is_numbered or (parent.get("is_exception_group") is True and not source) else CAUSED_BY


def _mechanism(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    mechanism = sent.get("mechanism")
    return mechanism if isinstance(mechanism, dict) else {}


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
