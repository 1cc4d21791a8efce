"""Distinct users: exact while there are few, a HyperLogLog sketch beyond. Users are keyed 64-bit hashes, never names.

A set that was stored is its sketch, if it has one, and the users added since. So storing a user costs one small row,
and a set of millions takes 16 KB and at most a thousand rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

EXACT_USERS = 1000
"""Users that a set holds one by one. Most never have more, and then the sketches' library is not even loaded."""

SKETCH_LG_REGISTERS = 15
"""2^15 registers: a standard error of 0.57 %, so that 2 % are out of reach; 16 KB."""

SKETCH_BYTES = 16_500
_MEMBER_BYTES = 96  # an int of 64 bits and its place in a set

SLOT_SECONDS = 300
"""Slots that windows are made of are this long for windows up to an hour, and an hour for longer ones."""

SPANS_SECONDS = {window: SLOT_SECONDS if seconds <= 3600 else 3600 for window, seconds in names.USER_WINDOWS.items()}  # noqa: PLR2004 (an hour)
"""Window of ``users_affected`` to the length of its slots. A window reaches back up to one slot more than it says."""


def slot(at: float) -> int:
    """Return the number of the slot that a time is in, in seconds since the epoch."""
    return int(at // SLOT_SECONDS)


class UserSet:
    """A set of users that can be added to, counted and merged.

    Args:
        sketch: serialised sketch of those that are held no more one by one.
        users: those that are.

    Attributes:
        sketch: the sketch, None while all users are held one by one; everybody is in it.
        users: those held one by one.
    """

    __slots__ = ("sketch", "users")

    def __init__(self, sketch: bytes | None = None, users: Iterable[int] = ()) -> None:
        self.users: set[int] = set(users)
        self.sketch: Any = None  # an hll_sketch; the library has no types
        if sketch is not None:
            self.sketch = _library().hll_sketch.deserialize(sketch)
            for user in self.users:
                self.sketch.update(user)

    def add(self, users: AbstractSet[int]) -> list[int]:
        """Add users.

        Returns:
            Those that changed the set; the others need not be stored. In ascending order.
        """
        fresh = sorted(users - self.users)
        sketch = self.sketch
        if sketch is not None:
            changed = []
            before = sketch.get_estimate()
            for user in fresh:
                sketch.update(user)
                after = sketch.get_estimate()
                if after != before:
                    changed.append(user)
                    before = after
            fresh = changed
        self.users.update(fresh)
        return fresh

    def absorb(self, users: AbstractSet[int]) -> None:
        """Add users to a set that is not stored."""
        if self.sketch is None:
            self.users |= users
            self.condense()
        else:
            for user in users:
                self.sketch.update(user)

    def condense(self) -> bytes | None:
        """Put users that are held one by one into the sketch when they have become many.

        Returns:
            The sketch to store in their place, None when they may stay.
        """
        if len(self.users) <= EXACT_USERS:
            return None
        if self.sketch is None:
            self.sketch = _new_sketch()
            for user in sorted(self.users):
                self.sketch.update(user)
        self.users = set()
        sketch: bytes = self.sketch.serialize_compact()
        return sketch

    def count(self) -> int:
        """Return the number of users, estimated when there is a sketch."""
        return len(self.users) if self.sketch is None else round(self.sketch.get_estimate())

    @property
    def memory_bytes(self) -> int:
        """About what the set takes."""
        return 200 + _MEMBER_BYTES * len(self.users) + (SKETCH_BYTES if self.sketch is not None else 0)

    @classmethod
    def union(cls, sets: Iterable[UserSet]) -> UserSet:
        """Return a new set of everyone who is in at least one of some sets."""
        made, merging = cls(), None
        for each in sets:
            if each.sketch is None:
                made.users |= each.users
            else:
                if merging is None:
                    merging = _library().hll_union(SKETCH_LG_REGISTERS)
                merging.update(each.sketch)
        if merging is not None:
            made.sketch = merging.get_result(_library().tgt_hll_type.HLL_4)
            for user in sorted(made.users):
                made.sketch.update(user)
            made.users = set()
        made.condense()
        return made


def _new_sketch() -> Any:  # noqa: ANN401 (the library has no types)
    library = _library()
    return library.hll_sketch(SKETCH_LG_REGISTERS, library.tgt_hll_type.HLL_4)


def _library() -> Any:  # noqa: ANN401 (the library has no types)
    """Load the library when it is needed: it takes 18 MB, most of them numpy's."""
    import datasketches  # noqa: PLC0415

    return datasketches
