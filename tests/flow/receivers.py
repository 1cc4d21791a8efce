"""Receivers on loopback that record what they get: webhooks of Slack, PagerDuty and others, and mail.

They answer as the real ones do, as far as Alertmanager looks at the answer.
"""

from __future__ import annotations

import email
import json
import threading
from dataclasses import dataclass
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from aiosmtpd.controller import Controller
from tests.flow.programs import free_port
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SLACK_PATH = "/slack"
PAGERDUTY_PATH = "/v2/enqueue"

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Post:
    """A request that a webhook got."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was delivered, with its parts."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str


class Inbox(Generic[_Item]):
    """What a receiver got so far, in order; safe to use from several threads."""

    def __init__(self) -> None:
        self._items: list[_Item] = []
        self._lock = threading.Lock()

    def put(self, item: _Item) -> None:
        with self._lock:
            self._items.append(item)

    def all(self, matches: Callable[[_Item], bool] = lambda _: True) -> list[_Item]:
        with self._lock:
            return [item for item in self._items if matches(item)]

    def first(self, matches: Callable[[_Item], bool]) -> _Item:
        """Wait for the first item that matches; the failure lists what came instead."""
        return until(lambda: self.all(matches), lambda: f"nothing that matches among {self.all()!r}")[0]


class WebReceiver:
    """Takes every POST; answers PagerDuty's path as its Events API v2 does, all else with 200 as Telegram does."""

    def __init__(self) -> None:
        self.inbox: Inbox[Post] = Inbox()
        inbox = self.inbox

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox.put(Post(self.path, dict(self.headers.items()), body))
                if self.path == PAGERDUTY_PATH:
                    status, answer = 202, {"status": "success", "dedup_key": body.get("dedup_key")}
                else:
                    status, answer = 200, {"ok": True, "result": {"message_id": 1, "date": 1, "chat": {"id": 1}}}
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def at(self, path: str) -> list[Post]:
        return self.inbox.all(lambda post: post.path == path)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Delivery:
    """The handler that aiosmtpd calls with each mail."""

    def __init__(self, inbox: Inbox[Mail]) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        self._inbox.put(
            Mail(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                subject=message["Subject"],
                text=parts.get("text/plain", ""),
                html=parts.get("text/html", ""),
            )
        )
        return "250 OK"


class MailReceiver:
    """A mail server that delivers into an inbox."""

    def __init__(self) -> None:
        self.inbox: Inbox[Mail] = Inbox()
        self.port = free_port()
        self._controller = Controller(_Delivery(self.inbox), hostname="127.0.0.1", port=self.port)

    @property
    def smarthost(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
