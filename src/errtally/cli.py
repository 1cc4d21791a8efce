"""The entry point of `errtally`, which must answer even where the command line's own package is missing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def main() -> None:
    """Run the command line; exit with 1 and say what to install when `click` is not there."""
    try:
        from errtally.command_line import errtally  # noqa: PLC0415 (the plain package has no dependencies)
    except ModuleNotFoundError as exc:
        if exc.name != "click":
            raise
        sys.exit("errtally: the command line needs more than the client library: pip install 'errtally[all]'")
    errtally(prog_name=_typed(sys.argv[0]))


def _typed(path: str) -> str:
    """Return what is to be typed to call the program at a path again."""
    if Path(path).name == "__main__.py":
        return f"{Path(sys.executable).name} -m errtally"
    on_path = shutil.which("errtally")
    return "errtally" if on_path and Path(on_path).samefile(path) else path
