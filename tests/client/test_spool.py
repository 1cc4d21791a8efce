"""The spool: what could not be sent outlives the process."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.client.starting import init

import errtally

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.receiver import Receiver


def _not_reported(tracker) -> Counter[tuple[str, str]]:
    """What the exporter has not been told: of the report that was posted in vain, and what came since."""
    report = tracker._reports.next()
    return Counter(report.discards if report else {}) + Counter(tracker.discards.take())


def test_the_spool_outlives_the_process_and_keeps_the_order(receiver: Receiver, tmp_path: Path) -> None:
    errtally.init("http://127.0.0.1:9", hooks=False, spool_dir=str(tmp_path / "spool"))
    for number in range(25):
        errtally.capture_message(f"message {number}")
    errtally.close()
    # As many files as batches, however many there were when the first one was refused.
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "spool").iterdir()} == {"0o600"}
    init(receiver, spool_dir=str(tmp_path / "spool"))
    errtally.capture_message("message 25")
    errtally.flush(10)
    assert [event["message"] for event in receiver.events()] == [f"message {number}" for number in range(26)]
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_an_earlier_process_left_is_sent_without_a_new_error(receiver: Receiver, tmp_path: Path) -> None:
    errtally.init("http://127.0.0.1:9", hooks=False, spool_dir=str(tmp_path))
    errtally.capture_message("left")
    errtally.close()
    init(receiver, spool_dir=str(tmp_path), flush_seconds=0.05)
    receiver.wait_for(lambda: len(receiver.events()) == 1)


def test_a_server_that_hangs_at_the_end_does_not_cost_what_the_spool_holds(receiver: Receiver, tmp_path: Path) -> None:
    receiver.delay_seconds = 3
    init(receiver, spool_dir=str(tmp_path), shutdown_seconds=0.3, timeout_seconds=1)
    for number in range(35):
        errtally.capture_message(f"message {number}")
    errtally.close()
    receiver.delay_seconds = 0
    init(receiver, spool_dir=str(tmp_path))
    assert errtally.flush(10)
    assert {event["message"] for event in receiver.events()} == {f"message {number}" for number in range(35)}


def test_a_full_spool_drops_the_oldest_and_counts(tmp_path: Path) -> None:
    errtally.init("http://127.0.0.1:9", hooks=False, spool_dir=str(tmp_path), spool_bytes=5000)
    for number in range(100):
        errtally.capture_message(f"message {number}")
    tracker = errtally.client.current.tracker()
    errtally.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    left = sum(path.read_bytes().count(b"\n") + 1 for path in tmp_path.iterdir())
    assert _not_reported(tracker) == {("spool_overflow", "error"): 100 - left}


def test_a_spool_that_can_not_be_written_counts_what_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    tracker = errtally.init("http://127.0.0.1:9", hooks=False, spool_dir=str(folder))
    folder.rmdir()
    for number in range(15):
        errtally.capture_message(f"message {number}")
    errtally.close()
    assert _not_reported(tracker) == {("spool_error", "error"): 15}
