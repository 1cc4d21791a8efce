"""The entry point of `errtally`, which must answer even where the command line's own package is missing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit with 1 and say what to install when `click` is not there."""
    try:
        from errtally.command_line import errtally  # noqa: PLC0415 (the plain package has no dependencies)
    except ModuleNotFoundError as exc:
        if exc.name != "click":
            raise
        sys.exit("errtally: the command line needs more than the client library: pip install 'errtally[all]'")
    errtally(prog_name="errtally")
