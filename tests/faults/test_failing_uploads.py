"""Calls of the system fail while files are uploaded: what was acknowledged is there; what was not can come again."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until, workers
from tests.faults.test_failing_calls import failing
from tests.flow.exporter import Exporter
from tests.peers import peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

FILES = "/api/0/projects/errtally/shop/releases/1.0/files/"
FAULT_SECONDS = 3.0
_BOUNDARY = "upload-of-a-test"

CASES = [
    pytest.param(calls, error, id=f"{calls.partition(',')[0]}-{error}")
    for calls, errors in (
        ("openat,mkdir", ("EMFILE", "ENOSPC", "EIO", "EACCES")),
        ("fsync,fdatasync", ("ENOSPC", "EIO")),
        ("rename,renameat", ("ENOSPC", "EIO")),
        ("pwrite64", ("ENOSPC", "EIO")),
    )
    for error in errors
]


def content(number: int) -> bytes:
    """A source map like no other."""
    sources = [f"shop/{number}.ts"]
    return json.dumps({"version": 3, "sources": sources, "names": [], "mappings": "AAAA" + ";" * number}).encode()


def upload(exporter: Exporter, number: int) -> int:
    """Upload a file; return the status."""
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n~/{number}.js.map\r\n'.encode(),
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="m"\r\n\r\n'.encode(),
        content(number),
        f"\r\n--{_BOUNDARY}--\r\n".encode(),
    )
    headers = {"Authorization": "Bearer any", "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    return exporter.post(FILES, b"".join(parts), headers)[0]


@pytest.mark.parametrize(("calls", "error"), CASES)
def test_an_upload_that_was_acknowledged_is_there_and_one_that_was_not_can_come_again(
    tmp_path: Path, calls: str, error: str
) -> None:
    peer("strace")
    exporter = Exporter(tmp_path, "--workers", "1")
    exporter.start()
    try:
        assert upload(exporter, 0) == 201
        taken, refused, others = {0}, set[int](), set[int]()
        number = 0
        with failing(workers(exporter)[0].pid, calls, error, exporter.data_dir, tmp_path / "trace"):
            end = time.monotonic() + FAULT_SECONDS
            while time.monotonic() < end:
                number += 1
                with contextlib.suppress(OSError):  # no descriptor for a connection
                    status = upload(exporter, number)
                    others |= {status} - {201}
                    (taken if status == 201 else refused).add(number)
        assert "(INJECTED)" in (tmp_path / "trace").read_text(errors="replace")
        assert refused, "nobody noticed the fault"
        assert others <= {503, 507}, others
        wait_until(lambda: exporter.get_any("/-/ready")[0] == 200)
        for again in sorted(refused):
            assert upload(exporter, again) == 201
            taken.add(again)
        listed = {one["name"]: one["id"] for one in exporter.get_json(f"{FILES}?per_page=100")}
        assert set(listed) >= {f"~/{one}.js.map" for one in list(taken)[:50]}
        for name, id_ in list(listed.items())[:50]:
            assert exporter.get(f"{FILES}{id_}/?download=1") == content(int(name[2:].partition(".")[0]))
        assert not [path for path in (exporter.data_dir / "artifacts").rglob("tmp*") if path.is_file()]
    finally:
        assert exporter.stop() == 0
