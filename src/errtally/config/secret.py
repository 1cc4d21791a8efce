"""Secrets that lie in files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def read_secret(file: Path) -> str:
    """Return what a file of a secret says, without the space around it.

    Raises:
        ConfigError: the file can't be read, is no text, or is empty.
    """
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError([f"can't be read: {exc}"]) from exc
    if not secret:
        raise ConfigError([f"{file} is empty"])
    return secret
