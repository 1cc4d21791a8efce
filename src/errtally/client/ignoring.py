"""Which errors an application does not want reported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.client.settings import Settings


class Ignored:
    """The ignore lists of the settings, compiled; remembers classes it has judged."""

    def __init__(self, settings: Settings) -> None:
        self._classes = tuple(kind for kind in settings.ignore_exceptions if isinstance(kind, type))
        self._names = frozenset(name for name in settings.ignore_exceptions if isinstance(name, str))
        self._patterns = tuple(re.compile(source) for source in settings.ignore_messages)
        self._loggers = settings.ignore_loggers
        self._judged: dict[type[BaseException], bool] = {}

    def exception(self, kind: type[BaseException]) -> bool:
        """Whether a class, or one it derives from, is on the list."""
        if not self._classes and not self._names:
            return False
        found = self._judged.get(kind)
        if found is None:
            found = issubclass(kind, self._classes) or any(
                base.__name__ in self._names or f"{base.__module__}.{base.__qualname__}" in self._names
                for base in kind.__mro__
            )
            self._judged[kind] = found
        return found

    def message(self, text: str) -> bool:
        """Whether one of the patterns is found in a message."""
        return any(pattern.search(text) for pattern in self._patterns)

    def logger(self, name: str) -> bool:
        """Whether a logger or one of its parents is on the list."""
        return any(name == own or name.startswith(f"{own}.") for own in self._loggers)
