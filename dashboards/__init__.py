"""Generators of Grafana dashboards."""
