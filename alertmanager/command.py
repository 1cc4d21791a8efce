"""`errtally alertmanager`: generate Alertmanager's configuration, check it, test its routes."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import click

from errtally import config
from errtally.alertmanager.build import CONFIG_FILE, Format, build
from errtally.alertmanager.preview import PREVIEWED, preview
from errtally.alertmanager.receivers import destinations
from errtally.alertmanager.route_tests import label_arguments, route_tests
from errtally.alertmanager.samples import STATES, message
from errtally.config.alerting import alerting
from errtally.generate import programs
from errtally.generate.files import DriftError, drift, write
from errtally.generate.options import config_option, out_option


def _label_set(_context: click.Context, _parameter: click.Parameter, text: str) -> dict[str, str]:
    """Read NAME=VALUE pairs; a comma separates two only where a name and = follow, so that values may hold commas."""
    labels = {}
    for pair in re.split(r",\s*(?=\w+=)", text):
        name, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[a-zA-Z_]\w*", name.strip()):
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE")
        labels[name.strip()] = value.strip()
    return labels


_format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["alertmanager", "alertmanagerconfig"]),
    default="alertmanager",
    show_default=True,
    help="Alertmanager's file, or the resource of the Prometheus operator.",
)


@click.group()
def command() -> None:
    """Generate and check Alertmanager's configuration."""


@command.command("build")
@config_option
@out_option("alertmanager/generated")
@_format_option
def build_command(config_path: Path | None, out: Path, output: Format) -> None:
    """Write Alertmanager's configuration and its templates."""
    document = config.load(config_path)
    for path in write(build(document, output), out):
        click.echo(f"wrote {path}")
    if not alerting(document).channels.configured:
        click.echo("no channel is configured below alerting.channels: nobody is told of an alert", err=True)


@command.command("check")
@config_option
@out_option("alertmanager/generated")
@_format_option
def check_command(config_path: Path | None, out: Path, output: Format) -> None:
    """Compare the files in the output folder with the configuration; let amtool check them."""
    files = build(config.load(config_path), output)
    if found := drift(files, out):
        raise DriftError("\n".join([*found, "run `errtally alertmanager build` to bring them up to date"]))
    click.echo(f"{out}: {len(files)} files are what the configuration gives")
    if output == "alertmanagerconfig":
        return
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


@command.command("route")
@config_option
@click.option(
    "--labels",
    required=True,
    callback=_label_set,
    metavar="NAME=VALUE,...",
    help="The labels of an alert, such as severity=critical,project=shop.",
)
def route_command(config_path: Path | None, labels: dict[str, str]) -> None:
    """Say who is told of an alert with some labels, by amtool."""
    document = config.load(config_path)
    with tempfile.TemporaryDirectory(prefix="errtally-alertmanager-") as folder:
        write(build(document), Path(folder))
        arguments = ["config", "routes", "test", f"--config.file={CONFIG_FILE}", *label_arguments(labels)]
        told = programs.result("amtool", arguments, folder=Path(folder)).split(",")
    where = destinations(alerting(document))
    for receiver in told:
        click.echo(f"{receiver}: {where[receiver]}")


@command.command("preview")
@config_option
@click.option("--channel", type=click.Choice(PREVIEWED), required=True, help="The channel whose message is shown.")
@click.option("--state", type=click.Choice(STATES), default=STATES[0], show_default=True, help="Which example.")
@click.option(
    "--message",
    "message_path",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A body of Alertmanager's webhook, as JSON, instead of an example.",
)
def preview_command(config_path: Path | None, channel: str, state: str, message_path: Path | None) -> None:
    """Show a notification as a channel would get it, by amtool."""
    document = config.load(config_path)
    try:
        body = json.loads(message_path.read_text(encoding="utf-8")) if message_path else message(state)
    except ValueError as exc:
        raise click.ClickException(f"{message_path}: not JSON: {exc}") from exc
    shown = preview(document, channel, body)
    page = shown.pop("html", None)
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    if page is not None:
        click.echo(f"\n{page}")
