"""Stack traces, and what is read of them, in short."""

from errtally.exporter.grouping.stacktraces import parse


def read(text, platform=None):
    """Exceptions as (type, value, [(function, module, filename, lineno), ... newest first])."""
    return [
        (e.type, e.value, [(f.function, f.module, f.filename, f.lineno) for f in reversed(e.frames)])
        for e in parse(text, platform)
    ]
