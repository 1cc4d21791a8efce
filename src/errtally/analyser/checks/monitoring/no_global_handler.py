"""`monitoring/no-global-handler`: a server whose uncaught errors reach nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, ProjectRule
from errtally.analyser.model import Confidence, Hit, Service, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAMILIES = (("python",), ("javascript", "typescript"), ("java",), ("go",))
_WHAT = {
    "python": "`sys.excepthook`, an error handler of the framework, or a tracker",
    "javascript": "`process.on('uncaughtException')`, an error handler of the framework, or a tracker",
    "java": "`Thread.setDefaultUncaughtExceptionHandler`, a `@ControllerAdvice`, or a tracker",
    "go": "a recovering middleware, or a tracker",
}


def _find(service: Service) -> Iterator[Hit]:
    for languages in _FAMILIES:
        together = service.together(languages)
        servers, entries = together.part("server"), together.part("entry")
        # A library for servers is none: something has to start it.
        if not servers or not entries:
            continue
        if together.part("global_handler") or together.part("tracker_init") or service.elsewhere:
            continue
        name = next(iter(servers))
        path, line = together.first["entry", next(iter(entries))]
        message = f"A program with {name} starts here, and nothing takes its uncaught errors: no {_WHAT[languages[0]]}."
        # Go's own server recovers from panics of handlers by itself, and prints them; and a package that this one is
        # built with may bring the handler along.
        is_low = name == "net/http" or not service.handled_elsewhere.isdisjoint(languages)
        yield Hit(line, 1, line, message, Confidence.LOW if is_low else None, path)


CHECK = Check(
    name="monitoring/no-global-handler",
    cwe=248,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="no global handler",
    why="The error that nobody expected is the one that no local handler takes, and it ends as a line in a console.",
    instead="Install one handler for uncaught errors at the start: the tracker's init does it for its platform.",
    rules=(ProjectRule(_find),),
    is_for_services=True,
)
