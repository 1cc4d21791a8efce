"""Coverage-guided fuzzing of the decoders: whatever the bytes, a delivery that can be grouped, or a refusal.

Run as: decoders.py envelope|otlp [libFuzzer options] [corpus folders]
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["errtally.exporter.protocols", "errtally.exporter.grouping"]):
    from tests.exporter.protocols.sending import deliver

    from errtally.errors import RejectedError
    from errtally.exporter.grouping import fingerprint

TARGETS = {
    "envelope": [("/api/1/envelope/", {}), ("/api/1/store/", {})],
    "otlp": [
        (path, {"Content-Type": content_type})
        for path in ("/v1/logs", "/v1/traces", "/v1/metrics")
        for content_type in ("application/x-protobuf", "application/json")
    ],
}


def main() -> None:
    """Fuzz one target until libFuzzer stops; any exception but a refusal is a finding."""
    requests = TARGETS[sys.argv.pop(1)]

    def one(sent: bytes) -> None:
        if not sent:
            return
        # The last byte chooses the route, so that files of the corpus stay what they are.
        path, headers = requests[sent[-1] % len(requests)]
        try:
            delivery = deliver(path, sent, headers, query="sentry_key=k")
        except RejectedError:
            return
        for item in delivery.events:
            fingerprint(item.event)
            item.details()

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
