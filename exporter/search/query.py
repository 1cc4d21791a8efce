"""The query language of the issues list: text in, terms out. Every term has to match.

"card declined" level:[error, fatal] release:shop@1.4* users:>10 first_seen:<2d -is:ignored tag.browser:Safari

The keys of Sentry's search mean what they mean there (see `sentry_keys`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from errtally import names
from errtally.errors import ErrtallyError
from errtally.exporter.search import people, sentry_keys, short_ids, values
from errtally.exporter.search.conditions import (
    STATES,
    TEXTS,
    AnyOf,
    Condition,
    Field,
    Fixed,
    Has,
    Identity,
    LatestRelease,
    Moment,
    Number,
    Person,
    ReleaseOrder,
    State,
    Tag,
    Term,
    Wording,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LENGTH = 1000
MAX_TERMS = 30
MAX_WILDCARDS = 10
"""In one term."""

_NUMBERS = ("events", "users")
_MOMENTS = ("first_seen", "last_seen")
FIELDS = ("is", "has", *TEXTS, *_NUMBERS, *_MOMENTS, "user", "issue")
"""Keys with a meaning of their own; every other key is a tag."""

_OPERATORS = (">=", "<=", ">", "<", "=")
_ORDERED = ("release", "first_release")
_NOT_NEGATED = ("", "-", "!", "=", ">")
_ESCAPED = '\\"*'
"""Characters that a backslash makes literal; before any other it is one itself, as in a path of Windows."""

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_MAX_DIGITS = 15
_CONNECTIVES = frozenset({"AND", "OR", "NOT"})


class QueryError(ErrtallyError):
    """A query can't be read.

    Attributes:
        position: where, in characters from 0; the length of the query when something is missing at its end.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

    @property
    def place(self) -> str:
        """The message with its place, as the API tells it."""
        return f"{self} at character {self.position + 1}"


def parse(text: str, now: float, me: str = "me") -> tuple[Term, ...]:
    """Read a query.

    Args:
        text: the query.
        now: seconds since the epoch, from which ages count.
        me: the name of who asks, which ``assigned:me`` stands for.

    Returns:
        Terms that all have to match; none for an empty query.

    Raises:
        QueryError: it can't be read; it says what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"a query has at most {MAX_LENGTH} characters", MAX_LENGTH)
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise QueryError("no text has this character", position)
    return tuple(_Reader(text, now, me).terms())


class _Reader:
    """Goes through a query once, from left to right."""

    def __init__(self, text: str, now: float, me: str) -> None:
        self._text = text
        self._now = now
        self._me = me
        self._at = 0

    def terms(self) -> list[Term]:
        found: list[Term] = []
        while self._skip_spaces():
            if len(found) == MAX_TERMS:
                raise QueryError(f"a query has at most {MAX_TERMS} terms", self._at)
            found.append(self._term())
        return found

    def _term(self) -> Term:
        start = self._at
        # A pasted title has dashes and arrows of its own, which negate nothing.
        is_negated = self._text[start] in "-!" and self._text[start + 1 : start + 2] not in _NOT_NEGATED
        is_negated = is_negated and not self._text[start + 1].isspace()
        self._at += is_negated
        if self._peek() == '"':
            return Term(Words(Wording((self._quoted(),))), is_negated)
        key_at = self._at
        key = self._key()
        if key is None:
            return Term(Words(self._wording(Words, key_at)), is_negated)
        if self._at == len(self._text) or self._text[self._at].isspace():
            if not _is_own(key):  # a pasted title: "KeyError: 'sku'"
                return Term(Words(Wording((f"{key}:",))), is_negated)
            raise QueryError(
                f"a value has to follow {self._text[key_at : self._at]!r} (quote a text with a colon)", key_at
            )
        return Term(self._condition(key, key_at), is_negated)

    def _key(self) -> str | None:
        """Read up to behind the colon; None when this is no ``KEY:VALUE``, and nothing is read."""
        start = self._at
        if self._text.startswith('tag."', start):
            self._at += 4
            name = self._quoted(is_tag=True)
            if self._peek() != ":":
                raise QueryError("a colon and a value have to follow the tag's name", self._at)
            self._at += 1
            return "tag." + name
        if self._text[start : start + 5].lower() == "tags[" and (end := self._text.find("]:", start)) > start + 5:
            self._at = end + 2
            return "tag." + self._text[start + 5 : end]
        at = start
        while at < len(self._text) and not self._text[at].isspace() and self._text[at] not in '":*\\':
            at += 1
        is_key = start < at < len(self._text) and self._text[at] == ":" and not self._text.startswith(("://", "::"), at)
        if not is_key:
            return None
        self._at = at + 1
        return self._text[start:at]

    def _condition(self, key: str, key_at: int) -> Condition:  # noqa: PLR0911 (one for each kind of key)
        if self._peek() == "[" and (end := values.list_end(self._text, self._at)):
            return self._any_of(key, end)
        value_at = self._at
        if key.startswith("tag."):
            if key == "tag.":
                raise QueryError("a tag's name has to follow 'tag.'", key_at)
            return Tag(key.removeprefix("tag."), self._wording(Tag, value_at), is_sure=True)
        name = sentry_keys.OWN_KEYS.get(key.lower(), key.lower())
        if (reason := sentry_keys.refusal(name)) is not None:
            raise QueryError(f"{key}: {reason}", key_at)
        if name in people.KEYS:
            return self._person(name, value_at)
        if (read := self._READERS.get(name)) is not None:
            return read(self, name)
        if name == "level":
            return Field("level", Wording((self._choice("level", names.LEVELS),)))
        if name == "release" and self._text[value_at:].split(None, 1)[0].lower() == "latest":
            self._bare()
            return LatestRelease()
        if name in _ORDERED and self._text[value_at] in "<>":
            return self._ordered(name)
        if name == "assignee":
            return self._assignee(value_at)
        if name in TEXTS:
            return Field(name, self._wording(Field, value_at))
        return self._of_sentry(key, value_at)

    def _of_sentry(self, key: str, value_at: int) -> Condition:
        """Read the value of a key that errtally has not: one of Sentry's, or a tag's name."""
        name = key.lower()
        if name in {"issue", "issue.id"}:
            return self._identity(name)
        if name in sentry_keys.WORD_KEYS:
            return Words(self._wording(Field, value_at))
        if name in sentry_keys.CULPRIT_KEYS:
            return Field("culprit", Wording(("", *self._wording(Field, value_at).parts, "")))
        start = self._at
        fixed = sentry_keys.fixed(name, self._bare())
        if fixed is not None:
            return fixed
        self._at = start
        return Tag(key, self._wording(Tag, value_at))

    def _any_of(self, key: str, end: int) -> Condition:
        """Read ``[one, "another one"]``: any of the values."""
        at, conditions = self._at + 1, list[Condition]()
        self._at = end + 1
        if self._at < len(self._text) and not self._text[self._at].isspace():
            raise QueryError("a space has to follow a list of values", self._at)
        for value_at, value in values.in_list(self._text, at, end):
            if not value:
                raise QueryError(f"{key}: a value is missing in the list", value_at)
            if value.startswith("["):
                raise QueryError(f"{key}: a list can't stand within a list", value_at)
            prefix = f"{key}:" if not key.startswith("tag.") else f'tag."{values.escaped(key.removeprefix("tag."))}":'
            try:
                terms = tuple(_Reader(prefix + value, self._now, self._me).terms())
            except QueryError as exc:
                raise QueryError(str(exc), value_at) from exc
            if len(terms) != 1:
                raise QueryError(f"{key}: quote a value with a space", value_at)
            conditions.append(terms[0].condition)
        if len(conditions) > MAX_TERMS:
            raise QueryError(f"{key}: a list has at most {MAX_TERMS} values", at)
        return AnyOf(tuple(conditions))

    def _state(self, _: str) -> Condition:
        at = self._at
        value = self._bare().lower()
        self._at = at
        if value in sentry_keys.FIXED_STATES:
            self._bare()
            return Fixed(sentry_keys.FIXED_STATES[value])
        if value in sentry_keys.STATES:
            self._bare()
            return State(sentry_keys.STATES[value])
        return State(self._choice("is", STATES))

    def _ordered(self, name: str) -> ReleaseOrder:
        at = self._at
        operator, release = self._compared()
        if not release:
            raise QueryError(f"{name}: is compared with a release, as in {name}:>=1.4", at)
        return ReleaseOrder(name, operator, release)

    def _person(self, key: str, value_at: int) -> Person:
        parts = self._wording(Person, value_at).parts
        if len(parts) > 1 or not parts[0]:
            raise QueryError(f"{key}: {people.NO_WILDCARDS}", value_at)
        return people.person(key, parts[0])

    def _assignee(self, value_at: int) -> Condition:
        wording = self._wording(Field, value_at)
        if self._text[value_at] != '"' and wording.parts in {("none",), ("me",)}:
            return Field("assignee", Wording(("" if wording.parts == ("none",) else self._me,)))
        return Field("assignee", wording)

    def _has(self, _: str) -> Condition:
        at = self._at
        name = self._bare()
        if not name:
            raise QueryError("has: takes the name of a tag", at)
        return Number("users", ">", 0) if name.lower() == "user" else Has(name)

    def _identity(self, key: str) -> Identity:
        at = self._at
        value = self._bare()
        if (number := short_ids.number(value)) is not None:
            return Identity(number)
        found = short_ids.decode(value)
        if found is None:
            raise QueryError(f"{key}: takes a number or a short id, as in {key}:SHOP-1A", at)
        return Identity(found[1])

    def _choice(self, key: str, choices: tuple[str, ...]) -> str:
        at = self._at
        value = self._bare().lower()
        if value not in choices:
            raise QueryError(f"{key}: is one of {', '.join(choices)}", at)
        return value

    def _number(self, name: str) -> Number:
        at = self._at
        operator, value = self._compared()
        if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS):
            raise QueryError(f"{name}: is compared with a whole number, as in {name}:>10", at)
        return Number(name, operator, int(value))

    def _moment(self, name: str) -> Moment:
        at = self._at
        operator, value = self._compared()
        sign = value[:1] if value[:1] in {"+", "-"} else ""
        number, unit = value[len(sign) : -1], value[-1:]
        if unit in _AGES and number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS:
            moment = self._now - int(number) * _AGES[unit]
            if sign and operator == "=":  # Sentry's form: -24h is younger, +24h older
                operator = "<" if sign == "-" else ">"
            if operator in {"<", "<="}:
                return Moment(name, moment, None)
            if operator in {">", ">="}:
                return Moment(name, None, moment)
            raise QueryError(f"an age has to be compared, as in {name}:<2d", at)
        begins, ends = values.day(value)
        if begins is None or ends is None:
            raise QueryError(f"{name}: is compared with an age or a date, as in {name}:<2d or {name}:>2026-01-31", at)
        return {
            "<": Moment(name, None, begins),
            "<=": Moment(name, None, ends),
            ">": Moment(name, ends, None),
            ">=": Moment(name, begins, None),
            "=": Moment(name, begins, ends),
        }[operator]

    def _compared(self) -> tuple[str, str]:
        operator = next((sign for sign in _OPERATORS if self._text.startswith(sign, self._at)), "")
        self._at += len(operator)
        return operator or "=", self._bare()

    def _bare(self) -> str:
        """Read a value that holds neither spaces nor wildcards; quotes around it are no part of it."""
        if self._peek() == '"':
            return self._quoted()
        start = self._at
        while self._at < len(self._text) and not self._text[self._at].isspace():
            self._at += 1
        return self._text[start : self._at]

    def _wording(self, what: Callable[..., Condition], start: int) -> Wording:
        if self._peek() == '"':
            return Wording((self._quoted(),))
        parts = [""]
        while self._at < len(self._text) and not (character := self._text[self._at]).isspace():
            self._at += 1
            if character == "*":
                if parts[-1] or len(parts) == 1:  # ** is *
                    parts.append("")
                continue
            if character == '"' and what is not Words:
                raise QueryError('a quote in the middle of a word; write \\" for the character', self._at - 1)
            if character == "\\" and self._peek() and self._peek() in _ESCAPED:
                character = self._text[self._at]
                self._at += 1
            parts[-1] += character
        if len(parts) > MAX_WILDCARDS + 1:
            raise QueryError(f"a term has at most {MAX_WILDCARDS} wildcards", start)
        if what is Words and self._text[start : self._at] in _CONNECTIVES:
            word = self._text[start : self._at]
            raise QueryError(
                f"there is no {word}: every term has to match, - before one negates it (quote the word)", start
            )
        return Wording(tuple(parts))

    def _quoted(self, *, is_tag: bool = False) -> str:
        """Read a quoted text, in which a backslash stands before quotes and backslashes that belong to it."""
        start = self._at
        self._at += 1
        found = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == '"':
                if not is_tag and self._at < len(self._text) and not self._text[self._at].isspace():
                    raise QueryError("a space has to follow a quoted text", self._at)
                if not found:
                    raise QueryError("nothing stands between the quotes", start)
                return found
            if character == "\\" and self._peek() and self._peek() in _ESCAPED:
                character = self._text[self._at]
                self._at += 1
            found += character
        raise QueryError("the quote is not closed", start)

    _READERS: ClassVar[dict[str, Callable[[_Reader, str], Condition]]] = {
        "is": _state, "has": _has, **dict.fromkeys(_NUMBERS, _number), **dict.fromkeys(_MOMENTS, _moment),
    }  # fmt: skip
    """Keys whose values have a form of their own."""

    def _skip_spaces(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _is_own(key: str) -> bool:
    """Whether a key means something, whatever tags there are."""
    name = sentry_keys.OWN_KEYS.get(key.lower(), key.lower())
    return key.startswith("tag.") or name in FIELDS or name in people.KEYS or sentry_keys.is_known(name)
