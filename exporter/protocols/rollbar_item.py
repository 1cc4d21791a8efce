"""The fields of a Rollbar item that are read. Types are loose: clients differ, and none may cost the item."""

from __future__ import annotations

from typing import Any

import msgspec


class RollbarFrame(msgspec.Struct):
    """One call."""

    filename: Any = None
    lineno: Any = None
    colno: Any = None
    method: Any = None
    code: Any = None
    class_name: Any = None


class ExceptionPart(msgspec.Struct):
    """What was raised."""

    kind: Any = msgspec.field(default=None, name="class")
    message: Any = None


class Trace(msgspec.Struct):
    """An exception and where it was raised."""

    frames: list[RollbarFrame | None] | None = None
    exception: ExceptionPart | None = None


class Message(msgspec.Struct):
    """A message without an exception."""

    body: Any = None


class CrashReport(msgspec.Struct):
    """A stack trace as text."""

    raw: Any = None


class Body(msgspec.Struct):
    """One of four forms of what happened."""

    trace: Trace | None = None
    trace_chain: list[Trace | None] | None = None
    message: Message | None = None
    crash_report: CrashReport | None = None


class Person(msgspec.Struct):
    """Who was affected."""

    id: Any = None
    username: Any = None
    email: Any = None


class HttpRequest(msgspec.Struct):
    """The request that was served."""

    user_ip: Any = None


class Server(msgspec.Struct):
    """The machine."""

    host: Any = None
    root: Any = None
    code_version: Any = None


class Notifier(msgspec.Struct):
    """The client."""

    name: Any = None


class Data(msgspec.Struct):
    """One occurrence."""

    body: Body | None = None
    environment: Any = None
    level: Any = None
    timestamp: Any = None
    uuid: Any = None
    code_version: Any = None
    platform: Any = None
    language: Any = None
    context: Any = None
    person: Person | None = None
    request: HttpRequest | None = None
    server: Server | None = None
    notifier: Notifier | None = None
    client: dict[str, Any] | None = None
    fingerprint: Any = None


class Item(msgspec.Struct):
    """One item."""

    access_token: Any = None
    data: Data | None = None
