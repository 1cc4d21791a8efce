"""The key words and patterns of rules.json, read once."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def rules() -> dict[str, Any]:
    """Return the content of rules.json; callers must not change it."""
    content: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("rules.json").read_text(encoding="utf-8")
    )
    return content


PLACEHOLDER: str = rules()["placeholder"]
"""What stands where something was taken out."""

COUNT_LIMIT = 10_000
"""Hits of one rule in one text after which the rest of the text is redacted as a whole.

No honest text holds that many secrets; the limit bounds the time that a hostile one costs.
"""
