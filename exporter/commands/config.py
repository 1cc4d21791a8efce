"""`errtally config check`: say everything that is wrong with a configuration file, with its place."""

from __future__ import annotations

import os
from pathlib import Path

import click

from errtally.config import load
from errtally.config.alerting import Alerting, alerting
from errtally.config.secret import read_secret
from errtally.errors import ConfigError
from errtally.exporter.config import ExporterConfig, from_environ


@click.group()
def command() -> None:
    """Check the configuration file."""


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--mount",
    "mounts",
    multiple=True,
    metavar="HERE:THERE",
    help="Where a folder of Alertmanager's container is on this machine, to look at the channels' secrets there.",
)
def check(file: Path, mounts: tuple[str, ...]) -> None:
    """Check FILE, and the environment variables that override it; exit with 1 when something is wrong."""
    folders = [_mount(text) for text in mounts]
    document = load(file)
    problems: list[str] = []
    notes: list[str] = []
    config: ExporterConfig | None = None
    try:
        config = from_environ({**os.environ, "ERRTALLY_CONFIG": str(file)})
    except ConfigError as exc:
        problems += exc.problems
    try:
        _look_at_secrets(alerting(document), folders, problems, notes)
    except ConfigError as exc:
        problems += exc.problems
    if config is None or problems:
        raise ConfigError([p if p.startswith((f"{file}:", "ERRTALLY_")) else f"{file}: {p}" for p in problems])
    projects = "any project" if config.is_open else f"{len(config.projects)} projects"
    click.echo(f"{file}: good ({projects}, listens on {config.host}:{config.port})")
    for note in notes:
        click.echo(f"{file}: {note}")


def _mount(text: str) -> tuple[Path, Path]:
    here, _, there = text.rpartition(":")
    if not here or not there.startswith("/"):
        raise click.BadParameter(f"{text!r} is not HERE:THERE, two folders", param_hint="--mount")
    return Path(here), Path(there)


def _look_at_secrets(
    settings: Alerting, folders: list[tuple[Path, Path]], problems: list[str], notes: list[str]
) -> None:
    """Read what Alertmanager will read: a secret below a mounted folder must be there, another one may be elsewhere."""
    places = {"alerting.channels": settings.channels}
    places |= {f"alerting.teams[{index}].channels": team.channels for index, team in enumerate(settings.teams)}
    for place, channels in places.items():
        for key, text in channels.secret_files().items():
            path = Path(text)
            mounted = [here / path.relative_to(there) for here, there in folders if path.is_relative_to(there)]
            if not mounted and not path.exists():
                notes.append(f"{place}.{key}: {path} is not on this machine, and was not looked at")
                continue
            try:
                read_secret(mounted[0] if mounted else path)
            except ConfigError as exc:
                problems += [f"{place}.{key}: {problem}" for problem in exc.problems]
