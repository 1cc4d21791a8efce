"""The commands of `errtally`: a front door that imports a room only when its command is called."""

from __future__ import annotations

import importlib

import click

from errtally.errors import ErrtallyError

COMMANDS: dict[str, tuple[str, str, str]] = {
    "serve": ("errtally.exporter.commands.serve", "exporter", "Run the exporter."),
    "demo": ("errtally.exporter.commands.demo", "exporter", "Send realistic traffic to a running exporter."),
    "backup": ("errtally.exporter.commands.backup", "exporter", "Copy an exporter's data while it runs."),
    "migrate": ("errtally.exporter.commands.migrate", "exporter", "Move a store from SQLite to PostgreSQL, or back."),
    "tokens": ("errtally.exporter.commands.tokens", "exporter", "Make, list and revoke tokens for programs."),
    "issues": ("errtally.exporter.commands.issues", "exporter", "List and show issues, and decide about them."),
    "events": ("errtally.exporter.commands.events", "exporter", "Show events that were kept."),
    "releases": ("errtally.exporter.commands.releases", "exporter", "List releases and the issues that they brought."),
    "artifacts": ("errtally.exporter.commands.artifacts", "exporter", "Upload, list and remove source maps."),
    "tail": ("errtally.exporter.commands.tail", "exporter", "Follow events as they are counted."),
    "mcp": ("errtally.exporter.commands.mcp", "exporter", "Serve a language model over standard input and output."),
    "completion": ("errtally.exporter.commands.completion", "exporter", "Write a completion script for a shell."),
    "group": ("errtally.exporter.commands.group", "exporter", "Group events from standard input."),
    "bench": (
        "errtally.exporter.commands.bench",
        "exporter",
        "Measure the exporter and the client library on this machine.",
    ),
    "config": ("errtally.exporter.commands.config", "exporter", "Check the configuration file."),
    "rules": ("errtally.rules.command", "generate", "Generate and check Prometheus rules."),
    "alertmanager": ("errtally.alertmanager.command", "generate", "Generate and check Alertmanager's configuration."),
    "dashboards": ("errtally.dashboards.command", "generate", "Generate and check Grafana dashboards."),
    "analyse": ("errtally.analyser.command", "analyser", "Find debt of error handling in a source tree."),
}
"""Command: module that holds a click command ``command``, extra that it needs, one line of help."""


class Rooms(click.Group):
    """Loads a command's module when it is called, so that `--help` is quick and needs no extra."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; say which extra to install when its packages are missing."""
        if cmd_name not in COMMANDS:
            return None
        module, extra, _ = COMMANDS[cmd_name]
        try:
            command: click.Command = importlib.import_module(module).command
        except ModuleNotFoundError as exc:
            if (exc.name or "").startswith("errtally"):
                raise
            raise click.ClickException(
                f"`errtally {cmd_name}` needs the package {exc.name!r}: pip install 'errtally[{extra}]'"
            ) from exc
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error that errtally raised on purpose becomes a message instead of a traceback."""
        try:
            return super().invoke(ctx)
        except ErrtallyError as exc:
            raise click.ClickException(str(exc)) from exc


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="errtally", message="errtally %(version)s")
def errtally() -> None:
    """Error events in, Prometheus metrics, alerts, dashboards and issue pages out."""
