"""Reads TOML."""

from __future__ import annotations

import tomllib
from typing import Any

from errtally.analyser.sources.read import SourceError


def read(text: str) -> dict[str, Any]:
    """Return a document.

    Raises:
        SourceError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SourceError("manifest", f"not TOML: {exc}") from exc
