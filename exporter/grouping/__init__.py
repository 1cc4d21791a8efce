"""Grouping: a versioned pure function from a scrubbed event to its fingerprint."""

from .fingerprint import VERSION, fingerprint
from .model import Grouping

__all__ = ["VERSION", "Grouping", "fingerprint"]
