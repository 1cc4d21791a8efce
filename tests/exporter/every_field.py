"""Requests in which every field of every protocol holds a given text; the fields are found in the decoders.

Fields of typed documents are those of the msgspec structs of a decoder's package, fields of untyped ones are the names
that stand as texts in its source, kinds of envelope items are the cases that it tells apart, and fields of protobuf are
those of the messages that it reads. So a protocol or a field that is added is covered without being listed here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import sys
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from errtally.exporter import protocols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from errtally.exporter.ingest.endpoint import Endpoint

Place = tuple[str | int, ...]
NAME = re.compile(r"[A-Za-z_$][\w.$-]{1,40}")
DEPTH = 7
FEW_NAMES = 120
NEEDED = {
    "access_token": "k", "apiKey": "k", "version": "4",
    "startsAt": "2026-11-24T10:00:00Z", "startedAt": "2026-11-24T10:00:00Z",
}  # fmt: skip
BOUNDARY = "between"
A_FILE = re.compile(r"(?i)(?:map|file|bundle)$")
"""How the fields of a form are called that hold files."""

STATUSES = {"WebhookAlert": "firing", "NativeRequest": 200}
FORMS = {"platform": "ios", "api_key": "k", "revision": "1"}
"""What some fields must hold for a request not to be refused at once."""


@dataclass(frozen=True)
class Form:
    """One form of a request.

    Attributes:
        endpoint: that takes it.
        name: for people.
        path: of the request.
        media_type: of its body.
        body: makes the body from the text that every field holds.
        query: makes the query from it.
    """

    endpoint: Endpoint
    name: str
    path: str
    media_type: str
    body: Callable[[str], bytes]
    query: Callable[[str], dict[str, str]] = lambda _: {"sentry_key": "k"}

    @property
    def is_guess(self) -> bool:
        """Whether it is only of use where no other form is taken."""
        return self.name.startswith("every name in ")

    @property
    def decoder(self) -> str:
        """The module that reads it."""
        return _decoder(self.endpoint).__name__


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the protocols."""
    found = pkgutil.walk_packages(protocols.__path__, f"{protocols.__name__}.")
    return tuple(importlib.import_module(entry.name) for entry in found)


def structs(own: tuple[ModuleType, ...]) -> list[type[msgspec.Struct]]:
    """The structs that modules define."""
    names = {module.__name__ for module in own}
    return [
        value
        for module in own
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ in names
    ]


def forms(endpoint: Endpoint) -> Iterator[Form]:
    """Every form of a request that an endpoint may take."""
    own = _modules_of(endpoint)
    path = sample(endpoint.pattern.pattern)
    tops = _roots(own)
    names = sorted({name for module in own for name in _texts(module) if NAME.fullmatch(name)})
    near = sorted({name for name in _texts(_decoder(endpoint)) if NAME.fullmatch(name)})
    documents: list[tuple[str, Callable[[str], Any]]] = [
        *((root.__name__, partial(typed, root, fill=tuple(tops))) for root in tops),
        ("every name", partial(_named, names)),
    ]
    if len(near) <= FEW_NAMES:
        documents.append(("every name in lists", lambda text: {name: [_named(near, text[:50])] for name in near}))
        documents += ((f"every name in {name}", lambda text, name=name: {name: _named(near, text)}) for name in near)
    if endpoint.methods == ("GET",):
        for name in near:
            yield Form(endpoint, name, path, "", lambda _: b"", lambda text, name=name: {
                "sentry_key": "k", name: json.dumps(_named(names, text[:300]))
            })  # fmt: skip
        return
    if endpoint.takes_files:
        yield Form(
            endpoint, "form with files", path, f"multipart/form-data; boundary={BOUNDARY}", partial(_upload, near)
        )
    for name, made in documents:
        yield Form(endpoint, name, path, "application/json", lambda text, made=made: as_json(made(text)))
        if not name.startswith("every name in"):
            for kind in _cases(own):
                yield Form(endpoint, f"{kind}: {name}", path, "", partial(_enveloped, kind, made))
    for message in _messages(own):
        yield Form(endpoint, f"{message.__name__} (protobuf)", path, "application/x-protobuf", partial(_wire, message))
        yield Form(endpoint, f"{message.__name__} (JSON)", path, "application/json", partial(_mapped, message))


def _upload(names: list[str], text: str) -> bytes:
    """A form whose fields hold the text, and whose files hold it wherever a source map may."""
    line = text.replace("\r", " ").replace("\n", " ")
    source_map = {"version": 3, "sources": [text], "names": [text], "sourcesContent": [text], "mappings": "AAAAA"}
    parts = [(name, "", NEEDED.get(name, FORMS.get(name, line))) for name in names if not A_FILE.search(name)]
    parts += [(name, f'; filename="{name}"', json.dumps(source_map)) for name in names if A_FILE.search(name)]
    made = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'
        for name, file, content in parts
    )
    return f"{made}--{BOUNDARY}--\r\n".encode("utf-8", "surrogatepass")


def _named(names: list[str], text: str) -> dict[str, Any]:
    return {name: NEEDED.get(name, "ok" if name == "status" else text) for name in names}


def roots(endpoint: Endpoint) -> list[type[msgspec.Struct]]:
    """The structs of an endpoint's package that are in no other one."""
    return _roots(_modules_of(endpoint))


def _roots(own: tuple[ModuleType, ...]) -> list[type[msgspec.Struct]]:
    """The structs that are in no other one."""
    found = structs(own)
    inner = {part for one in found for hint in get_type_hints(one).values() for part in _parts(hint)}
    return [one for one in found if one not in inner]


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _parts(part)


def typed(kind: Any, text: str, *, fill: tuple[type[msgspec.Struct], ...] = (), depth: int = 0) -> Any:
    """A document of a type with a text wherever one may stand.

    Args:
        kind: the type.
        text: what stands there.
        fill: what a document within the document may be, where its type is not said.
        depth: how many levels it has around it.
    """
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        made = (
            {
                field.encode_name: NEEDED.get(
                    field.encode_name, typed(hints[field.name], text, fill=fill, depth=depth + 1)
                )
                for field in msgspec.structs.fields(kind)
            }
            if depth < DEPTH
            else {}
        )
        if "status" in made:
            made["status"] = STATUSES.get(kind.__name__, made["status"])
        return made
    if origin in {Union, type(int | str)}:
        parts = [part for part in get_args(kind) if part is not type(None)]
        return typed(str if str in parts else parts[-1], text, fill=fill, depth=depth)
    if origin in {list, tuple}:
        inner = get_args(kind)[0]
        if inner is msgspec.Raw:
            return [typed(one, text, depth=depth + 1) for one in fill] if depth < 2 else []
        return [typed(inner, text, fill=fill, depth=depth + 1)]
    if origin is dict:
        return {text[:300]: typed(get_args(kind)[1], text, fill=fill, depth=depth + 1)}
    if kind in {int, float}:
        return 1
    return {bool: True}.get(kind, text)


def sample(pattern: str) -> str:
    """A path that a pattern of an endpoint matches: groups that may be left out are, of branches the first is taken."""
    parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]
    made = "".join(map(sampled, parsed))
    assert re.fullmatch(pattern, made), (pattern, made)
    return made


def sampled(node: Any) -> str:
    """A text that a part of a parsed pattern matches, looking around left out."""
    operation, argument = str(node[0]), node[1]
    if operation == "LITERAL":
        return chr(argument)
    if operation == "SUBPATTERN":
        return "".join(map(sampled, argument[-1]))
    if operation == "BRANCH":
        return "".join(map(sampled, argument[1][0]))
    if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return "".join(map(sampled, argument[2])) * argument[0]
    return "1" if operation in {"IN", "NOT_LITERAL", "ANY"} else ""


def _decoder(endpoint: Endpoint) -> ModuleType:
    decode = endpoint.decode
    while isinstance(decode, partial):
        decode = decode.func
    return sys.modules[decode.__module__]


def _modules_of(endpoint: Endpoint) -> tuple[ModuleType, ...]:
    name = _decoder(endpoint).__name__
    package = name.rpartition(".")[0]
    if package == protocols.__name__:
        package = name
    return tuple(module for module in modules() if module.__name__.startswith(package))


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _texts(module: ModuleType) -> Iterator[str]:
    return (
        node.value for node in ast.walk(_tree(module)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _cases(own: tuple[ModuleType, ...]) -> list[str]:
    """The texts that a ``match`` tells apart."""
    return sorted(
        {
            node.value.value
            for module in own
            for node in ast.walk(_tree(module))
            if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant)
        }
    )


def _messages(own: tuple[ModuleType, ...]) -> list[type[Message]]:
    return [
        value
        for module in own
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message) and value is not Message
    ]


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _enveloped(kind: str, made: Callable[[str], Any], text: str) -> bytes:
    payload = as_json(made(text))
    item = {"type": kind, "length": len(payload), "content_type": text[:100], "filename": text[:100]}
    sdk = {"name": text[:200], "version": text[:200]}
    header = {"sdk": sdk, "dsn": "http://k@localhost/1", "trace": {"id": text[:200]}}
    return b"\n".join((as_json(header), as_json(item), payload))


def _wire(kind: type[Message], text: str) -> bytes:
    return _filled(kind(), text).SerializeToString()


def _mapped(kind: type[Message], text: str) -> bytes:
    return MessageToJson(_filled(kind(), text), use_integers_for_enums=True).encode()


def _filled(message: Any, text: str, depth: int = 0) -> Any:
    """A message with every field set, of alternatives (oneof) the first."""
    chosen: set[str] = set()
    for field in message.DESCRIPTOR.fields:
        alternatives = field.containing_oneof
        if alternatives is not None:
            if alternatives.name in chosen:
                continue
            chosen.add(alternatives.name)
        value: Any = {FieldDescriptor.CPPTYPE_STRING: text, FieldDescriptor.CPPTYPE_ENUM: 9}.get(field.cpp_type, 1)
        if field.type == FieldDescriptor.TYPE_BYTES:
            value = b"\x01" * (8 if "span" in field.name else 16)
        if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            if depth >= DEPTH:
                continue
            inner = getattr(message, field.name)
            _filled(inner.add() if hasattr(inner, "add") else inner, text, depth + 1)
        elif hasattr(getattr(message, field.name), "append"):
            getattr(message, field.name).append(value)
        else:
            if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
                value = max(field.enum_type.values_by_number)
            setattr(message, field.name, value)
    return message


assert sys.version_info >= (3, 11)  # `re._parser` is there from then on
