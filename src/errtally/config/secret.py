"""Secrets that lie in files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
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


def secret_of(entry: Mapping[str, str], key: str, folder: Path, place: str, problems: list[str]) -> str | None:
    """Read a secret from the file that a key names; None when the key is not there."""
    if key not in entry:
        return None
    try:
        return read_secret(folder / entry[key])
    except ConfigError as exc:
        problems += [f"{place}: {problem}" for problem in exc.problems]
        return None
