"""What helps when a query finds nothing, or something else than was meant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.exporter.search import query, quoting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.store.asking import Notice


@dataclass(frozen=True, slots=True)
class Hint:
    """A sentence, and a query to go on with.

    Attributes:
        label: of the link; "" without one.
        query: where it leads.
    """

    text: str
    label: str = ""
    query: str = ""


def of(text: str, notices: Sequence[Notice], *, is_found: bool) -> list[Hint]:
    """Return what to say of a query.

    Args:
        text: the query.
        notices: what the store says of its terms.
        is_found: whether it finds anything.
    """
    found: list[Hint] = []
    for notice in notices:
        meant = text.replace(f"{notice.name}:", f"{notice.key}:") if notice.key else text
        found.append(Hint(notice.text, f"Did you mean {meant}", meant) if meant != text else Hint(notice.text))
    as_text = quoting.quoted(text.strip())
    is_plain = text.strip().startswith('"') or not set(text.strip()) & set(" :-!*\\[")
    if not is_found and not notices and text.strip() and not is_plain and len(as_text) <= query.MAX_LENGTH:
        found.append(Hint("", f"Look for {as_text} as one text", as_text))
    return found
