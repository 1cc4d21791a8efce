"""How clients of Rollbar list the frames of a stack: in which order, and what the method of a frame is.

The protocol has the oldest first, and so send them the clients for Python, JavaScript, Ruby, PHP and Java. Those for
Go, .NET and Dart send them as their runtime lists them, which is the newest first.

The method is the one that holds the line. PHP's own traces name the one that is called there, and its client sends
them as they are: the newest frame, the line that raised, has none.
"""

from __future__ import annotations

from typing import Any, Final

_CLIENTS: Final = ("Rollbar.NET", "rollbar-dart")
"""How their names begin. Clients for Go have many names, and are told by what the stack ends with."""

_GO_ENTRIES: Final = frozenset(("runtime.goexit", "runtime.main"))


_NAMES_WHAT_IS_CALLED: Final = "rollbar-php"


def holding(methods: list[Any], client: str) -> list[Any]:
    """Return the method that holds the line of each frame.

    Args:
        methods: of the frames as sent, the oldest first.
        client: the name of the notifier, "" when it told none.
    """
    if client.startswith(_NAMES_WHAT_IS_CALLED) and methods and not methods[-1]:
        return [None, *methods[:-1]]
    return methods


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
