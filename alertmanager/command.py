"""`errtally alertmanager`: generate Alertmanager's configuration, check it, test its routes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from errtally import config
from errtally.alertmanager.build import CONFIG_FILE, build
from errtally.alertmanager.route_tests import route_tests
from errtally.config.alerting import alerting
from errtally.generate import programs
from errtally.generate.files import DriftError, drift, write
from errtally.generate.options import config_option, out_option


@click.group()
def command() -> None:
    """Generate and check Alertmanager's configuration."""


@command.command("build")
@config_option
@out_option("alertmanager/generated")
def build_command(config_path: Path | None, out: Path) -> None:
    """Write alertmanager.yml and its templates."""
    document = config.load(config_path)
    for path in write(build(document), out):
        click.echo(f"wrote {path}")
    if not alerting(document).channels.configured:
        click.echo("no channel is configured below alerting.channels: nobody is told of an alert", err=True)


@command.command("check")
@config_option
@out_option("alertmanager/generated")
def check_command(config_path: Path | None, out: Path) -> None:
    """Compare the files in the output folder with the configuration; let amtool check them."""
    files = build(config.load(config_path))
    if found := drift(files, out):
        raise DriftError("\n".join([*found, "run `errtally alertmanager build` to bring them up to date"]))
    click.echo(f"{out}: {len(files)} files are what the configuration gives")
    if programs.is_installed("amtool"):
        click.echo(programs.run("amtool", ["check-config", CONFIG_FILE], folder=out))
    else:
        click.echo("amtool is not installed: the file's syntax was not checked", err=True)


@command.command("test")
@config_option
def test_command(config_path: Path | None) -> None:
    """Send a table of alerts through the routes, by amtool, and compare the receivers that hear of each."""
    document = config.load(config_path)
    with tempfile.TemporaryDirectory(prefix="errtally-alertmanager-") as folder:
        write(build(document), Path(folder))
        for test in route_tests(alerting(document)):
            arguments = ["config", "routes", "test", f"--config.file={CONFIG_FILE}", *test.arguments()]
            programs.run("amtool", arguments, folder=Path(folder))
            click.echo(f"{test.name}: {', '.join(test.receivers)}")
