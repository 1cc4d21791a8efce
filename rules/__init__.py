"""Generators of Prometheus recording and alerting rules."""
