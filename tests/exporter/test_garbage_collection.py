"""The collector of cycles spares what a process keeps for good, and still frees what is in cycles."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_is_there_is_not_searched_again() -> None:
    shown = _run("""
        import gc
        from errtally.exporter import garbage_collection
        kept = [[n] for n in range(10_000)]
        garbage_collection.freeze()
        print(gc.get_freeze_count() >= 10_000, gc.get_threshold()[0] == garbage_collection.YOUNG_OBJECTS)
    """)
    assert shown == "True True"


def test_cycles_made_later_are_still_freed() -> None:
    shown = _run("""
        import weakref
        from errtally.exporter import garbage_collection
        class Node: pass
        garbage_collection.freeze()
        def cycle():
            node = Node()
            node.itself = node
            return weakref.ref(node)
        first = cycle()
        made = [cycle() for _ in range(2 * garbage_collection.YOUNG_OBJECTS)]
        print(first() is None)
    """)
    assert shown == "True"
