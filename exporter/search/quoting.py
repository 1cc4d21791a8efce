"""Writes texts and tags as parts of a query, so that `query.parse` reads them as they are."""

from __future__ import annotations

from errtally.exporter.search import values


def quoted(text: str) -> str:
    """Return a text as a value of a query that stands for itself."""
    return f'"{values.escaped(text)}"'


def of_tag(tag: tuple[str, str]) -> str:
    """Return the query for issues with a value of a tag, given its name and value."""
    name, value = tag
    return f"{key_of(name)}:{quoted(value)}"


def key_of(tag: str) -> str:
    """Return the key of a tag, whatever its name is."""
    is_plain = tag.isascii() and tag.replace("_", "").replace("-", "").replace(".", "").isalnum()
    return f"tag.{tag if is_plain else quoted(tag)}"
