"""Generators of the configuration of Alertmanager."""
