"""Configures `sentry_sdk` in one call: rates, filters, context, fingerprints, the end of the process."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import signal
from typing import TYPE_CHECKING, Any

import sentry_sdk

from errtally.client.usage import UsageReader
from errtally.event.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sentry_sdk.integrations import Integration

    Event = dict[str, Any]
    Hint = dict[str, Any]

SHUTDOWN_SECONDS = 5
MAX_BREADCRUMBS = 100
SAMPLE_RATE = 0.1
STATUS_FROM = 400
_UNCAUGHT = frozenset({"excepthook", "threading", "asyncio"})
_SCRUBBED = ("request", "extra", "breadcrumbs", "exception", "logentry", "message", "contexts", "tags")


def configure(
    dsn: str,
    *,
    environment: str = "production",
    release: str | None = None,
    component: str | None = None,
    user: Mapping[str, str] | None = None,
    filters: Iterable[Callable[[Event, Hint], bool]] = (),
    traces_sample_rate: float = SAMPLE_RATE,
    profiles_sample_rate: float = SAMPLE_RATE,
    status_from: int = STATUS_FROM,
    fingerprints: bool = True,
    **options: object,
) -> None:
    """Initialise sentry_sdk.

    Cookies never leave the process, secrets are taken out by errtally's scrubber. Uncaught exceptions and what reaches
    the running event loop's handler are fatal; after the latter the process is interrupted, so that it shuts down
    in order. Without a running loop, call `watch_loop` in it.

    Args:
        dsn: of a project of the exporter, or of any Sentry.
        environment: ``production``, ``staging`` ...
        release: version of the application; also the tag ``version``.
        component: name of the application; a tag.
        user: ``id`` and ``segment`` of who runs it, until the application sets another.
        filters: an event for which one of them returns True is dropped.
        traces_sample_rate: share of transactions that are traced.
        profiles_sample_rate: share of the traced ones that are profiled.
        status_from: Starlette and FastAPI answers from this status are reported; for WSGI see `StatusMiddleware`.
        fingerprints: whether events are grouped by error name, failing function and error code.
        options: further ones, which go before those set here.
    """
    prepare = _Preparation(tuple(filters), fingerprints=fingerprints)
    given: dict[str, Any] = {
        "dsn": dsn,
        "environment": environment,
        "release": release,
        "traces_sample_rate": traces_sample_rate,
        "profiles_sample_rate": profiles_sample_rate,
        "attach_stacktrace": True,
        "max_breadcrumbs": MAX_BREADCRUMBS,
        "shutdown_timeout": SHUTDOWN_SECONDS,
        "send_default_pii": False,
        "before_send": prepare.event,
        "before_breadcrumb": breadcrumb,
        "integrations": _integrations(status_from),
    }
    sentry_sdk.init(**{**given, **options})
    scope = sentry_sdk.get_global_scope()
    if component:
        scope.set_tag("component", component)
    if release:
        scope.set_tag("version", release)
    if user:
        scope.set_user(dict(user))
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    watch_loop()


def _integrations(status_from: int) -> Sequence[Integration]:
    if importlib.util.find_spec("starlette") is None:
        return ()
    from sentry_sdk.integrations.starlette import StarletteIntegration  # noqa: PLC0415 (needs starlette)

    failed = set(range(status_from, 600))
    found: list[Integration] = [StarletteIntegration(failed_request_status_codes=failed)]
    if importlib.util.find_spec("fastapi") is not None:
        from sentry_sdk.integrations.fastapi import FastApiIntegration  # noqa: PLC0415 (needs fastapi)

        found.append(FastApiIntegration(failed_request_status_codes=failed))
    return found


class _Preparation:
    """What happens to an event before it is sent."""

    def __init__(self, filters: tuple[Callable[[Event, Hint], bool], ...], *, fingerprints: bool) -> None:
        self._filters = filters
        self._fingerprints = fingerprints
        self._scrubber = Scrubber()
        self._usage = UsageReader()

    def event(self, event: Event, hint: Hint) -> Event | None:
        """Return the event as it is to be sent, None to drop it."""
        if any(drop(event, hint) for drop in self._filters):
            return None
        if _is_uncaught(event):
            event["level"] = "fatal"
        error = (hint.get("exc_info") or (None, None, None))[1]
        if self._fingerprints and error is not None and not event.get("fingerprint"):
            event["fingerprint"] = fingerprint(error)
        usage = self._usage.read()
        event.setdefault("contexts", {})["process"] = {
            "memory_bytes": usage.memory_bytes,
            "uptime_seconds": round(usage.uptime_seconds, 3),
            "runtime": f"{platform.python_implementation()} {platform.python_version()}",
        }
        request = event.get("request")
        if isinstance(request, dict):
            request.pop("cookies", None)
            headers = request.get("headers")
            if isinstance(headers, dict):
                request["headers"] = {
                    name: value for name, value in headers.items() if name.lower() not in {"cookie", "set-cookie"}
                }
        for name in _SCRUBBED:
            if event.get(name):
                event[name] = self._scrubber.scrub_value(event[name])
        return event


def _is_uncaught(event: Event) -> bool:
    values = (event.get("exception") or {}).get("values") or ()
    mechanisms = [value.get("mechanism") or {} for value in values]
    return any(found.get("handled") is False and found.get("type") in _UNCAUGHT for found in mechanisms)


def fingerprint(error: BaseException) -> list[str]:
    """Return error name, function in which it was raised, and code: ``code``, ``errno`` or ``unknown``."""
    trace, function = error.__traceback__, "unknown"
    while trace is not None:
        function = trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    code = getattr(error, "code", None) or getattr(error, "errno", None)
    return [type(error).__name__, function, str(code) if isinstance(code, int | str) else "unknown"]


def breadcrumb(crumb: Event, _hint: Hint) -> Event | None:
    """Drop what a console or logger says for developers only."""
    if crumb.get("level") == "debug" and (crumb.get("category") == "console" or crumb.get("type") in {"log", "debug"}):
        return None
    return crumb


def watch_loop(loop: asyncio.AbstractEventLoop | None = None, *, shutdown: bool = True) -> None:
    """Report what reaches a loop's exception handler as fatal, then interrupt the process.

    `asyncio.run` and the common servers answer an interrupt by cancelling what runs and cleaning up.

    Args:
        loop: the running one by default.
        shutdown: whether the process is interrupted.
    """
    loop = loop or asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        with sentry_sdk.new_scope() as scope:
            scope.set_extra("asyncio", context.get("message"))
            if isinstance(error, BaseException):
                scope.set_level("fatal")
                sentry_sdk.capture_exception(error)
            else:
                sentry_sdk.capture_message(str(context.get("message")), level="fatal")
        if before is not None:
            before(running, context)
        else:
            running.default_exception_handler(context)
        if shutdown:
            sentry_sdk.flush(SHUTDOWN_SECONDS)
            _interrupt(running)

    loop.set_exception_handler(handle)


def _interrupt(loop: asyncio.AbstractEventLoop) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.raise_signal(signal.SIGINT)  # a server's own handler ends its connections first
        return

    def end() -> None:
        raise KeyboardInterrupt

    # A shell starts its background jobs with the signal ignored. Raised from a callback and not from here: the
    # handler may be called from a task's finalizer, which swallows exceptions.
    loop.call_soon_threadsafe(end)


class StatusMiddleware:
    """WSGI middleware that reports answers from a status on, which sentry_sdk's own integrations leave out."""

    def __init__(self, app: Callable[..., Any], status_from: int = STATUS_FROM) -> None:
        self.app = app
        self._status_from = status_from

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:  # noqa: ANN401 (PEP 3333)
        """Serve one request."""

        def noting(status: str, headers: list[tuple[str, str]], *exc_info: object) -> Any:  # noqa: ANN401
            if not any(exc_info) and status[:3].isdigit() and int(status[:3]) >= self._status_from:
                with sentry_sdk.new_scope() as scope:
                    scope.set_tag("status", status[:3])
                    # Else all statuses were one issue: they are reported from the same place.
                    scope.fingerprint = ["http-status", str(environ.get("REQUEST_METHOD")), status[:3]]
                    scope.set_level("error" if int(status[:3]) >= 500 else "warning")  # noqa: PLR2004 (server errors)
                    sentry_sdk.capture_message(f"{environ.get('REQUEST_METHOD')} answered {status[:3]}")
            return start_response(status, headers, *exc_info)

        return self.app(environ, noting)
