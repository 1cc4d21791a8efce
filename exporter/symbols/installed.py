"""Whether what reads uploaded files is installed: the extra ``symbols``."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Final

_PACKAGES: Final = ("symbolic", "tree_sitter", "tree_sitter_javascript", "tree_sitter_typescript")


def missing() -> tuple[str, ...]:
    """Return the packages of the extra ``symbols`` that are not installed."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Whether uploaded files are read at all."""
    return not missing()
