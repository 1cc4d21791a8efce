"""`errtally bench fold`: what an event costs behind the answer, and on paper what a number of them would take."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from errtally.errors import ErrtallyError
from errtally.exporter.bench import fold
from errtally.exporter.bench.calibration import calibrate
from errtally.exporter.bench.plan import Plan, plan

_ROWS = (
    ("events/s that one exporter folds", "{0.events_per_second:,.0f}"),
    ("fold: us an event by the clock", "{0.fold_seconds:.1f}"),
    ("fold: CPU us an event of the exporter", "{0.fold_cpu:.1f}"),
    ("ship: us an event by the clock", "{0.ship_seconds:.1f}"),
    ("ship: CPU us an event", "{0.ship_cpu:.1f}"),
    ("take: CPU us an event, without the HTTP server", "{0.take_cpu:.1f}"),
    ("bytes an event of a request", "{0.request_bytes:.0f}"),
    ("bytes an event in the journal", "{0.journal_bytes:.0f}"),
)
_PLAN_ROWS = (
    ("cores that take and ship", "{0.exporter_cores:.0f}"),
    ("databases, with one exporter each that folds", "{0.databases}"),
    ("MB/s from clients", "{mb_in:.0f}"),
    ("MB/s to one database, with its log", "{mb_database:.0f}"),
    ("MB that wait in one after a takeover", "{mb_backlog:.0f}"),
    ("seconds until they are counted", "{0.catch_up_seconds:.0f}"),
)


@click.command()
@click.option("--database", default="", help="Of PostgreSQL; a schema is made in it for the time. Else a file.")
@click.option("--events", type=click.IntRange(1_000, 5_000_000), default=60_000, show_default=True, help="Measured.")
@click.option(
    "--fold-events", type=click.IntRange(100, 100_000), default=20_000, show_default=True, help="Of one fold, at most."
)
@click.option("--demand", type=click.FloatRange(min=1), help="Events a second: say on paper what they would take.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Parent of the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    *, database: str, events: int, fold_events: int, demand: float | None, data_dir: Path | None, as_json: bool
) -> None:
    """Take native batches into a journal, and ship and fold them, in this process.

    With --demand: what so many events a second would take, reckoned from that.
    """
    with tempfile.TemporaryDirectory(prefix="errtally-bench-", dir=data_dir) as directory:
        try:
            cost = fold.measure(Path(directory), address=database, events=events, fold_events=fold_events)
        except ErrtallyError as exc:
            raise click.ClickException(str(exc)) from exc
    wanted = plan(cost, demand) if demand is not None else None
    speed = str(calibrate())
    if as_json:
        found = {"cost": cost.as_dict(), "speed": speed, "plan": wanted.as_dict() if wanted is not None else None}
        click.echo(json.dumps(found, indent=2))
        return
    console = Console()
    setting = f"{cost.database}, {cost.events:,} events, at most {cost.fold_events:,} a fold\n{speed}"
    console.print(_table("fold", setting, [(name, form.format(cost)) for name, form in _ROWS]))
    if wanted is not None:
        console.print(_table(f"{wanted.events_per_second:,.0f} events/s, on paper", "", _plan_rows(wanted)))


def _plan_rows(wanted: Plan) -> list[tuple[str, str]]:
    sizes = {
        "mb_in": wanted.bytes_in / 1e6,
        "mb_database": wanted.bytes_to_database / 1e6,
        "mb_backlog": wanted.backlog_bytes / 1e6,
    }
    return [(name, form.format(wanted, **sizes)) for name, form in _PLAN_ROWS]


def _table(title: str, caption: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(title=title, caption=caption, show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table
