"""Structured logging on the standard library's logging: JSON lines, files, Elasticsearch, Loki."""
