"""Grouping: a versioned pure function from a scrubbed event to its fingerprint, and merges beside it."""

from errtally.exporter.grouping.fingerprint import VERSION, fingerprint
from errtally.exporter.grouping.model import Grouping
from errtally.exporter.grouping.versions import identify

__all__ = ["VERSION", "Grouping", "fingerprint", "identify"]
