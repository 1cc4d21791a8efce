"""OTLP over HTTP (opentelemetry.io, "OTLP Specification 1.9"): logs, traces and metrics of OpenTelemetry SDKs."""
