"""`errtally bench peers`: programs of others on the same work, in one run."""

from __future__ import annotations

import json
import platform
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from errtally.exporter.bench.beside import LibraryCost, measure_libraries
from errtally.exporter.bench.calibration import calibrate
from errtally.exporter.bench.client import url_of
from errtally.exporter.bench.ingest import Load
from errtally.exporter.bench.peers import local, servers
from errtally.exporter.bench.peers.programs import Environment
from errtally.exporter.bench.peers.row import NotMeasuredError, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.bench.calibration import Calibration

PEERS = ("bugsink", "pushgateway", "mtail", "prometheus_client", "drain3", "sentry-sdk", "ruff", "pylint", "glitchtip")
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
_ROUNDS = 3


@click.command()
@click.option("--peer", "chosen", type=click.Choice(PEERS), multiple=True, help="Only this one; may be repeated.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=5.0, show_default=True, help="Of each load.")
@click.option(
    "--environment",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where peers that are Python packages are installed; a temporary folder when it is not given.",
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="A page to write the table into.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    *, chosen: tuple[str, ...], seconds: float, environment: Path | None, write: Path | None, as_json: bool
) -> None:
    """Measure programs of others on the same work and cores, ours first, last and between.

    Packages of Python are installed into an environment of their own; mtail and pushgateway are looked for on the
    search path. The table of --write goes between two marks of the page.
    """
    with tempfile.TemporaryDirectory(prefix="errtally-peers-") as directory:
        folder = Path(directory)
        place = Environment(environment or folder / "environment")
        place.install()
        rows = [row for peer in chosen or PEERS for row in _measured(peer, folder / peer, place, seconds)]
    speed = calibrate()
    if write is not None:
        write.write_text(_filled(write.read_text(encoding="utf-8"), rows, speed), encoding="utf-8")
    if as_json:
        found = {"calibration": speed.as_dict(), "rows": [row.as_dict() for row in rows]}
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(table(rows, speed))


def _measured(peer: str, folder: Path, place: Environment, seconds: float) -> list[Row]:
    folder.mkdir()
    load = Load(connections=32, seconds=seconds, warm_up_seconds=1.0)
    ways: dict[str, Callable[[], list[Row]]] = {
        "bugsink": lambda: servers.bugsink(folder, place, load),
        "pushgateway": lambda: [servers.pushing(folder, load)],
        "mtail": lambda: [local.lines_to_counters(folder)],
        "prometheus_client": lambda: [local.exposition(folder)],
        "drain3": lambda: [local.grouping(folder, place)],
        "sentry-sdk": _libraries,
        "ruff": lambda: [local.analyser(place, "ruff")],
        "pylint": lambda: [local.analyser(place, "pylint")],
    }
    if peer not in ways:
        return [Row("-", "", None, peer, None, "not measured: it needs PostgreSQL and its sources")]
    try:
        return ways[peer]()
    except NotMeasuredError as exc:
        return [Row("-", "", None, peer, None, str(exc))]


def _libraries() -> list[Row]:
    try:
        peer = f"sentry-sdk {version('sentry-sdk')}"
    except PackageNotFoundError as exc:
        raise NotMeasuredError("sentry-sdk is not installed beside errtally") from exc
    with ExitStack() as stack:
        costs = {cost.library: cost for cost in measure_libraries(url_of("up", stack), _ROUNDS)}
    ours, theirs = costs["errtally"], costs["sentry-sdk"]

    def row(work: str, unit: str, figure: Callable[[LibraryCost], float]) -> Row:
        return Row(work, unit, figure(ours), peer, figure(theirs), f"medians of {_ROUNDS} processes in turns")

    return [
        row("capturing an exception, 10 frames", "CPU us", lambda cost: cost.capture_microseconds),
        row("import and init", "CPU ms", lambda cost: cost.import_milliseconds),
        row("memory after 300 captures", "MB", lambda cost: cost.used_megabytes),
    ]


def table(rows: list[Row], speed: Calibration) -> str:
    """Write rows as a table of Markdown, with what they were measured on."""
    lines = [
        f"errtally {version('errtally')}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}; {speed}.",
        "",
        "| work | unit | errtally | peer | its figure | errtally is faster by | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        times = "-" if row.times is None else f"{row.times:.1f}" if row.times >= 1 else f"**{row.times:.2f}**"
        figures = [_figure(row.ours), row.peer, _figure(row.theirs)]
        lines.append(f"| {row.work} | {row.unit} | {' | '.join(figures)} | {times} | {row.note} |")
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 (digits)


def _filled(page: str, rows: list[Row], speed: Calibration) -> str:
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise click.UsageError(f"--write: the page has no marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{table(rows, speed)}{END}{tail}"
