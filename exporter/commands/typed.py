"""How the command line was called, so that what is said can be typed."""

from __future__ import annotations

import click


def program() -> str:
    """Return what to type for `errtally` where the running command was typed, such as ``.venv/bin/errtally``."""
    context = click.get_current_context(silent=True)
    while context is not None and context.parent is not None:
        context = context.parent
        if context.parent is None and context.info_name:
            return context.info_name
    return "errtally"
