"""`errtally analyse`: find what is wrong with the error handling of a source tree."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from errtally.analyser import baseline
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.model import Confidence, Report, Severity
from errtally.analyser.output import json_report, markdown, prometheus, sarif, table
from errtally.analyser.run import analyse, default_jobs
from errtally.analyser.settings import settings
from errtally.config.document import load
from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NEVER = "never"
_EXIT_FINDINGS = 1


@click.command(
    epilog="Exits with 0 when there is no finding at or above --fail-on that the baseline does not have, with 1 when "
    "there is, with 2 when the command, the configuration or the baseline is wrong, or when no file could be read."
)
@click.argument("paths", metavar="[PATH]...", type=click.Path(exists=True, path_type=Path), nargs=-1)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration file, of which the part `analyser` is used.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "sarif", "prometheus", "markdown"]),
    default="table",
    show_default=True,
    help="How to write the report.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for the report; it appears as a whole or not at all.",
)
@click.option("--baseline", "baseline_path", type=click.Path(path_type=Path, dir_okay=False), help="Known findings.")
@click.option("--write-baseline", is_flag=True, help="Write all findings to the baseline and exit with 0.")
@click.option(
    "--fail-on",
    type=click.Choice([*(severity.value for severity in Severity), _NEVER]),
    default=Severity.WARNING.value,
    show_default=True,
    help="The least severity that makes the command exit with 1.",
)
@click.option(
    "--min-confidence",
    type=click.Choice([confidence.value for confidence in Confidence]),
    help="Hide findings that are less sure.  [default: medium]",
)
@click.option("--include-tests", is_flag=True, help="Analyse test code as well.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to use at most.  [default: one a processor]")
@click.option("--project", help="Label of the series of --format prometheus.  [default: the folder's name]")
@click.option("--all", "show_all", is_flag=True, help="Show every place of a recommendation in the table.")
def command(
    *,
    paths: tuple[Path, ...],
    config_path: Path | None,
    form: str,
    output: Path | None,
    baseline_path: Path | None,
    fail_on: str,
    min_confidence: str | None,
    jobs: int | None,
    project: str | None,
    write_baseline: bool,
    include_tests: bool,
    show_all: bool,
) -> None:
    """Find swallowed errors and other debt of error handling in a source tree, or in files.

    PATH is the current folder when none is given. Several paths may be given, as pre-commit does.
    """
    if write_baseline and baseline_path is None:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    try:
        wanted = settings(load(config_path), CHECKS)
        if min_confidence is not None:
            wanted = replace(wanted, min_confidence=Confidence(min_confidence))
        if include_tests:
            wanted = replace(wanted, include_tests=True)
        with _progress() as progress:
            report = analyse(paths or Path(), wanted, jobs=jobs or default_jobs(), progress=progress)
        if write_baseline and baseline_path is not None:
            _write(baseline_path, baseline.render(report.findings))
            click.echo(f"{baseline_path}: {len(report.findings)} findings", err=True)
            return
        if baseline_path is not None:
            report = baseline.split(report, baseline.load(baseline_path))
        _show(
            report, form, output, project or (paths[0] if len(paths) == 1 else Path()).resolve().name, show_all=show_all
        )
    except (ErrtallyError, OSError) as exc:
        # Exits with 2, so that a build can tell a broken call from findings.
        raise click.UsageError(str(exc)) from exc
    if not report.files and report.problems:
        raise click.UsageError("no file could be analysed; the report says why")
    if fail_on != _NEVER and any(finding.severity.rank <= Severity(fail_on).rank for finding in report.findings):
        sys.exit(_EXIT_FINDINGS)


def _show(report: Report, form: str, output: Path | None, project: str, *, show_all: bool) -> None:
    if form == "sarif" and (words := sarif.warning(report)):
        click.echo(f"Warning: {words}.", err=True)
    if form == "table" and output is None:
        table.render(report, sys.stdout, show_all=show_all)
        return
    text = {
        "json": lambda: json_report.render(report),
        "sarif": lambda: sarif.render(report),
        "prometheus": lambda: prometheus.render(report, project),
        "markdown": lambda: markdown.render(report),
        "table": lambda: table.text(report, show_all=show_all),
    }[form]()
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


def _write(path: Path, text: str) -> None:
    """Replace a file in one step: node_exporter and others may read it at any moment."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show progress on the terminal, when standard error is one."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("analysing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("files", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
