"""From a request to durable records: decode, limit, make records of what was delivered, append.

Everything here is done by any number of worker processes; what has to be consistent is left to the writer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from errtally import names
from errtally.errors import (
    JournalError,
    JournalFullError,
    Limited,
    MalformedError,
    NotServedError,
    OverloadedError,
    RejectedError,
    StoreError,
)
from errtally.exporter.grouping.grouper import Grouper
from errtally.exporter.ingest.admission import BACKLOG_RETRY_SECONDS, Admission, Gate
from errtally.exporter.ingest.batches import BatchBuilder
from errtally.exporter.ingest.keys import Keys
from errtally.exporter.ingest.quotas import Quotas
from errtally.exporter.ingest.rates import Rates
from errtally.exporter.ingest.sampling import SamplePolicy
from errtally.exporter.journal import records
from errtally.exporter.scrubbing import scrubber

if TYPE_CHECKING:
    from errtally.exporter.artifacts.uploads import Uploads
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.ingest.endpoint import Endpoint
    from errtally.exporter.ingest.quotas import Ledger
    from errtally.exporter.ingest.request import Request, Response
    from errtally.exporter.ingest.submission import Submission, SubmittedFiles
    from errtally.exporter.ingest.tally import Tally
    from errtally.exporter.journal.appending import Appending
    from errtally.exporter.symbols.resolver import Resolver

_log = structlog.get_logger(__name__)


class Pipeline:
    """Takes requests of all protocols and answers when what they delivered is in the journal. Safe for threads."""

    def __init__(
        self,
        config: ExporterConfig,
        *,
        appender: Appending,
        tally: Tally,
        user_key: bytes,
        uploads: Uploads | None = None,
        resolver: Resolver | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.keys = Keys(config)
        self.quotas = Quotas(config, ledger) if Quotas.are_in(config) else None
        self.rates = Rates(config) if Rates.are_in(config) else None
        self._is_limiting = bool(self.rates or self.quotas)
        self._gate = Gate(appender, self.rates, self.quotas)
        self._limits = config.limits
        self._appender = appender
        self._tally = tally
        self._uploads = uploads
        self._grouper, samples = Grouper(config.grouping), SamplePolicy()
        self._common = BatchBuilder(scrubber(config.scrubbing), self._grouper, samples, tally, user_key, resolver)
        self._own = {
            project.name: BatchBuilder(scrubber(project.scrubbing), self._grouper, samples, tally, user_key, resolver)
            for project in config.projects
            if project.scrubbing != config.scrubbing
        }

    def handle(self, endpoint: Endpoint, request: Request) -> Response:
        """Take one request; every outcome but a bug is an answer in the protocol's own form, and is counted."""
        started = time.perf_counter()
        tally = self._tally
        admission = Admission(self.keys, self._gate, request, endpoint.categories)
        limited = None
        try:
            submission = endpoint.decode(request, admission, self._limits)
            if self._is_limiting:
                if endpoint.resends:
                    admission.admit_whole(submission)
                else:
                    limited = self._limit(admission, submission)
            self._accept(submission, request.received)
            response = endpoint.answer(submission) if limited is None else endpoint.refusal(limited)
        except RecursionError:
            tally.add(names.INGEST_REJECTED, (endpoint.protocol, "too_deep"))
            response = endpoint.refusal(MalformedError("too_deep", "the body is nested too deeply"))
        except UnicodeError:
            tally.add(names.INGEST_REJECTED, (endpoint.protocol, "bad_text"))
            response = endpoint.refusal(MalformedError("bad_text", "the body is not valid UTF-8"))
        except RejectedError as exc:
            tally.add(names.INGEST_REJECTED, (endpoint.protocol, exc.reason))
            response = endpoint.refusal(exc)
        else:
            for item, quantity in submission.items.items():
                tally.add(names.INGEST_ITEMS, (endpoint.protocol, item), quantity)
            for reason, quantity in submission.rejected.items():
                tally.add(names.INGEST_REJECTED, (endpoint.protocol, reason), quantity)
            if submission.unkept_bytes:
                tally.add(names.INGEST_ATTACHMENT_BYTES, (endpoint.protocol,), submission.unkept_bytes)
        finally:
            if request.is_large:
                request.release()
            for labels, quantity in admission.dropped.items():
                tally.add(names.INGEST_DROPPED, labels, quantity)
        tally.add(names.INGEST_REQUESTS, (endpoint.protocol, str(response.status)))
        tally.observe(names.INGEST_DURATION, (endpoint.protocol,), time.perf_counter() - started)
        return response

    def _limit(self, admission: Admission, submission: Submission) -> OverloadedError | None:
        """Take out of a submission what its sender may not send now."""
        limited = admission.limit(submission)
        if limited is not None:
            submission.rejected[limited.reason] += sum(admission.dropped.values())
            submission.failures.append((0, str(limited)))
        return limited

    def _accept(self, submission: Submission, received: float) -> None:
        """Make a submission durable; a submission that changes nothing needs no record."""
        payloads = (
            self._keep_files_and_deploys(submission, received) if submission.uploads or submission.deploys else []
        )
        for part in (submission, *submission.others):
            if part.holds_anything():
                batch = self._own.get(part.project, self._common).batch(part, received)
                payloads.append((records.encoder.encode(batch), len(batch.events)))
        if not payloads:
            return
        try:
            if len(payloads) == 1:
                self._appender.append(*payloads[0], received)
            else:
                self._appender.append_all(payloads, received)
        except JournalFullError as exc:
            self._grouper.forget()
            limits = (Limited("", BACKLOG_RETRY_SECONDS, exc.reason),)
            raise OverloadedError(exc.reason, str(exc), limits=limits) from exc
        except JournalError as exc:
            self._grouper.forget()
            raise OverloadedError("journal", str(exc), status=503, retry_after_seconds=10) from exc

    def _keep_files_and_deploys(self, submission: Submission, received: float) -> list[tuple[bytes, int]]:
        """Keep the files that came, and make records of the deploys that were told of."""
        project, told = submission.project, list[records.ReleaseChange | records.DeployChange]()
        for upload in submission.uploads:
            self._keep(project, upload)
        for one in submission.deploys:
            if one.ref:
                told.append(records.ReleaseChange(project, one.release, received, one.by, ref=one.ref))
            told.append(
                records.DeployChange(
                    project, one.release, one.environment, received, finished=received, name=one.name, by=one.by
                )
            )
        return [(records.encoder.encode(one), 0) for one in told]

    def _keep(self, project: str, upload: SubmittedFiles) -> None:
        if self._uploads is None or not self._uploads.settings.key_uploads:
            raise NotServedError("no_key_uploads", "uploads by a project's key are turned off here", status=403)
        try:
            if not upload.replaces:
                self._uploads.check_new(upload.files, project, upload.release)
            self._uploads.take(upload.files, (project,), release=upload.release)
        except StoreError as exc:
            raise OverloadedError("store", str(exc), status=503, retry_after_seconds=10) from exc
