"""`errtally bench`: measures the exporter and the client library on this machine."""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from errtally.exporter.bench import pages as paging
from errtally.exporter.bench import scrape as scraping
from errtally.exporter.bench.beside import FIGURES, LibraryCost, measure_libraries
from errtally.exporter.bench.calibration import calibrate
from errtally.exporter.bench.client import FRAMES, SITUATIONS, TARGET_MICROSECONDS, CaptureCost, measure, url_of
from errtally.exporter.bench.filled import fill
from errtally.exporter.bench.ingest import Load, Measurement, measure_other, measure_own
from errtally.exporter.bench.profile import STAGES, Profile, profile
from errtally.exporter.bench.protected import TARGET_MICROSECONDS as PROTECTED_TARGET_MICROSECONDS
from errtally.exporter.bench.protected import ProtectedCost, measure_protected
from errtally.exporter.bench.work import KINDS
from errtally.exporter.commands import bench_fold, bench_grouping, bench_peers

_TABLE_WIDTH = 175


@click.group()
def command() -> None:
    """Measure the exporter and the client library on this machine."""


command.add_command(bench_fold.command, "fold")
command.add_command(bench_grouping.command, "grouping")
command.add_command(bench_peers.command, "peers")


@command.command()
@click.option("--url", help="Measure this exporter instead of starting one; nothing is killed, durability not proven.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Workers of the exporter.")
@click.option("--connections", type=click.IntRange(1, 1000), default=32, show_default=True, help="Kept alive.")
@click.option("--seconds", type=click.FloatRange(min=0.2), default=5.0, show_default=True, help="Measured, per kind.")
@click.option("--warm-up", type=click.FloatRange(min=0.0), default=1.0, show_default=True, help="Seconds before that.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.name for kind in KINDS]),
    multiple=True,
    help="Only this kind of work; may be repeated.",
)
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Parent of the data directories.")
@click.option("--profile", "with_profile", is_flag=True, help="Say where the CPU of an event goes, stage by stage.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def ingest(
    ctx: click.Context,
    *,
    url: str | None,
    workers: int,
    connections: int,
    seconds: float,
    warm_up: float,
    kinds: tuple[str, ...],
    data_dir: Path | None,
    with_profile: bool,
    as_json: bool,
) -> None:
    """Drive an exporter as fast as it goes, kill it, and compare accepted, durable and counted events.

    Exits with 1 when they differ.
    """
    if with_profile and url:
        raise click.UsageError("--profile: only of an exporter that this command starts")
    load = Load(connections, seconds, warm_up)
    rows: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="errtally-bench-", dir=data_dir) as directory:
        for kind in KINDS:
            if kinds and kind.name not in kinds:
                continue
            rows.append(measure_other(kind, load, url) if url else measure_own(kind, load, Path(directory), workers))
    chosen = [kind for kind in KINDS if not kinds or kind.name in kinds]
    profiles = [profile(kind, row, load, workers) for kind, row in zip(chosen, rows, strict=True) if with_profile]
    speed = calibrate()
    cores = len(os.sched_getaffinity(0))
    where = f"exporter {url}" if url else f"exporter with {workers} workers"
    setting = f"{where} and load generator share {cores} cores; {connections} connections, {seconds:g} s a kind"
    if as_json:
        found = {"setting": setting, "calibration": speed.as_dict(), "rows": [row.as_dict() for row in rows]}
        if with_profile:
            found["profiles"] = [{**asdict(one), "explained": one.explained} for one in profiles]
        click.echo(json.dumps(found, indent=2))
    else:
        console = Console()
        console.width = max(console.width, _TABLE_WIDTH)
        console.print(_table(rows, f"{setting}\n{speed}"))
        if profiles:
            console.print(_profile_table(profiles))
    for row in rows:
        if not row.is_proven:
            click.echo(
                f"{row.kind}: accepted {row.accepted}, durable {row.durable}, counted {row.counted}, "
                f"refused {row.refused}, unanswered {row.lost} {row.first_refusal}",
                err=True,
            )
    if not all(row.is_proven for row in rows):
        ctx.exit(1)


@command.command()
@click.option("--captures", type=click.IntRange(1), default=5000, show_default=True, help="Timed, for each row.")
@click.option(
    "--situation",
    "situations",
    type=click.Choice(SITUATIONS),
    multiple=True,
    help="Only this state of the exporter; may be repeated.",
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Processes of each library.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def client(*, captures: int, situations: tuple[str, ...], rounds: int, as_json: bool) -> None:
    """Measure what the client library costs an application, beside sentry-sdk where that is installed.

    A capture, with an exporter that is up, down, refusing, slow, or has no name; import, memory and exit of whole
    processes; a call protected by recovery.
    """
    rows = [measure(situation, frames, captures) for situation in situations or SITUATIONS for frames in FRAMES]
    with ExitStack() as stack:
        libraries = measure_libraries(url_of("up", stack), rounds)
    protected = measure_protected(captures)
    if as_json:
        figures = {
            "rows": [row.as_dict() for row in rows],
            "libraries": [cost.as_dict() for cost in libraries],
            "protected": protected.as_dict(),
        }
        click.echo(json.dumps(figures, indent=2))
    else:
        console = Console()
        console.width = max(console.width, _TABLE_WIDTH)
        console.print(_client_table(rows))
        console.print(_libraries_table(libraries, rounds))
        console.print(_protected_text(protected))


def _protected_text(cost: ProtectedCost) -> str:
    return (
        f"protected call {cost.protected_microseconds:.1f} us, breaker's block {cost.block_microseconds:.1f} us, "
        f"protected coroutine with its timeout {cost.coroutine_microseconds:.1f} us "
        f"(target {PROTECTED_TARGET_MICROSECONDS:g} us; a Python call takes {cost.plain_nanoseconds:.0f} ns now)"
    )


def _libraries_table(libraries: list[LibraryCost], rounds: int) -> Table:
    table = Table(title="processes", caption=f"medians of {rounds} processes of each library, beyond one without")
    table.add_column("library")
    columns = ("import ms", "import MB", "capture us", "used MB", "exit ms")
    for column in columns:
        table.add_column(column, justify="right")
    for cost in libraries:
        table.add_row(cost.library, *(f"{getattr(cost, name):.1f}" for name in FIGURES))
    return table


def _client_table(rows: list[CaptureCost]) -> Table:
    table = Table(
        title="client", caption=f"one thread captures without a pause; target {TARGET_MICROSECONDS:g} us median"
    )
    table.add_column("exporter")
    for column in ("frames", "captures", "median us", "p99 us", "longest ms", "discarded"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.situation,
            str(row.frames),
            f"{row.captures:,}",
            f"{row.median_microseconds:.1f}",
            f"{row.p99_microseconds:.1f}",
            f"{row.longest_milliseconds:.1f}",
            f"{row.discarded:,}",
            style=None if row.median_microseconds <= TARGET_MICROSECONDS else "red",
        )
    return table


@command.command()
@click.option(
    "--series",
    "counts",
    type=click.IntRange(100, 1_000_000),
    multiple=True,
    default=(10_000, 100_000),
    show_default=True,
    help="About how many series; may be repeated.",
)
@click.option(
    "--changed",
    "percentages",
    type=click.FloatRange(0.01, 100.0),
    multiple=True,
    default=tuple(100 * share for share in scraping.CHANGED_SHARES),
    show_default=True,
    help="Percent of the series that change before each scrape; may be repeated.",
)
@click.option("--rounds", type=click.IntRange(1, 1000), default=15, show_default=True, help="Scrapes measured.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Parent of the stores' directories.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def scrape(
    *, counts: tuple[int, ...], percentages: tuple[float, ...], rounds: int, data_dir: Path | None, as_json: bool
) -> None:
    """Scrape a filled store in this process, beside prometheus_client with the same series.

    Between two scrapes some of the series change. Times are CPU time of the one thread that renders.
    """
    rows: list[scraping.Measurement] = []
    with tempfile.TemporaryDirectory(prefix="errtally-bench-", dir=data_dir) as directory:
        for count in counts:
            for percent in percentages:
                store = Path(directory, f"{count}-{percent:g}")
                rows.append(scraping.measure(store, count, changed_share=percent / 100, rounds=rounds))
    setting = f"one thread, {rounds} scrapes"
    if as_json:
        click.echo(json.dumps({"setting": setting, "rows": [row.as_dict() for row in rows]}, indent=2))
        return
    console = Console()
    console.width = max(console.width, _TABLE_WIDTH)
    table = Table(title="scrape", caption=setting)
    for column in (
        "series",
        "changed %",
        "MB",
        "target ms",
        "median ms",
        "worst ms",
        "OpenMetrics ms",
        "first ms",
        "first / median",
        "gzip ms",
        "bytes a series",
        "prometheus_client ms",
        "times faster",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.series:,}",
            f"{row.changed_share * 100:g}",
            f"{row.body_bytes / 1e6:.1f}",
            _figure(row.target_milliseconds, "{:.0f}"),
            f"{row.median_milliseconds:.1f}",
            f"{row.worst_milliseconds:.1f}",
            f"{row.openmetrics_milliseconds:.1f}",
            f"{row.first_milliseconds:.0f}",
            f"{row.first_ratio:.0f}",
            f"{row.gzip_milliseconds:.1f}",
            f"{row.view_bytes / row.series:.0f}",
            f"{row.peer_milliseconds:.0f}",
            f"{row.times_faster:.0f}",
        )
    console.print(table)


@command.command()
@click.option("--issues", type=click.IntRange(10, 1_000_000), default=10_000, show_default=True, help="In the store.")
@click.option("--events", type=click.IntRange(10), default=1_000_000, show_default=True, help="In the store.")
@click.option("--load", type=click.IntRange(0), default=2000, show_default=True, help="Events a second meanwhile.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Workers of the exporter.")
@click.option("--seconds", type=click.FloatRange(min=0.2), default=20.0, show_default=True, help="Measured.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Parent of the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def pages(
    ctx: click.Context,
    *,
    issues: int,
    events: int,
    load: int,
    workers: int,
    seconds: float,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Fill a store through the fold, and load pages from it while events arrive.

    Exits with 1 when 95 of 100 requests for a page are not within 50 ms.
    """
    if events < issues:
        raise click.UsageError("--events: each issue has at least one")
    with tempfile.TemporaryDirectory(prefix="errtally-bench-", dir=data_dir) as directory:
        store = Path(directory, "pages")
        fill(store, issues=issues, events=events, now=time.time())
        rows, accepted = paging.measure(store, workers=workers, events_per_second=load, seconds=seconds)
    setting = f"{issues:,} issues, {events:,} events, {workers} workers, {accepted:,.0f} events/s accepted meanwhile"
    if as_json:
        click.echo(json.dumps({"setting": setting, "rows": [row.as_dict() for row in rows]}, indent=2))
    else:
        table = Table(title="pages", caption=setting)
        table.add_column("page")
        for column in ("target ms", "p50 ms", "p95 ms", "worst ms", "KB", "requests"):
            table.add_column(column, justify="right")
        for row in rows:
            table.add_row(
                row.page,
                f"{paging.TARGET_MILLISECONDS:.0f}",
                f"{row.p50_milliseconds:.1f}",
                f"{row.p95_milliseconds:.1f}",
                f"{row.worst_milliseconds:.1f}",
                f"{row.body_bytes / 1000:.1f}",
                f"{row.requests:,}",
                style="" if row.is_fast else "red",
            )
        console = Console()
        console.width = max(console.width, _TABLE_WIDTH)
        console.print(table)
    if not all(row.is_fast for row in rows):
        ctx.exit(1)


def _table(rows: list[Measurement], setting: str) -> Table:
    table = Table(title="ingest", caption=setting)
    table.add_column("work", no_wrap=True, min_width=max(len(kind.name) for kind in KINDS))
    for column in (
        "target",
        "events/s",
        "p50 ms",
        "p99 ms",
        "CPU us/ev",
        "limit us/ev",
        "granian us/ev",
        "ratio",
        "cores",
        "generator cores",
        "memory MB",
        "accepted",
        "durable",
        "counted",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.kind,
            row.target,
            f"{row.events_per_second:,.0f}",
            f"{row.p50_milliseconds:.1f}",
            f"{row.p99_milliseconds:.1f}",
            _figure(row.server_cpu_microseconds, "{:.1f}"),
            _figure(row.limit_cpu_microseconds, "{:.1f}"),
            _figure(row.granian_cpu_microseconds, "{:.1f}"),
            _figure(row.ratio, "{:.1f}"),
            _figure(row.server_cores, "{:.2f}"),
            f"{row.generator_cores:.2f}",
            _figure(None if row.memory_bytes is None else row.memory_bytes / 1e6, "{:.0f}"),
            f"{row.accepted:,}",
            _figure(row.durable, "{:,}"),
            f"{row.counted:,}",
            style="" if row.is_proven else "red",
        )
    return table


def _profile_table(profiles: list[Profile]) -> Table:
    table = Table(title="CPU us an event by stage")
    table.add_column("work", no_wrap=True)
    for name in (*STAGES, "sum", "whole", "explained"):
        table.add_column(name, justify="right")
    for one in profiles:
        figures = [_figure(one.stages.get(name), "{:.1f}") for name in STAGES]
        total = sum(one.stages.values())
        table.add_row(one.kind, *figures, f"{total:.1f}", f"{one.whole:.1f}", f"{one.explained:.0%}")
    return table


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
