"""Puts the description together: the families' files, and the JSON Schemas that the native API is checked by."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any

import yaml

from errtally.event import schema

FAMILIES = ("info", "ingest", "issues", "releases", "tickets", "stream", "operation", "components")
_ORDER = ("openapi", "info", "servers", "tags", "paths", "components")


@cache
def text() -> bytes:
    """Return the description as JSON."""
    return json.dumps(document(), indent=1, ensure_ascii=False).encode() + b"\n"


def document() -> dict[str, Any]:
    """Build the description."""
    found: dict[str, Any] = {}
    for family in FAMILIES:
        content = resources.files(__package__).joinpath(f"{family}.yml").read_text(encoding="utf-8")
        _merge(found, yaml.safe_load(content))
    found["info"]["version"] = version("errtally")
    for name in schema.NAMES:
        part = {key: value for key, value in schema.load(name).items() if not key.startswith("$")}
        found["components"]["schemas"][part["title"]] = part
    return {key: found[key] for key in _ORDER}


def _merge(target: dict[str, Any], part: dict[str, Any]) -> None:
    """Add one file's content: mappings of mappings join, everything else stands in one file only."""
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif key in target:
            raise ValueError(f"{key!r} is described twice")
        else:
            target[key] = value
