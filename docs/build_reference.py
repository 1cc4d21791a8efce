"""Write metrics.md, commands.md, OpenAPI descriptions, and tables in three pages: `make generate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import supported_versions

from errtally import names
from errtally.analyser.check import languages_of
from errtally.analyser.checks.registry import CHECKS
from errtally.command_line import COMMANDS, errtally
from errtally.exporter.web.openapi import document, sentry

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from tests.flow import tools  # noqa: E402 (the programs that are tried are data of the tests)

_METRICS_HEAD = """# Series

Written from the catalogue in `errtally/names.py` by `make generate`; do not edit.

`project` is the project that the key belongs to, `environment` is what the client says (`production` without it).
A metric with a limit has at most so many label sets in a project (in all, where there is no such label); beyond it,
values go to `__other__` in the label named, so that all series, with `errtally_series_evicted_value`, add up to
all events. `series_limits:` in the configuration changes limits.

`increase()` and `rate()` don't see the value that a series is born with. So what alerts reckon with exists at 0 from
the first sight of a project and environment: `errtally_service_*`, which no limit ever evicts. A new one is shown at 0
for two scrape intervals (`alerting.scrape_interval`), so that Prometheus has seen it at 0 before its first value.
So are sessions by release, what clients discard, ingest requests and overflows of limits, which alerts read as well;
series by transaction, type or issue are there at once.

A Prometheus that stores start timestamps (`--enable-feature=created-timestamp-zero-ingestion`, from 2.50 on, or
`st-storage`) asks for the protobuf format first, gets it, and sees the first value of every counter and histogram.
Nothing here needs it.

| series | type | labels | limit | what |
| --- | --- | --- | --- | --- |
"""

_CLIENT_HEAD = """
## Of the client library

In the application's own process, where `prometheus_client` is installed; scrape the application for them. Where it is
not, they are [pushed](client.md#metrics), and are above, with `project`, `environment` and, for gauges, `process`.

| series | type | labels | limit | what |
| --- | --- | --- | --- | --- |
"""

_ANALYSER_HEAD = """
## Of the analyser

`errtally analyse --format prometheus` writes these for node_exporter's textfile collector, see [analyser](analyser.md).

| series | type | labels | limit | what |
| --- | --- | --- | --- | --- |
"""

_COMMANDS_HEAD = """# Commands

Written from the commands themselves by `make generate`; do not edit.
"""


def metrics_page() -> str:
    """Return docs/metrics.md."""
    sections = [(_METRICS_HEAD, names.CATALOGUE), (_CLIENT_HEAD, names.CLIENT_CATALOGUE)]
    sections.append((_ANALYSER_HEAD, names.ANALYSER_CATALOGUE))
    return "".join([head + _rows(catalogue) for head, catalogue in sections])


def _rows(catalogue: tuple[names.Metric, ...]) -> str:
    rows = []
    for metric in catalogue:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        limit = f"{metric.series_limit}, `{metric.other_label}`" if metric.other_label else ""
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {limit} | {metric.help} |")
    return "\n".join(rows) + "\n"


def commands_page() -> str:
    """Return docs/commands.md."""
    sections = [_COMMANDS_HEAD]
    root = click.Context(errtally, info_name="errtally", **errtally.context_settings)
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


def api_description() -> str:
    """Return docs/openapi.json."""
    return document.text().decode()


def sentry_description() -> str:
    """Return docs/sentry-openapi.json."""
    return sentry.text().decode()


_CHECKS_BEGIN, _CHECKS_END = "<!-- checks: written by make generate -->\n", "<!-- end of checks -->\n"
_LANGUAGES = {"Python": "python", "JavaScript, TypeScript": "javascript", "Java": "java", "Go": "go"}


def analyser_page() -> str:
    """Return docs/analyser.md with the table of checks and languages as the registry has it."""
    page = (HERE / "analyser.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(_CHECKS_BEGIN)
    _, _, after = rest.partition(_CHECKS_END)
    head = ["check", "severity", "finds", *_LANGUAGES]
    rows = [head, ["---"] * len(head)]
    for check in CHECKS:
        languages = languages_of(check)
        marks = ["yes" if language in languages else "" for language in _LANGUAGES.values()]
        rows.append([f"[{check.name}](analyser/{check.name}.md)", check.severity.value, check.summary, *marks])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{before}{_CHECKS_BEGIN}{table}{_CHECKS_END}{after}"


_VERSIONS_BEGIN, _VERSIONS_END = "<!-- versions: written by make generate -->\n", "<!-- end of versions -->\n"


def install_page() -> str:
    """Return docs/install.md with the table of supported versions as the tests have them."""
    before, _, rest = (HERE / "install.md").read_text(encoding="utf-8").partition(_VERSIONS_BEGIN)
    _, _, after = rest.partition(_VERSIONS_END)
    return f"{before}{_VERSIONS_BEGIN}{supported_versions.table()}{_VERSIONS_END}{after}"


_TOOLS_BEGIN, _TOOLS_END = "<!-- tools: written by make generate -->\n", "<!-- end of tools -->\n"


def sentry_page() -> str:
    """Return docs/sentry-api.md with the table of programs that are tried."""
    before, _, rest = (HERE / "sentry-api.md").read_text(encoding="utf-8").partition(_TOOLS_BEGIN)
    _, _, after = rest.partition(_TOOLS_END)
    return f"{before}{_TOOLS_BEGIN}{tools.table()}{_TOOLS_END}{after}"


PAGES = {
    "sentry-api.md": sentry_page,
    "install.md": install_page,
    "metrics.md": metrics_page,
    "commands.md": commands_page,
    "openapi.json": api_description,
    "sentry-openapi.json": sentry_description,
    "analyser.md": analyser_page,
}

if __name__ == "__main__":
    stale = [name for name, build in PAGES.items() if (HERE / name).read_text(encoding="utf-8") != build()]
    if sys.argv[1:] == ["--check"]:
        sys.exit(f"stale, run `make generate`: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
