"""`errtally migrate`: move a store from the data directory to PostgreSQL, or back."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from errtally.exporter.config import from_environ
from errtally.exporter.installation import keep_secret, locked, open_directory, replica_of, secret
from errtally.exporter.migration import MigrationError, Progress, migrate
from errtally.exporter.store.meta import PUT_POSITION
from errtally.exporter.store.opening import database_of
from errtally.exporter.store.sqlite import FILE_NAME, SqliteDatabase
from errtally.exporter.store.tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.store.postgres.archive import SharedArchive
    from errtally.exporter.store.postgres.database import PostgresDatabase


@click.command()
@click.option("--to", "target", metavar="ADDRESS", help="Move the store of the data directory to this database.")
@click.option("--from", "source", metavar="ADDRESS", help="Move the store of this database to the data directory.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The YAML configuration file.")
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Of the exporter, as `errtally serve` has it."
)
def command(*, target: str | None, source: str | None, **flags: Path | None) -> None:
    """Move issues, counters and kept events between SQLite and PostgreSQL.

    Stop all exporters first. What was moved from stays as it is. A command that is interrupted goes on when it is run
    again. Events that wait in the journal of the data directory stay there, and are counted at the next start.
    """
    if (target is None) == (source is None):
        raise click.UsageError("give either --to ADDRESS or --from ADDRESS")
    environ = dict(os.environ)
    for name, value in flags.items():
        if value is not None:
            environ[f"ERRTALLY_{name.upper()}"] = str(value)
    data_dir = from_environ(environ).data_dir
    try:
        open_directory(data_dir)
        with locked(data_dir):
            rows = _to(data_dir, target) if target is not None else _from(data_dir, str(source))
    except OSError as exc:
        raise MigrationError(f"{data_dir}: {exc}") from exc
    click.echo(f"{rows:,} rows moved. Their number is the same in both.")


def _to(data_dir: Path, address: str) -> int:
    if not (data_dir / FILE_NAME).exists():
        raise MigrationError(f"{data_dir}: no exporter keeps its data here; say where with --data-dir or --config")
    file, shared = SqliteDatabase(data_dir), _postgres(address, data_dir)
    with closing(file.writer()) as tables, closing(shared.connect()) as db, _nobody_folds(shared, data_dir):
        if shared.secret(db, secret(data_dir)) != secret(data_dir):
            raise MigrationError(f"{shared.name} has the key of another installation: give a database that is empty")
        TokenStore(data_dir, address).copy_from(TokenStore(data_dir))
        with closing(_archive(data_dir, address)) as archive:
            archive.refresh()
            _say_files(archive)
        # Before it is whole: what the journal has that is folded already must never be shipped.
        shared.put_positions(db, file.positions(tables))
        return migrate(file, shared, tables, _say, shared.settle_numbers)


def _from(data_dir: Path, address: str) -> int:
    file, shared = SqliteDatabase(data_dir), _postgres(address, data_dir)
    with closing(shared.connect()) as db, _nobody_folds(shared, data_dir):
        if waiting := shared.waiting(db).events:
            raise MigrationError(f"{waiting:,} events wait in {shared.name}: start an exporter until they are counted")
        keep_secret(data_dir, shared.secret(db, secret(data_dir)))
        TokenStore(data_dir).copy_from(TokenStore(data_dir, address))
        with closing(_archive(data_dir, address)) as archive:
            archive.bring()
            _say_files(archive)
        with closing(file.writer()) as tables:
            tables.executemany(PUT_POSITION, shared.positions(db).items())
            rows = migrate(shared, file, tables, _say)
    return rows


def _archive(data_dir: Path, address: str) -> SharedArchive:
    from errtally.exporter.store.postgres.archive import SharedArchive  # noqa: PLC0415 (an extra)

    return SharedArchive(data_dir, address)


def _say_files(archive: SharedArchive) -> None:
    click.echo(f"uploaded files: {len(archive.index.all()):,} in both", err=True)


def _postgres(address: str, data_dir: Path) -> PostgresDatabase:
    database_of(address, data_dir)  # says what to install where the driver is not
    from errtally.exporter.store.postgres.database import PostgresDatabase  # noqa: PLC0415 (an extra)

    return PostgresDatabase(address, replica_of(data_dir))


@contextmanager
def _nobody_folds(shared: PostgresDatabase, data_dir: Path) -> Iterator[None]:
    from errtally.exporter.replicas.lease import Lease  # noqa: PLC0415 (an extra)

    lease = Lease(shared, f"migration of {replica_of(data_dir)}")
    try:
        if not lease.take():
            raise MigrationError(f"an exporter uses {shared.name}, or did until a moment ago: stop all of them first")
        yield
    finally:
        lease.give_up()


def _say(progress: Progress) -> None:
    click.echo(f"{progress.table}: {progress.moved:,} of {progress.rows:,}", err=True)
