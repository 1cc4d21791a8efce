"""Errors as drivers raise them, calls that fail a number of times, and observers that remember."""

from __future__ import annotations

from email.message import Message
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError


def http_error(status: int, **headers: str) -> HTTPError:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return HTTPError("http://shop/x", status, "no", message, None)


class ResponseError(Exception):
    """As `requests.HTTPError` and `httpx.HTTPStatusError` are."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"status {status}")
        self.response = SimpleNamespace(status_code=status, headers=headers or {})


def sqlstate(code: str) -> Exception:
    error = RuntimeError("deadlock detected")
    error.sqlstate = code
    return error


def sqlite_error(code: int) -> Exception:
    import sqlite3  # noqa: PLC0415

    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    return error


def driver_error(module: str, name: str, *args: Any) -> Exception:
    return type(name, (Exception,), {"__module__": module})(*args)


class Failing:
    """Fails with each error in turn, then returns ``result``."""

    def __init__(self, *errors: BaseException, result: Any = "result") -> None:
        self.errors = list(errors)
        self.result = result
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.result

    async def awaited(self) -> Any:
        return self()


class Seen:
    """Remembers what an observer is told."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, bool]] = []
        self.outcomes: list[tuple[str, str]] = []
        self.states: list[str] = []
        self.refusals = 0

    def attempted(self, _service: str, strategy: str, error: BaseException | None) -> None:
        self.attempts.append((strategy, error is None))

    def ended(self, _service: str, error_class: Any, outcome: str, _error: BaseException) -> None:
        self.outcomes.append((error_class.value, outcome))

    def changed(self, _service: str, state: str) -> None:
        self.states.append(state)

    def refused(self, _service: str) -> None:
        self.refusals += 1
