"""What the processes of one installation share: places in the data directory, its secret, the form of the log."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import sys
from typing import IO, TYPE_CHECKING, Any

import structlog

from errtally.errors import ErrtallyError
from errtally.exporter.log_output import LogOutput

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_DIRECTORY = "journal"
SECRET_FILE = "secret.key"  # noqa: S105 (a file name)
REPLICA_FILE = "replica.id"
LOCK_FILE = "errtally.lock"
_OWN_NAMES = frozenset(
    {
        JOURNAL_DIRECTORY,
        SECRET_FILE,
        REPLICA_FILE,
        "streams",
        "quotas.json",
        "writer.heartbeat",
        LOCK_FILE,
        "artifacts",
    }
)
_OWN_PREFIXES = ("errtally.sqlite3", "errtally-version-", "tokens.sqlite3")

_log = structlog.get_logger(__name__)


def configure_logging(log_format: str) -> None:
    """Send logs to standard error: for people, or one JSON object a line."""
    is_json = log_format == "json"
    output = LogOutput()
    # Tracebacks never show local variables: those hold what clients sent before it is scrubbed.
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if is_json:
        transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors.append(structlog.processors.ExceptionRenderer(transformer))
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: output,
    )


def open_directory(path: Path) -> None:
    """Make the data directory, for its owner alone; and close one, with what is in it, that an older errtally made.

    A directory that others use as well is left as it is: closing it would lock them out. The files in it are closed.

    Raises:
        OSError: it can't be made or read.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine = [entry for entry in path.iterdir() if entry.name in _OWN_NAMES or entry.name.startswith(_OWN_PREFIXES)]
    is_mine = len(mine) == sum(1 for _ in path.iterdir())
    for entry in (*(folder for folder in (path,) if is_mine), *mine):
        mode = entry.stat().st_mode
        if mode & 0o077:
            try:
                entry.chmod(mode & ~0o077)
            except PermissionError:  # somebody else's, who let us in
                _log.warning("other users can read what clients sent", path=str(entry))
    if not is_mine and path.stat().st_mode & 0o077:
        _log.warning("other users can list the data directory, which other files lie in", path=str(path))


def secret(data_dir: Path) -> bytes:
    """Return the installation's key for hashes and forms; made at the first start."""
    path = data_dir / SECRET_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        keep_secret(data_dir, secrets.token_bytes(32))
        return path.read_bytes()


def locked(data_dir: Path) -> IO[bytes]:
    """Have a data directory for this process alone, until what is returned is closed.

    Raises:
        ErrtallyError: another process has it.
        OSError: the lock can't be made.
    """
    file = (data_dir / LOCK_FILE).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise ErrtallyError(f"{data_dir}: another exporter uses this directory") from exc
    return file


def keep_secret(data_dir: Path, key: bytes) -> None:
    """Make a key the installation's.

    Raises:
        OSError: it can't be written.
    """
    path = data_dir / SECRET_FILE
    draft = path.with_suffix(".new")
    # With its mode from the start: changed afterwards, there would be a moment in which others can read it.
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(key)
    draft.rename(path)


def replica_of(data_dir: Path) -> str:
    """Return what tells the exporter of a data directory from others on the same database; made at the first start.

    Raises:
        OSError: it can't be read or written.
    """
    path = data_dir / REPLICA_FILE
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        draft = path.with_suffix(".new")
        draft.write_text(f"{secrets.token_hex(8)}\n", encoding="ascii")
        draft.rename(path)
        return path.read_text(encoding="ascii").strip()
