"""Send captured requests again over a real socket, byte for byte as the client sent them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 1000


def replay(folder: Path, port: int) -> list[tuple[str, int, bytes]]:
    """Send every request of a folder in order; return name, status and whole answer of each."""
    answers = []
    for head in sorted(folder.glob("*.head")):
        answer = _send(port, _request(head))
        answers.append((head.stem, int(answer.split(b" ", 2)[1]), answer))
    assert answers, f"no captured requests in {folder}"
    return answers


def _request(head: Path) -> bytes:
    lines = [line for line in head.read_bytes().replace(b"\r\n", b"\n").strip().split(b"\n") if line]
    body = head.with_suffix(".body").read_bytes()
    is_chunked = any(line.lower() == b"transfer-encoding: chunked" for line in lines)
    lines = [line for line in lines if not line.lower().startswith(b"connection:")]
    sent = b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n"
    if not is_chunked:
        return sent + body
    for start in range(0, len(body), _CHUNK_BYTES):
        chunk = body[start : start + _CHUNK_BYTES]
        sent += b"%x\r\n%s\r\n" % (len(chunk), chunk)
    return sent + b"0\r\n\r\n"


def _send(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer
