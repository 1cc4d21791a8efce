"""Grouping: a versioned pure function from a scrubbed event to its fingerprint."""

from errtally.exporter.grouping.fingerprint import VERSION, fingerprint
from errtally.exporter.grouping.model import Grouping

__all__ = ["VERSION", "Grouping", "fingerprint"]
