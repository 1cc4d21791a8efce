"""`errtally bench grouping`: measures how well labelled events are grouped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from errtally.config import load
from errtally.config.grouping import grouping as grouping_settings
from errtally.errors import MalformedError
from errtally.exporter.bench import grouping as labelled


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--config",
    "file",
    envvar="ERRTALLY_CONFIG",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file with the settings of grouping.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line a file, instead of a table.")
def command(*, files: tuple[Path, ...], file: Path | None, as_json: bool) -> None:
    """Measure how well labelled events are grouped.

    Each FILE has JSON lines: {"label", "event"}, where each label is one issue, or {"same", "a", "b"}, two events that
    are one issue or two. Events are as the batch API takes them.
    """
    settings = grouping_settings(load(file), str(file))
    for path in files:
        try:
            found = labelled.measure(path, settings)
        except MalformedError as exc:
            raise click.ClickException(str(exc)) from exc
        if as_json:
            click.echo(json.dumps({"file": str(path), **asdict(found)}))
        elif isinstance(found, labelled.Pairs):
            click.echo(f"{path}: one issue {found.one_right}/{found.one}, two issues {found.two_right}/{found.two}")
        else:
            click.echo(
                f"{path}: GA {found.grouping_accuracy:.3f}  F1 of groups {found.f1_of_groups:.3f}"
                f"  precision {found.precision:.3f}  recall {found.recall:.3f}"
                f"  issues {found.issues} of {found.labels}"
            )
