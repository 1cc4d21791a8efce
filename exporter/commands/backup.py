"""`errtally backup`: copy an exporter's data while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from errtally.exporter.backup import backup
from errtally.exporter.config import from_environ


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The YAML configuration file.")
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Of the exporter, as `errtally serve` has it."
)
def command(*, target: Path, **flags: Path | None) -> None:
    """Copy journal, store and uploaded files into the new folder TARGET; the exporter may run meanwhile.

    To restore, start an exporter whose --data-dir is the copy. Every event that was accepted before the command
    began is in it exactly once.
    """
    environ = dict(os.environ)
    for name, value in flags.items():
        if value is not None:
            environ[f"ERRTALLY_{name.upper()}"] = str(value)
    data_dir = from_environ(environ).data_dir
    size = backup(data_dir, target)
    click.echo(
        f"{target}: copy of {data_dir}, {size / 1e6:.1f} MB; start an exporter with --data-dir {target} to restore"
    )
