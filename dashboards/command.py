"""`errtally dashboards`: generate Grafana's dashboards and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from errtally import config
from errtally.dashboards.build import build
from errtally.generate.files import DriftError, drift, write
from errtally.generate.options import config_option, out_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def command() -> None:
    """Generate and check Grafana dashboards."""


@command.command("build")
@config_option
@out_option("dashboards/generated")
def build_command(config_path: Path | None, out: Path) -> None:
    """Write one JSON file a dashboard."""
    for path in write(build(config.load(config_path)), out):
        click.echo(f"wrote {path}")


@command.command("check")
@config_option
@out_option("dashboards/generated")
def check_command(config_path: Path | None, out: Path) -> None:
    """Compare the files in the output folder with the configuration."""
    files = build(config.load(config_path))
    if found := drift(files, out):
        raise DriftError("\n".join([*found, "run `errtally dashboards build` to bring them up to date"]))
    click.echo(f"{out}: {len(files)} files are what the configuration gives")
