"""In which order a client of Rollbar sends the frames of a stack.

The protocol has the oldest first, and so send them the clients for Python, JavaScript, Ruby, PHP and Java. Those for
Go, .NET and Dart send them as their runtime lists them, which is the newest first.
"""

from __future__ import annotations

from typing import Any, Final

_CLIENTS: Final = ("Rollbar.NET", "rollbar-dart")
"""How their names begin. Clients for Go have many names, and are told by what the stack ends with."""

_GO_ENTRIES: Final = frozenset(("runtime.goexit", "runtime.main"))


def is_newest_first(methods: list[Any], client: str) -> bool:
    """Return whether a stack begins with the newest frame.

    Args:
        methods: of the frames, as sent.
        client: the name of the notifier, "" when it told none.
    """
    if client.startswith(_CLIENTS):
        return True
    if not methods or not isinstance(methods[-1], str):
        return False
    return methods[-1] in _GO_ENTRIES or (isinstance(methods[0], str) and methods[0].startswith("rollbar-go."))
