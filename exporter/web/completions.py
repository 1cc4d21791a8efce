"""What may follow in the search box: keys, and the values that the store has of them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from errtally import names
from errtally.exporter.journal.records import PRIORITIES
from errtally.exporter.search import query, quoting
from errtally.exporter.search.conditions import STATES
from errtally.exporter.search.people import KEYS as PEOPLE
from errtally.exporter.web import parts

MAX_SHOWN = 12
MAX_CHARACTERS = 200

_FIXED = {
    "is": STATES,
    "level": tuple(reversed(names.LEVELS)),
    "priority": PRIORITIES,
    "first_seen": ("<1h", "<24h", "<7d"),
    "last_seen": ("<1h", "<24h", "<7d"),
    "events": (">10", ">100", ">1000"),
    "users": (">1", ">10", ">100"),
}
"""Values of keys that do not depend on what came in."""

routes = Blueprint("completions", __name__)


@routes.get("/issues/completions")
def completions() -> Response:
    """Return what a term may become: ``{"completions": ["level:fatal", ...]}``, the likeliest first."""
    return jsonify({"completions": _completed(request.args.get("text", "")[:MAX_CHARACTERS])})


def _completed(text: str) -> list[str]:
    """Return terms that begin with what was typed."""
    sign = text[:1] if text[:1] in {"-", "!"} else ""
    key, colon, beginning = text.removeprefix(sign).partition(":")
    if not key or any("\ud800" <= character <= "\udfff" for character in text):
        return []
    beginning = beginning.lstrip('"')
    if not colon:
        return [f"{sign}{one}:" for one in _keys(key)]
    name = key.removeprefix("tag.")
    if key == "has":
        found = [one for one in _keys(beginning) if one not in query.FIELDS]
    elif key in _FIXED:
        found = [value for value in _FIXED[key] if value.startswith(beginning.lower())]
    elif key in PEOPLE or key == "issue":
        found = []  # hashes and numbers: what they stand for can't be listed
    else:
        found = parts.reader().completions(name, beginning, MAX_SHOWN)
    return [f"{sign}{key}:{_value(one)}" for one in found[:MAX_SHOWN]]


def _keys(beginning: str) -> list[str]:
    own = [name for name in (*query.FIELDS, *PEOPLE) if name.startswith(beginning.lower())]
    tags = [name for name in parts.reader().tag_names(beginning, MAX_SHOWN) if name not in own]
    return list(dict.fromkeys([*own, *(_key(name) for name in tags)]))[:MAX_SHOWN]


def _key(tag: str) -> str:
    """Return the key of a tag: its name where that can stand alone."""
    asked_by = quoting.key_of(tag)
    return tag if asked_by == f"tag.{tag}" and tag not in query.FIELDS else asked_by


def _value(value: str) -> str:
    is_plain = value and not any(character.isspace() or character in '"*\\[,' for character in value)
    return value if is_plain else quoting.quoted(value)
