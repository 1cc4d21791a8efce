"""`errtally mcp`: the Model Context Protocol over standard input and output, passed on to an exporter's /mcp."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click

from errtally.exporter.commands.remote import TIMEOUT_SECONDS, remote_options

if TYPE_CHECKING:
    from errtally.exporter.commands.remote import Remote

_FAILED = -32000


@click.command()
@remote_options
def command(*, remote: Remote) -> None:
    """Serve a language model's client: one message of JSON a line in, one out, and nothing else.

    The exporter does the work: give this to clients that start a program, and --url/mcp to those that take an address.
    """
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer = _pass_on(remote, line)
        if answer:
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()


def _pass_on(remote: Remote, line: bytes) -> bytes:
    """Return the answer as one line, b"" when there is none."""
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if remote.token:
        headers["Authorization"] = f"Bearer {remote.token}"
    try:
        with urlopen(Request(f"{remote.url}/mcp", line.strip(), headers), timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (see `remote_options`)
            return b" ".join(response.read().splitlines())
    except HTTPError as exc:
        said = exc.read(100_000)
        if exc.headers.get_content_type() == "application/json" and b"jsonrpc" in said:
            return b" ".join(said.splitlines())
        return _failure(line, f"{exc.code} {exc.reason}: is the token right?" if exc.code in {401, 403} else str(exc))
    except (URLError, OSError) as exc:
        return _failure(line, f"{remote.url} can't be reached: {getattr(exc, 'reason', exc)}")


def _failure(line: bytes, text: str) -> bytes:
    try:
        message: Any = json.loads(line)
    except ValueError:
        message = None
    number = message.get("id") if isinstance(message, dict) else None
    if isinstance(message, dict) and number is None:
        return b""  # a notification is never answered
    return json.dumps({"jsonrpc": "2.0", "id": number, "error": {"code": _FAILED, "message": text}}).encode()
