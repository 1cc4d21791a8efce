"""What a process does over and over beside its requests: a failure costs one round, and is counted, said and shown."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)


class Chores:
    """Threads that never end. Safe for threads.

    Args:
        on_failure: called with a chore's name each time that it fails.
    """

    def __init__(self, on_failure: Callable[[str], None]) -> None:
        self._on_failure = on_failure
        self._failing: dict[str, str] = {}

    def every(self, seconds: float, name: str, call: Callable[[], object]) -> None:
        """Call a function again and again, each time ``seconds`` after its last end, in a thread of its own."""
        threading.Thread(target=self._keep_calling, args=(seconds, name, call), name=name, daemon=True).start()

    def failing(self) -> dict[str, str]:
        """Return the chores that failed when they were last due, each with its error."""
        return dict(self._failing)

    def once(self, name: str, call: Callable[[], object]) -> None:
        """Do a chore; whatever it raises is said the first time, counted each time, and shown until it works again."""
        try:
            call()
        except Exception as exc:  # noqa: BLE001 (a thread that ends would be missed by nobody)
            is_new = name not in self._failing
            self._failing[name] = f"{type(exc).__name__}: {exc}"
            if is_new:
                is_defect = not isinstance(exc, ErrtallyError | OSError)
                _log.error("a background task fails, and is tried again", task=name, error=str(exc), exc_info=is_defect)
            self._on_failure(name)
        else:
            if self._failing.pop(name, None) is not None:
                _log.info("a background task works again", task=name)

    def _keep_calling(self, seconds: float, name: str, call: Callable[[], object]) -> None:
        while True:
            time.sleep(seconds)
            self.once(name, call)
