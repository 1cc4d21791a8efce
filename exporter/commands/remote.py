"""A running exporter as the command line asks it: over HTTP, with a token, by Sentry's API and our own."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import click

from errtally.config.secret import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from http.client import HTTPResponse

TIMEOUT_SECONDS = 30.0
FAILED, LOGIN, NOT_FOUND, UNREACHABLE = 1, 3, 4, 5
"""Exit codes, for scripts; 2 is click's for a wrong call."""

FORMATS = ("table", "json", "markdown")
_CURSOR = re.compile(r'rel="next"; results="true"; cursor="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Remote:
    """An exporter.

    Attributes:
        url: its address, without the last slash.
        token: "" where it asks for none.
    """

    url: str
    token: str

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (what JSON holds)
        """Return what an address answers with JSON; ends the command when it refuses."""
        return json.loads(self.text(path, parameters))

    def text(self, path: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Return what an address answers as text."""
        with self.open("GET", path, parameters) as response:
            return response.read().decode()

    def send(self, method: str, path: str, body: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Send JSON, and return the JSON of the answer, None without any."""
        with self.open(method, path, parameters, body) as response:
            answer = response.read()
        return json.loads(answer) if answer else None

    def pages(self, path: str, parameters: Mapping[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """Yield the items of a list of Sentry's API over its pages."""
        cursor = ""
        while limit > 0:
            asked = {**parameters, "limit": min(limit, 100), **({"cursor": cursor} if cursor else {})}
            with self.open("GET", path, asked) as response:
                items, links = json.loads(response.read()), response.headers.get("Link", "")
            yield from items[:limit]
            limit -= len(items)
            found = _CURSOR.search(links)
            if found is None or not items:
                return
            cursor = found[1]

    def open(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> HTTPResponse:
        """Ask, and return the open answer; ends the command with a message and its exit code when that fails."""
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, "", ())}
        query = f"?{urlencode(given, doseq=True, quote_via=quote)}" if given or parameters else ""
        data = json.dumps(body).encode() if body is not None else None
        return self._ask(method, path + query, data, "application/json", timeout_seconds)

    def _ask(
        self, method: str, address: str, data: bytes | None, content_type: str, timeout_seconds: float
    ) -> HTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": "errtally"}
        if data is not None:
            headers["Content-Type"] = content_type
        # What is no JSON needs a token of any text where none is asked for: it tells this from another site's form.
        token = self.token or ("" if content_type == "application/json" else "anonymous")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            asked = Request(self.url + address, data, headers, method=method)  # noqa: S310 (see `remote_options`)
            answer: HTTPResponse = urlopen(asked, timeout=timeout_seconds)  # noqa: S310
        except HTTPError as exc:
            _refused(exc)
        except (URLError, OSError, ValueError) as exc:
            fail(f"{self.url} can't be reached: {getattr(exc, 'reason', exc)}", UNREACHABLE)
        return answer

    def post_bytes(self, path: str, body: bytes, content_type: str) -> None:
        """Send bytes, of which nothing but success is told; ends the command when it is refused."""
        self._ask("POST", path, body, content_type, TIMEOUT_SECONDS).close()

    def fingerprint(self, issue: str) -> tuple[str, str]:
        """Return fingerprint and project of an issue by its short id or number."""
        path = f"/api/0/organizations/errtally/issues/{quote(issue, safe='')}/"
        found = self.get(path)
        hashes = self.get(f"{path}hashes/")
        return hashes[0]["id"], found["project"]["name"]


def remote_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where the exporter is; it is called with ``remote``."""

    def with_remote(*, url: str, token_file: Path | None, token: str | None, **rest: object) -> Any:  # noqa: ANN401
        if not url.startswith(("http://", "https://")):
            raise click.BadParameter(f"{url!r} does not start with http:// or https://", param_hint="--url")
        secret = read_secret(token_file) if token_file is not None else (token or "").strip()
        return function(remote=Remote(url.rstrip("/"), secret), **rest)

    with_remote.__name__, with_remote.__doc__ = function.__name__, function.__doc__
    with_remote.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        # The token itself is no option: others see a command's arguments.
        click.option("--token", envvar="ERRTALLY_TOKEN", hidden=True, default=None),
        click.option(
            "--token-file",
            envvar="ERRTALLY_TOKEN_FILE",
            type=click.Path(dir_okay=False, path_type=Path),
            help="A file with a token; ERRTALLY_TOKEN_FILE, or the token itself in ERRTALLY_TOKEN.",
        ),
        click.option(
            "--url",
            envvar="ERRTALLY_URL",
            default="http://127.0.0.1:9765",
            show_default=True,
            help="Of the exporter; ERRTALLY_URL.",
        ),
    ):
        with_remote = option(with_remote)
    return with_remote


format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="What is written."
)


def write_json(value: object) -> None:
    """Write a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write_rows(head: Sequence[str], rows: Sequence[Sequence[object]], format_: str) -> None:
    """Write rows as a table of columns, or as one of Markdown; what came from elsewhere is one printable line."""
    cells = [[_line(value) for value in row] for row in rows]
    if format_ == "markdown":
        escaped = [
            [cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in cells
        ]
        for line in (list(head), ["---"] * len(head), *escaped):
            click.echo(f"| {' | '.join(line)} |")
        return
    widths = [max(len(cell) for cell in column) for column in zip(head, *cells, strict=True)]
    for row in (head, *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command with a message on standard error."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def _line(value: object) -> str:
    text = " ".join(str("" if value is None else value).split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _refused(error: HTTPError) -> NoReturn:
    """End the command with what the exporter said."""
    said = error.read(10_000).decode("utf-8", "replace")
    try:
        body = json.loads(said)
        text = body.get("detail") or body["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        text = said if "<" not in said else error.reason
    code = FAILED
    if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        code = LOGIN
    elif error.code == HTTPStatus.NOT_FOUND:
        code = NOT_FOUND
    fail(f"{error.code} {_line(text)}", code)
