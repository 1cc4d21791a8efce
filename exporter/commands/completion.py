"""`errtally completion`: what a shell has to load to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Write the completion script of SHELL, for `eval "$(errtally completion bash)"` or a file of its own."""
    made = get_completion_class(shell)
    root = click.get_current_context().find_root()
    assert made is not None
    click.echo(made(root.command, {}, "errtally", "_ERRTALLY_COMPLETE").source())
