"""The JSON Schemas (draft 2020-12) of what the native API takes."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

NAMES = ("event", "request", "measure")


@cache
def text(name: str) -> bytes:
    """Return the JSON of a schema, one of `NAMES`."""
    return resources.files("errtally.event.schema").joinpath(f"{name}.json").read_bytes()


@cache
def load(name: str) -> dict[str, Any]:
    """Return a schema, one of `NAMES`."""
    schema: dict[str, Any] = json.loads(text(name))
    return schema
