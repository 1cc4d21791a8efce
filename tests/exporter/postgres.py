"""A PostgreSQL server of the tests' own: started in a folder, at a free port, ended with them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.peers import missing

if TYPE_CHECKING:
    from collections.abc import Iterator


def programs() -> Path:
    """Return where the server's programs are; Debian keeps them by their version, apart from those for users."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda one: float(one.parts[-3]))
    found = installed[-1] if installed else shutil.which("pg_basebackup")
    if found is None:
        missing("postgresql")
    return Path(found).parent


@contextmanager
def data_folder() -> Iterator[Path]:
    """Make a folder that the server's user can reach: those of pytest are closed to everybody but who runs it."""
    folder = Path(tempfile.mkdtemp(prefix="errtally-postgres-"))
    folder.chmod(0o711)
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """One server.

    Args:
        folder: where its data goes (see `data_folder`); made when it is not there.
        settings: lines of its configuration.
        port: where it listens; 0 takes a free one.
    """

    def __init__(self, folder: Path, settings: dict[str, str] | None = None, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port or _free_port()
        self._programs = programs()
        self._user = _unprivileged()
        if not (folder / "PG_VERSION").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._own(folder)
            self.run("initdb", "-D", str(folder), "-U", "errtally", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.settings = {
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
            "shared_buffers": "64MB",
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"postgresql://errtally@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """Make a database, and return its address."""
        import psycopg  # noqa: PLC0415 (an extra)

        with psycopg.connect(self.address, autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{name}"')
        return self.address.removesuffix("postgres") + name

    def start(self) -> None:
        """Start it and wait until it answers."""
        lines = [f"{name} = {value}" for name, value in (self.settings | {"port": str(self.port)}).items()]
        (self.folder / "postgresql.auto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )
        deadline = time.monotonic() + 60
        while self._ask("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)) != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:])
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT drops its clients, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    @property
    def is_running(self) -> bool:
        """Whether its first process runs."""
        return self._process is not None and self._process.poll() is None

    def copy(self, folder: Path) -> Server:
        """Return a standby that is a copy of this one and follows it; it is not started yet.

        Args:
            folder: where its data goes (see `data_folder`).
        """
        folder.mkdir(mode=0o700)
        self._own(folder)
        source = f"host=127.0.0.1 port={self.port} user=errtally"
        self.run("pg_basebackup", "-D", str(folder), "-d", source, "-X", "stream", "-c", "fast", "-R", "--no-sync")
        return Server(folder, {"primary_conninfo": f"'{source}'"})

    def pause(self) -> None:
        """Have none of its processes run, as a machine that hangs."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let its processes run again."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of the server's programs, and return what it says."""
        found = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            user=self._user,
            cwd="/",
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    def _ask(self, program: str, *arguments: str) -> int:
        return subprocess.run([self._programs / program, *arguments], check=False, cwd="/").returncode

    def _processes(self) -> list[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        return [self._process.pid, *map(int, children.split())]

    def _own(self, folder: Path) -> None:
        """Give a folder to the user that the server runs as."""
        if self._user is not None:
            os.chown(folder, self._user, -1)


def _unprivileged() -> int | None:
    """Return a user that the server agrees to run as: it refuses root."""
    if os.getuid() != 0:
        return None
    return pwd.getpwnam("postgres").pw_uid


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started() -> Iterator[Server]:
    """Start a server in a folder of its own, and end it at once: nobody wants what it would write."""
    with data_folder() as folder:
        one = Server(folder)
        one.start()
        yield one
        one.stop(signal.SIGQUIT)
