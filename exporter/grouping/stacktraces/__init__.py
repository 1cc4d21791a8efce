"""Stack traces as the runtimes print them: one file a runtime, one registry."""

from .registry import parse

__all__ = ["parse"]
