"""The process that makes files which uploaded ones are read by: ``python -m errtally.exporter.symbols.build``.

It runs beside ingest at the lowest priority, one at a time on a machine, with bounds on memory and time: reading a
map of 30 MB takes seconds and hundreds of megabytes, and what was uploaded may be hostile. What kills it is told as a
refusal.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from errtally.errors import StoreError, SymbolError
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.symbols import files
from errtally.exporter.symbols.files import REFUSED, FileId

MEMORY_BYTES: Final = 2 << 30
CPU_SECONDS: Final = 300
NICENESS: Final = 19


def main(arguments: list[str]) -> None:
    """Make files, one after the other.

    Args:
        arguments: the data directory and the files' names.
    """
    archive = Archive(Path(arguments[0]))
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGXCPU, _out_of_time)
    for name in arguments[1:]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        end = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))
        wanted = FileId.of(name)
        if wanted is None:
            raise SystemExit(f"{name!r} is no file of this version")
        make(archive, wanted)


def make(archive: Archive, wanted: FileId) -> None:
    """Make a file, or write down why it can't be made.

    Raises:
        OSError: it can't be written.
    """
    directory = archive.directory / files.DIRECTORY
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        content = _content(archive, wanted)
    except SymbolError as exc:
        refuse(directory, wanted, exc)
    except StoreError as exc:
        refuse(directory, wanted, SymbolError("bad_file", f"what was uploaded is not there any more: {exc}"))
    except MemoryError:
        refuse(directory, wanted, SymbolError("too_large", f"reading it takes more than {MEMORY_BYTES >> 20} MiB"))
    else:
        _write(directory, wanted.name, content)


def refuse(directory: Path, wanted: FileId, error: SymbolError) -> None:
    """Write down why a file can't be made.

    Raises:
        OSError: that can't be written.
    """
    _write(directory, wanted.name + REFUSED, f"{error.reason}\n{error}".encode())


def _content(archive: Archive, wanted: FileId) -> bytes:
    if wanted.kind == files.JVM:
        from errtally.exporter.symbols import proguard  # noqa: PLC0415 (each kind loads what it needs)

        return proguard.build(archive.content(wanted.sha1))
    if wanted.kind == files.NATIVE:
        from errtally.exporter.symbols import native  # noqa: PLC0415

        return native.build(archive.content(wanted.sha1), wanted.debug_id)
    from errtally.exporter.symbols import build_table  # noqa: PLC0415

    return build_table.build(
        archive.content(wanted.sha1) if wanted.sha1 else None,
        archive.content(wanted.script_sha1) if wanted.script_sha1 else None,
    )


def _write(directory: Path, name: str, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=directory, delete=False) as draft:
        draft.write(content)
    Path(draft.name).rename(directory / name)


def _out_of_time(_signal: int, _frame: object) -> None:
    raise SymbolError("too_large", f"reading it takes more than {CPU_SECONDS} s")


if __name__ == "__main__":
    main(sys.argv[1:])
