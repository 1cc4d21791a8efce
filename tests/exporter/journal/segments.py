"""Segments, as tests read them."""

from __future__ import annotations

from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import SUFFIX


def read(reader, max_events=10**9):
    return [item.payload for item in reader.read(max_events)]


def segments(folder):
    return sorted(path.name for path in folder.glob(f"*{SUFFIX}"))


def abandon(folder, content, name="00000000000000000001-dead-000000"):
    """Leave a segment as a writer that died leaves it: nobody holds its lock."""
    path = folder / f"{name}{SUFFIX}"
    path.write_bytes(content)
    return path


NOW = 1_795_500_000.0


def whole(*payloads, events=1):
    return b"".join(frame.encode(payload, events, NOW) for payload in payloads)
