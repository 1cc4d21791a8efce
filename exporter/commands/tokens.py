"""`errtally tokens`: tokens for programs, on the machine of the exporter."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from errtally.errors import ErrtallyError
from errtally.exporter.config import ExporterConfig, from_environ
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.token import SCOPES, hash_of


@click.group()
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The YAML configuration file.")
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Of the exporter, as `errtally serve` has it."
)
@click.pass_context
def command(context: click.Context, /, **flags: Path | None) -> None:
    """Make, list and revoke tokens for programs; the exporter may run meanwhile."""
    environ = dict(os.environ)
    for name, value in flags.items():
        if value is not None:
            environ[f"ERRTALLY_{name.upper()}"] = str(value)
    context.obj = environ


@command.command()
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="May be repeated.")
@click.pass_obj
def create(environ: dict[str, str], name: str, scopes: tuple[str, ...]) -> None:
    """Make the token NAME and write it to standard output, this once.

    read: lists and shows. write: decides about issues as well. ingest-artifacts: tells of releases and deploys, and
    uploads files for them. admin: everything.
    """
    config = from_environ(environ)
    if name in {config.web_username, "token", "anonymous", *(token.name for token in config.web_tokens)}:
        raise ErrtallyError(f"{name!r} is taken: the history tells who did what by it")
    if not config.database and not config.data_dir.is_dir():
        raise ErrtallyError(
            f"{config.data_dir}: no exporter keeps its data here; say where with --data-dir or --config"
        )
    secret = TokenStore(config.data_dir, config.database).create(name, scopes, "command line", time.time())
    if not config.has_web_auth:
        click.echo("no login is configured, so that nobody is asked for a token yet", err=True)
    click.echo(secret)


@command.command("list")
@click.pass_obj
def list_(environ: dict[str, str]) -> None:
    """List the tokens: name, scopes, when they were made and last used, one a line."""
    config = from_environ(environ)
    rows = [
        (token.name, ",".join(token.scopes), _moment(token.created), _moment(token.last_used), token.by)
        for token in TokenStore(config.data_dir, config.database).all()
    ]
    rows += [(token.name, ",".join(token.scopes), "", "", "configuration") for token in config.web_tokens]
    for name, *columns in [("NAME", "SCOPES", "MADE", "LAST USED", "BY"), *rows]:
        click.echo("  ".join((name.ljust(20), *(column.ljust(20) for column in columns))).rstrip())


@command.command()
@click.argument("name")
@click.pass_obj
def revoke(environ: dict[str, str], name: str) -> None:
    """Revoke the token NAME: whoever sends it is refused from now on."""
    config: ExporterConfig = from_environ(environ)
    if not TokenStore(config.data_dir, config.database).revoke(name):
        raise ErrtallyError(f"there is no token {name!r} that can be revoked here")
    click.echo(f"{name} is revoked")


@command.command("hash")
def hash_() -> None:
    """Read a token from standard input and write what web.tokens[].sha256 of the configuration takes."""
    secret = sys.stdin.read().strip()
    if not secret:
        raise ErrtallyError("nothing came from standard input")
    click.echo(hash_of(secret))


def _moment(seconds: float | None) -> str:
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
