"""How values go to PostgreSQL and come back, so that the store sees what SQLite would give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.adapt import Loader
from psycopg.types.numeric import IntDumper
from psycopg.types.string import StrDumper

from errtally.exporter.store.postgres import arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg import Connection, Cursor
    from psycopg.abc import Buffer


class Text(StrDumper):
    """A text. PostgreSQL holds no NUL: one is kept, and looked for, as U+FFFD."""

    def dump(self, obj: str) -> Buffer | None:
        """Return its bytes."""
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in obj else obj)


class Truth(IntDumper):
    """A truth value as 1 or 0: the schema has no type of its own for them."""

    def dump(self, obj: Any) -> Buffer | None:  # noqa: ANN401 (the base class says int)
        """Return its bytes."""
        return super().dump(int(obj))

    def upgrade(self, obj: Any, format: Any) -> Any:  # noqa: A002, ANN401 (the base class has these names)
        """Return the dumper of the number."""
        return super().upgrade(int(obj), format)

    def get_key(self, obj: Any, format: Any) -> Any:  # noqa: A002, ANN401 (the base class has these names)
        """Return by what the dumper is remembered."""
        return (type(self), super().get_key(int(obj), format))


class Number(Loader):
    """A sum of whole numbers, which PostgreSQL makes a decimal."""

    def load(self, data: Buffer) -> int | float:
        """Return a whole number where it is one."""
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


class NamedRow(tuple[Any, ...]):
    """One row, by position and by name, as `sqlite3.Row`."""

    __slots__ = ()
    _places: dict[str, int]

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 (a column's value)
        """Return a column's value."""
        return super().__getitem__(self._places[key] if isinstance(key, str) else key)

    def keys(self) -> Iterable[str]:
        """Return the names of columns, in order."""
        return self._places


def named_rows(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], NamedRow]:
    """Make rows of what a cursor finds, as psycopg's row factories do."""
    description = cursor.description or ()
    places = {column.name: place for place, column in enumerate(description)}
    return type("Row", (NamedRow,), {"__slots__": (), "_places": places})


def adapt(connection: Connection[Any]) -> None:
    """Register how values go and come."""
    connection.adapters.register_dumper(str, Text)
    connection.adapters.register_dumper(bool, Truth)
    connection.adapters.register_loader("numeric", Number)
    arrays.adapt(connection)
