"""A real nginx around a shipped file."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.peers import peer

if TYPE_CHECKING:
    from pathlib import Path


def nginx() -> str:
    """Return its path, or end the test."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or str(peer("nginx"))


def around(folder: Path, site: str) -> Path:
    """Write the least of a configuration around a site, which keeps to a folder; return its file."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    path = folder / "nginx.conf"
    # Workers of an nginx that root starts are somebody else, who may not write into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {places}\n{site}\n}}\n"
    )
    return path
