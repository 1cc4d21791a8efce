"""Posts what is encoded: events with the report of what was counted, timings of requests. By the sender's thread."""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import quote

from errtally.client.encoding import as_json
from errtally.client.gauges import process_name
from errtally.client.post import Answer, Post, Verdict
from errtally.client.reports import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.client.gauges import Gauges
    from errtally.client.measures import Measured
    from errtally.client.reports import Report, Reports
    from errtally.client.settings import Settings
    from errtally.event.scrub import Scrubber

    Poster = Callable[[bytes], Answer]

log = logging.getLogger("errtally.client")


class Delivery:
    """Posts to one exporter.

    Args:
        settings: checked ones.
        posts: posts bodies to the routes of events and of requests.
        reports: of what was counted.
        gauges: what is pushed when it is due; None for nothing.
        scrubber: returns what takes secrets out of reports; events and timings are scrubbed.
        server_name: the host.
    """

    def __init__(
        self,
        settings: Settings,
        posts: tuple[Poster, Poster],
        reports: Reports,
        gauges: Gauges | None,
        scrubber: Callable[[], Scrubber],
        server_name: str,
    ) -> None:
        self._settings = settings
        self._post_events, self._post_requests = posts
        self._reports = reports
        self._gauges = gauges
        self._scrubber = scrubber
        self._server_name = server_name

    def events(self, batch: list[bytes]) -> Answer:
        """Post events, with what was counted since the last report that was taken."""
        report = self._reports.next()
        answer = self._posted(self._post_events, b'"events":[' + b",".join(batch) + b"]" + self._fields(report))
        if answer.verdict is Verdict.TAKEN:
            self._reports.taken(report)
        return answer

    def requests(self, batch: list[bytes]) -> Answer:
        """Post timings of requests."""
        content = b",".join(batch)
        # The same name whenever the same batch is sent again, so that it counts once.
        name = blake2b(content, digest_size=16, key=process_name(None, self._server_name).encode()[:64]).hexdigest()
        return self._posted(self._post_requests, b'"requests":[' + content + b'],"report_id":' + as_json(name))

    def report(self) -> Answer | None:
        """Post what was counted and gauges that are due, without events; None when there is nothing."""
        gauges = self._gauges if self._gauges is not None and self._gauges.due() else None
        report = self._reports.next(anyway=gauges is not None)
        if report is None and gauges is None:
            return None
        read = gauges.read() if gauges is not None else []
        answer = self._posted(self._post_events, b'"events":[]' + self._fields(report, read))
        if answer.verdict is not Verdict.AGAIN:
            self._reports.taken(report)  # refused alone, it would be refused again
        if gauges is not None:
            gauges.sent(taken=answer.verdict is not Verdict.AGAIN)
        return answer

    def _fields(self, report: Report | None, gauges: Sequence[Measured] = ()) -> bytes:
        if report is None and not gauges:
            return b""
        process = process_name(self._settings.service, self._server_name)
        return (
            b","
            + as_json(self._scrubber().scrub_value(fields(report, gauges, self._settings.environment, process)))[1:-1]
        )

    def _posted(self, post: Poster, content: bytes) -> Answer:
        answer = post(b"{" + content + b"}")
        if answer.verdict is Verdict.TAKEN and b'"index"' in answer.body:
            log.warning("the exporter did not take all: %s", answer.body[:500].decode("utf-8", "replace"))
        return answer


def posts_to(settings: Settings) -> tuple[Post, Post]:
    """Return what posts to the routes of events and of requests by HTTP."""
    headers = {"Content-Type": "application/json"}
    if settings.key:
        headers["Authorization"] = f"Bearer {settings.key}"
    query = f"?project={quote(settings.project)}" if settings.project else ""
    base = settings.url.rstrip("/")
    return (
        Post(f"{base}/api/events{query}", headers, settings.timeout_seconds, settings.ca_certs),
        Post(f"{base}/api/requests{query}", headers, settings.timeout_seconds, settings.ca_certs),
    )
