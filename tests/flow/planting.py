"""Secrets planted in captured requests: every text of a request is a place that one can be put in.

Each secret holds a mark and a number, so that one look through a file finds all of them and says where each was put.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
from google.protobuf.message import Message
from tests.fuzz.seeds import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CAPTURES = Path(__file__).parents[1] / "data" / "captures"
FOLDERS = (
    "sentry-python-plain", "sentry-node", "sentry-browser", "raven-python-6.10", "otel-python-gzip",
    "otel-python-nested", "otel-node-json", "faro-browser", "pybrake", "rollbar-python", "honeybadger-python",
    "bugsnag-python",
)  # fmt: skip


def _mark(number: int) -> str:
    return f"QZX{number:08d}K"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def luhn(digits: str) -> str:
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(int(c) for c in digits[-2::-2]) + sum(doubled[int(c)] for c in digits[-1::-2])
    return f"{digits}{-total % 10}"


def _iban(number: int) -> str:
    account = f"WEST{number:014d}"
    digits = "".join(str(int(c, 36)) for c in f"{account}GB00")
    return f"GB{98 - int(digits) % 97:02d}{account}"


def _jwt(number: int) -> str:
    payload = _base64('{"sub":"x' + _mark(number) + '"}').rstrip("=")
    return f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.Zk7Qm2XpVb3Ty9LwHd5Zk7Qm2XpVb3Ty9LwHd5"


KINDS: dict[str, Callable[[int], str]] = {
    "a card": lambda n: f"card {luhn(f'4929{n:011d}')} declined",
    "a card in groups": lambda n: f"card {' '.join(re.findall('....', luhn(f'4929{n:011d}')))} declined",
    "an account": lambda n: f"to {_iban(n)} now",
    "a JSON web token": lambda n: f"token {_jwt(n)} expired",
    "a key of AWS": lambda n: f"denied to AKIA{_mark(n)}QQQQ now",
    "a token of GitHub": lambda n: f"as ghp_{_mark(n)}{'q' * 24} now",
    "a bearer token": lambda n: f"sent Bearer {_mark(n)}abcdefghijkl to it",
    "basic credentials": lambda n: f"sent Authorization: Basic {_base64('bob:xx' + _mark(n))}",
    "an address with a password": lambda n: f"no route to postgres://bob:{_mark(n)}@db.example/shop",
    "an assignment": lambda n: f"login failed: password={_mark(n)}",
    "a query": lambda n: f"GET https://shop.example/pay?item=7&access_token={_mark(n)}&x=1",
    "JSON in a text": lambda n: json.dumps({"user": {"apiKey": _mark(n)}}),
    "a cookie": lambda n: f"got Cookie: lang=de; sessionid={_mark(n)}",
    "a private key": lambda n: f"-----BEGIN PRIVATE KEY-----\n{_mark(n)}{'A' * 40}\n-----END PRIVATE KEY-----",
    "an e-mail address": lambda n: f"no mail to {_mark(n).lower()}@corp.example now",
    "a public address": lambda n: f"from 203.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255} now",
    "a home directory": lambda n: f"open /home/{_mark(n).lower()}/app.py",
}
_MARKS = re.compile(
    rb"[Qq][Zz][Xx](\d{8})[Kk]|4929[ -]?(\d{4}[ -]?\d{4}[ -]?\d{3})\d|WEST(\d{14})|(UVpY[A-Za-z0-9+/=]{12})"
    rb"|203\.(\d+)\.(\d+)\.(\d+)"
)


def found(content: bytes) -> set[int]:
    """The numbers of all secrets in a content."""
    numbers = set()
    for match in _MARKS.finditer(content):
        mark, card, account, encoded, *address = match.groups()
        if encoded:
            mark = (_MARKS.search(base64.b64decode(encoded)) or {1: None})[1]
        digits = mark or account or (re.sub(rb"[ -]", b"", card) if card else None)
        if digits:
            numbers.add(int(digits))
        elif address[0]:
            numbers.add(int(address[0]) << 16 | int(address[1]) << 8 | int(address[2]))
    return numbers


@dataclass
class Captured:
    """One captured request, taken apart."""

    name: str
    path: str
    headers: dict[str, str]
    parts: list[Any]
    build: Callable[[list[Any]], bytes]


@dataclass
class Planting:
    """Hands out secrets and remembers where each was put."""

    places: dict[int, str] = field(default_factory=dict)

    def text(self, kind: str, place: str) -> str:
        """A text with a secret of a kind."""
        number = len(self.places) + 1
        self.places[number] = f"{kind} in {place}"
        return KINDS[kind](number)

    def everywhere(self, request: Captured, kind: str) -> bytes:
        """Put a secret into every text of a request, and more under keys that name one."""
        parts = copy.deepcopy(request.parts)
        for place, get, put in _texts(parts):
            put(f"{self.text(kind, f'{request.name}: {place}')} {get()}"[:20_000])
        for place, mapping in list(_mappings(parts)):
            secret = _mark(len(self.places) + 1)
            self.places[len(self.places) + 1] = f"a secret key's value in {request.name}: {place}"
            mapping["userPassword"] = secret
            mapping["pairs"] = [["X-Api-Key", _mark(len(self.places) + 1)]]
            self.places[len(self.places) + 1] = f"a pair's value in {request.name}: {place}"
            mapping[self.text(kind, f"a key in {request.name}: {place}")] = 1
        return request.build(parts)

    def one(self, request: Captured, index: int, kind: str) -> bytes:
        """Put a secret into one text alone, so that the others are what a client sends."""
        parts = copy.deepcopy(request.parts)
        place, get, put = list(_texts(parts))[index]
        put(f"{self.text(kind, f'{request.name}: {place} alone')} {get()}"[:20_000])
        return request.build(parts)


def texts(request: Captured) -> int:
    """How many texts a request has."""
    return sum(1 for _ in _texts(request.parts))


def captured(folder: str) -> Iterator[Captured]:
    """Take the requests of a folder apart."""
    for head in sorted((CAPTURES / folder).glob("*.head")):
        first, *lines = head.read_text().splitlines()
        method, path, _ = first.split()
        if method != "POST":
            continue
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines if ":" in line)}
        encoding = next((headers[name] for name in headers if name.lower() == "content-encoding"), "")
        unwanted = {"host", "content-length", "content-encoding", "transfer-encoding", "connection", "accept-encoding"}
        headers = {name: value for name, value in headers.items() if name.lower() not in unwanted}
        body = _plain(head.with_suffix(".body").read_bytes(), encoding)
        yield _apart(f"{folder}/{head.stem}", path, headers, body)


def _plain(body: bytes, encoding: str) -> bytes:
    undo = {"gzip": gzip.decompress, "deflate": zlib.decompress, "br": brotli.decompress}
    plain: bytes = undo.get(encoding, bytes)(body)
    return plain


def _apart(name: str, path: str, headers: dict[str, str], body: bytes) -> Captured:
    if "/envelope/" in path:
        return Captured(name, path, headers, _items(body), _envelope)
    if body[:1] not in b"{[":
        message = SIGNALS[path]()
        message.ParseFromString(body)
        return Captured(name, path, headers, [message], lambda parts: parts[0].SerializeToString())
    return Captured(name, path, headers, [json.loads(body)], lambda parts: json.dumps(parts[0]).encode())


def _items(body: bytes) -> list[Any]:
    """Header, then each item's header and payload; what is no JSON stays as it is."""
    header, _, rest = body.partition(b"\n")
    parts: list[Any] = [json.loads(header)]
    while rest.strip():
        head, _, rest = rest.partition(b"\n")
        item = json.loads(head)
        length = item.pop("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
        # Types of items decide what is read; a planted one is tried by hand elsewhere.
        parts += [tuple(item.items()), json.loads(payload) if payload[:1] in b"{[" else payload]
    return parts


def _envelope(parts: list[Any]) -> bytes:
    body = json.dumps(parts[0]).encode() + b"\n"
    for item, payload in zip(parts[1::2], parts[2::2], strict=True):
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        body += json.dumps(dict(item)).encode() + b"\n" + content + b"\n"
    return body


Place = tuple[str, "Callable[[], str]", "Callable[[str], None]"]


def _texts(node: Any, place: str = "") -> Iterator[Place]:
    """Every text in a tree of JSON or a protobuf message: where it is, and how to read and write it."""
    if isinstance(node, Message):
        for descriptor, value in node.ListFields():
            here = f"{place}.{descriptor.name}"
            if isinstance(value, str):
                yield here, lambda value=value: value, lambda text, name=descriptor.name: setattr(node, name, text)
            elif isinstance(value, Message):
                yield from _texts(value, here)
            elif descriptor.is_repeated:
                for index, item in enumerate(value):
                    yield from _texts(item, f"{here}[{index}]")
        return
    if isinstance(node, dict | list):
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            here = f"{place}.{key}"
            if isinstance(value, str):
                yield here, lambda value=value: value, lambda text, key=key: node.__setitem__(key, text)
            else:
                yield from _texts(value, here)


def _mappings(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield place, node
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _mappings(value, f"{place}.{key}")
