"""Where the log goes: standard error, which may be a file on a full disk, or a pipe that nobody reads any more."""

from __future__ import annotations

import os
import threading

STANDARD_ERROR = 2


class LogOutput:
    """Writes lines; one that can't be written ends nothing, and the next one that can says how many are missing.

    structlog calls it as its own `PrintLogger`.
    """

    def __init__(self, descriptor: int = STANDARD_ERROR) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._missing = 0

    def msg(self, message: str) -> None:
        """Write a line."""
        with self._lock:
            try:
                if self._missing:
                    self._write(f"{self._missing} lines of the log could not be written here")
                    self._missing = 0
                self._write(message)
            except OSError:
                self._missing += 1

    log = debug = info = warn = warning = error = critical = fatal = failure = exception = msg

    def _write(self, line: str) -> None:
        """Write all of it; not through `sys.stderr`, whose buffer would keep what failed and fail again at the end.

        Raises:
            OSError: it can't be written.
        """
        rest = f"{line}\n".encode("utf-8", "backslashreplace")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
