"""The service: takes error events, folds them into issues and counters, and shows them to Prometheus and people."""

from __future__ import annotations

import sys


def _import_structlog() -> None:
    """Import structlog without rich, for which it would take half a second and 8 MB in each process.

    structlog looks for it when it is imported, to draw tracebacks that we never show: theirs have local variables,
    which hold what clients sent. An entry that is None makes an import fail, as if rich was not installed.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401, PLC0415 (for its effect)
    finally:
        del sys.modules["rich"]


_import_structlog()
