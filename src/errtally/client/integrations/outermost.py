"""Applications within applications: the outermost middleware counts a request, those within tell it what they know."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

KEY = "errtally.request"
"""Key of an ASGI connection's scope and of a WSGI environment where the `Outermost` is."""

_bridged: ContextVar[Outermost | None] = ContextVar("outermost_request", default=None)


class Outermost:
    """A request, as the middleware that counts it is told of it from within.

    Args:
        mounted_at: makes the route under which the application within is mounted.

    Attributes:
        transaction: the route that an application within has found, with the mount's, None for none.
        error: the exception that it made an answer of.
    """

    __slots__ = ("_mounted_at", "error", "transaction")

    def __init__(self, mounted_at: Callable[[], str] = str) -> None:
        self._mounted_at = mounted_at
        self.transaction: str | None = None
        self.error: BaseException | None = None

    def find_by(self, find_route: Callable[[], str | None]) -> None:
        """Say what knows the route as soon as the application within has found it, for what is reported until then."""

        def find_whole() -> str | None:
            route = find_route()
            return None if route is None else self._mounted_at() + route

        scope.change(find_route=find_whole)

    def name(self, route: str) -> None:
        """Tell the route, so that what is reported from now on has it as well."""
        self.transaction = self._mounted_at() + route
        scope.set_transaction(self.transaction)


def around(environ: Mapping[str, Any]) -> Outermost | None:
    """Return the request that a WSGI call belongs to, None where it is one of its own.

    What carries a WSGI application within an ASGI server makes a new environment and calls it in a thread, with the
    request's context. An ASGI call is not known by its context: servers begin the next request of a connection in that
    of the last one.
    """
    found: Outermost | None = environ.get(KEY)
    return found if found is not None else _bridged.get()


class bridging:  # noqa: N801 (used as a function, a block)
    """A block in which WSGI calls belong to a request that came by ASGI."""

    __slots__ = ("_outermost", "_token")

    def __init__(self, outermost: Outermost) -> None:
        self._outermost = outermost

    def __enter__(self) -> None:
        self._token = _bridged.set(self._outermost)

    def __exit__(self, *_: object) -> None:
        _bridged.reset(self._token)
