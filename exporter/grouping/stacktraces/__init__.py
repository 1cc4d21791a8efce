"""Stack traces as the runtimes print them: one file a runtime, one registry."""

from errtally.exporter.grouping.stacktraces.registry import parse

__all__ = ["parse"]
