"""One failure under a real client of each protocol, set up as its manual says; the client's own log goes to stderr.

Run as: sdk_app.py CLIENT URL PROJECT KEY
"""

# ruff: noqa: PLC0415 (each client is imported only where it runs)

from __future__ import annotations

import logging
import sys

RELEASE = "1.4.2"
ENVIRONMENT = "staging"


def look_up(order: int) -> float:
    prices: dict[int, float] = {}
    return prices[order]


def price(order: int) -> float:
    try:
        return look_up(order)
    except KeyError as exc:
        raise ValueError(f"could not price order {order}") from exc


def sentry(url: str, project: str, key: str) -> None:
    import sentry_sdk

    dsn = f"{url.replace('://', f'://{key}@')}/{project}"
    sentry_sdk.init(dsn, release=RELEASE, environment=ENVIRONMENT, auto_session_tracking=False)
    try:
        price(12345)
    except ValueError as exc:
        sentry_sdk.capture_exception(exc)
    sentry_sdk.flush(10)


def otlp(url: str, project: str, key: str) -> None:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind

    resource = Resource.create(
        {"service.name": project, "service.version": RELEASE, "deployment.environment.name": ENVIRONMENT}
    )
    headers = {"authorization": f"Bearer {key}"}
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces", headers=headers)))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs", headers=headers)))
    tracer = traces.get_tracer("shop")
    attributes = {"http.request.method": "GET", "http.route": "/orders/{id}", "http.response.status_code": 500}
    with (
        tracer.start_as_current_span("GET /orders/{id}", kind=SpanKind.SERVER, attributes=attributes) as outer,
        tracer.start_as_current_span("price") as inner,
    ):
        try:
            price(12345)
        except ValueError as exc:
            inner.record_exception(exc)
            outer.record_exception(exc)
            logs.get_logger("shop").emit(body="could not answer", exception=exc, severity_text="ERROR")
    traces.shutdown()
    logs.shutdown()


def rollbar(url: str, project: str, key: str) -> None:
    import rollbar as client

    assert project
    client.init(key, ENVIRONMENT, endpoint=f"{url}/api/1/", handler="blocking", code_version=RELEASE)
    try:
        price(12345)
    except ValueError:
        client.report_exc_info()


def honeybadger(url: str, project: str, key: str) -> None:
    from honeybadger import honeybadger as client

    assert project
    client.configure(api_key=key, environment=ENVIRONMENT, endpoint=url, force_report_data=True, force_sync=True)
    try:
        price(12345)
    except ValueError as exc:
        client.notify(exc)


def bugsnag(url: str, project: str, key: str) -> None:
    import bugsnag as client

    assert project
    client.configure(
        api_key=key, endpoint=url, session_endpoint=f"{url}/sessions", asynchronous=False, app_version=RELEASE,
        release_stage=ENVIRONMENT, auto_capture_sessions=False,
    )  # fmt: skip
    client.start_session()
    try:
        price(12345)
    except ValueError as exc:
        client.notify(exc, severity="error", user={"id": "u-7"})


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    {run.__name__: run for run in (sentry, otlp, rollbar, honeybadger, bugsnag)}[sys.argv[1]](*sys.argv[2:])
