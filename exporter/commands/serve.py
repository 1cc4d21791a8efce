"""`errtally serve`: run the exporter."""

from __future__ import annotations

import os
from pathlib import Path

import click

from errtally.exporter.commands.typed import program
from errtally.exporter.config import ExporterConfig, from_environ
from errtally.exporter.log_output import LogOutput
from errtally.exporter.server import serve


@click.command()
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The YAML configuration file.")
@click.option("--listen", metavar="HOST:PORT", help="Address to listen on.  [default: 127.0.0.1:9765]")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where journal and store lie.  [default: $XDG_DATA_HOME/errtally, else ~/.local/share/errtally]",
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that take requests.  [default: 1]")
@click.option(
    "--durability",
    type=click.Choice(["write", "fsync", "shared"]),
    help="What an answer means: survives kill -9, power loss, or the loss of the machine.  [default: write]",
)
@click.option("--log-format", type=click.Choice(["console", "json"]), help="How logs are written.  [default: console]")
def command(**flags: object) -> None:
    """Run the exporter.

    Flags win over environment variables (ERRTALLY_CONFIG, ERRTALLY_LISTEN, ...), and those over the file.
    """
    # The workers are processes of their own and build their settings from the environment.
    for name, value in flags.items():
        if value is not None:
            os.environ[f"ERRTALLY_{name.upper()}"] = str(value)
    config = from_environ(os.environ)
    banner = _banner(config, program())
    serve(config, on_ready=lambda: LogOutput().msg(banner))


def _banner(config: ExporterConfig, typed: str) -> str:
    url = config.external_url
    scheme, _, rest = url.partition("://")
    lines = [
        f"errtally listens on {config.host}:{config.port}, data in {config.data_dir}",
        f"  look     {url}/",
        f"  scrape   {url}/metrics",
    ]
    if config.is_open:
        lines += [
            f"  send     Sentry DSN {scheme}://any@{rest}/1   (no projects configured: any key, any project number)",
            f"           or POST {url}/api/events",
            f"  try      {typed} demo --url {url}",
        ]
    lines += [
        f"  send     project {project.name}: Sentry DSN {scheme}://KEY@{rest}/{project.id} ({len(project.keys)} keys)"
        for project in config.projects
    ]
    return "\n".join(lines)
