"""Write docs/metrics.md and docs/commands.md from the catalogue and the commands themselves: `make generate`."""

from __future__ import annotations

from pathlib import Path

import click

from errtally import names
from errtally.command_line import COMMANDS, errtally

HERE = Path(__file__).parent

_METRICS_HEAD = """# Series

Written from the catalogue in `errtally/names.py` by `make generate`; do not edit.

`project` is the project that the key belongs to, `environment` is what the client says (`production` without it).
A metric with a limit has at most so many label sets in a project; beyond it, values go to `__other__` in the label
named, so the sum over all series is always the number of events. `series_limits:` in the configuration changes limits.

| series | type | labels | limit | what |
| --- | --- | --- | --- | --- |
"""

_ANALYSER_HEAD = """
## Series of the analyser

`errtally analyse --format prometheus` writes these for node_exporter's textfile collector; the exporter does not have
them. See [analyser.md](analyser.md).

| series | type | labels | what |
| --- | --- | --- | --- |
"""

_COMMANDS_HEAD = """# Commands

Written from the commands themselves by `make generate`; do not edit.
"""


def metrics_page() -> str:
    """Return docs/metrics.md."""
    rows = []
    for metric in names.CATALOGUE:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        limit = f"{metric.series_limit}, `{metric.other_label}`" if metric.other_label else ""
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {limit} | {metric.help} |")
    return _METRICS_HEAD + "\n".join(rows) + "\n" + _ANALYSER_HEAD + "\n".join(_analyser_rows()) + "\n"


def _analyser_rows() -> list[str]:
    return [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in names.ANALYSER_CATALOGUE
    ]


def commands_page() -> str:
    """Return docs/commands.md."""
    sections = [_COMMANDS_HEAD]
    root = click.Context(errtally, info_name="errtally")
    for name in COMMANDS:
        command = errtally.get_command(root, name)
        assert command is not None
        sections += _command(command, click.Context(command, info_name=name, parent=root))
    return "\n".join(sections)


def _command(command: click.Command, context: click.Context) -> list[str]:
    if isinstance(command, click.Group):
        found = []
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += _command(child, click.Context(child, info_name=name, parent=context))
        return found
    # A fixed width, so that the page does not depend on the terminal of whoever writes it.
    formatter = click.HelpFormatter(width=100, max_width=100)
    command.format_help(context, formatter)
    return [f"## `{context.command_path}`\n", f"```\n{formatter.getvalue().rstrip()}\n```\n"]


if __name__ == "__main__":
    (HERE / "metrics.md").write_text(metrics_page(), encoding="utf-8")
    (HERE / "commands.md").write_text(commands_page(), encoding="utf-8")
