"""`errtally rules`: generate Prometheus' rules, check them, run their generated unit tests."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from errtally import config
from errtally.config.alerting import alerting
from errtally.generate import programs
from errtally.generate.files import DriftError, drift, write
from errtally.generate.options import config_option, out_option
from errtally.rules.advice import advice
from errtally.rules.build import RULES_ENDING, TESTS_ENDING, Format, build
from errtally.rules.lint import LintError, lint
from errtally.rules.settings import enabled_rules

if TYPE_CHECKING:
    from errtally.config.document import Document

_format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["prometheus", "prometheusrule"]),
    default="prometheus",
    show_default=True,
    help="A rule file, or the resource of the Prometheus operator.",
)


@click.group()
def command() -> None:
    """Generate and check Prometheus rules."""


@command.command("build")
@config_option
@out_option("rules/generated")
@_format_option
def build_command(config_path: Path | None, out: Path, output: Format) -> None:
    """Write rules, their unit tests and a runbook page for each alert."""
    document = config.load(config_path)
    for path in write(build(document, output), out):
        click.echo(f"wrote {path}")
    _advise(document)


@command.command("check")
@config_option
@out_option("rules/generated")
@_format_option
def check_command(config_path: Path | None, out: Path, output: Format) -> None:
    """Compare the files in the output folder with the configuration; let promtool check the rules."""
    document = config.load(config_path)
    files = build(document, output)
    if found := drift(files, out):
        raise DriftError("\n".join([*found, "run `errtally rules build` to bring them up to date"]))
    click.echo(f"{out}: {len(files)} files are what the configuration gives")
    _advise(document)
    if output == "prometheusrule":
        return
    rule_files = {name: text for name, text in files.items() if name.endswith(RULES_ENDING)}
    if problems := lint(rule_files, alerting(document).scrape_interval_seconds):
        raise LintError("\n".join(problems))
    click.echo(f"lint: no problem in {len(rule_files)} rule files")
    if programs.is_installed("promtool"):
        click.echo(programs.run("promtool", ["check", "rules", "--lint=all", *rule_files], folder=out))
    else:
        click.echo("promtool is not installed: the rules' syntax was not checked by it", err=True)


@command.command("test")
@config_option
@click.option("--rule", "names", multiple=True, help="Only of this alert; may be repeated. All of them take minutes.")
def test_command(config_path: Path | None, names: tuple[str, ...]) -> None:
    """Run the unit tests that are generated for this configuration, by promtool."""
    try:
        files = build(config.load(config_path), only=names)
    except LookupError as exc:
        raise click.BadParameter(str(exc), param_hint="--rule") from exc
    with tempfile.TemporaryDirectory(prefix="errtally-rules-") as folder:
        write(files, Path(folder))
        tests = sorted(name for name in files if name.endswith(TESTS_ENDING))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for output in pool.map(lambda name: _run_tests(name, Path(folder)), tests):
                click.echo(output)


def _run_tests(name: str, folder: Path) -> str:
    return programs.run("promtool", ["test", "rules", name], folder=folder)


def _advise(document: Document) -> None:
    settings = alerting(document)
    for sentence in advice(enabled_rules(settings), settings):
        click.echo(sentence, err=True)
