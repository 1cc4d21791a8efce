"""Coverage-guided fuzzing of the ingest path: whatever the bytes, an answer that is no failure of the server.

Run as: decoders.py envelope|otlp|others [libFuzzer options] [corpus folders]. The last byte of an input chooses the
route.
"""

from __future__ import annotations

import random
import sys
import time
from http import HTTPStatus
from io import BytesIO

import atheris
from tests.fuzz import seeds
from tests.fuzz.otlp_mutations import mutated
from tests.fuzz.seeds import SIGNALS

with atheris.instrument_imports(
    include=["errtally.exporter.protocols", "errtally.exporter.grouping", "errtally.exporter.ingest"]
):
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.ingest.pipeline import Pipeline
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.ingest.tally import Tally
    from errtally.exporter.protocols import registry

LIMIT_BYTES = 1 << 20


class Nowhere:
    """An appender that keeps nothing."""

    def refusal(self) -> None:
        """Take everything."""

    def append(self, *_: object) -> None:
        """Drop one record."""

    def append_all(self, *_: object) -> None:
        """Drop several records."""


def main() -> None:
    """Fuzz one target until libFuzzer stops; an exception, or an answer of 500 and more but 501, is a finding."""
    routes = seeds.routes(sys.argv.pop(1))
    tally = Tally()
    pipeline = Pipeline(ExporterConfig(), appender=Nowhere(), tally=tally, user_key=b"k" * 32)

    def one(sent: bytes) -> None:
        if not sent:
            return
        method, path, media_type, query = routes[sent[-1] % len(routes)]
        found = registry.find(path, method, media_type)
        assert found is not None
        body = sent[:-1]
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": media_type,
            "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "192.0.2.7", "wsgi.input": BytesIO(body),
        }  # fmt: skip
        request = Request(
            environ, received=time.time(), route=found[1], body_limit_bytes=LIMIT_BYTES,
            decompressed_limit_bytes=LIMIT_BYTES,
        )  # fmt: skip
        answer = pipeline.handle(found[0], request)
        assert answer.status < 500 or answer.status == HTTPStatus.NOT_IMPLEMENTED, answer.body
        tally.take()

    def mutate(sent: bytes, max_size: int, seed: int) -> bytes:
        _, path, media_type, _ = routes[sent[-1] % len(routes)] if sent else ("", "", "", "")
        choice = random.Random(seed)
        if media_type.endswith("protobuf") and choice.random() < 0.8:
            made = mutated(sent[:-1], SIGNALS[path], choice)
            if made is not None and len(made) < max_size:
                return made + sent[-1:]
        changed: bytes = atheris.Mutate(sent, max_size)
        return changed

    atheris.Setup(sys.argv, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
