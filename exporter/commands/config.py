"""`errtally config check`: say everything that is wrong with a configuration file, with its place."""

from __future__ import annotations

import os
from pathlib import Path

import click

from errtally.exporter.config import from_environ


@click.group()
def command() -> None:
    """Check the configuration file."""


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Check FILE, and the environment variables that override it; exit with 1 when something is wrong."""
    config = from_environ({**os.environ, "ERRTALLY_CONFIG": str(file)})
    projects = "any project" if config.is_open else f"{len(config.projects)} projects"
    click.echo(f"{file}: good ({projects}, listens on {config.host}:{config.port})")
