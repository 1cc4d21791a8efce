"""Changes to a protobuf message that keep it one: bytes changed at random hardly ever get behind its parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

if TYPE_CHECKING:
    import random

MAX_DEPTH = 12
TEXTS = (
    "", "\0", "\ud7ff", "é" * 300, "exception", "x.exception", "exception.type", "exception.message", "http.route",
    "exception.stacktrace", "service.name", "service.version", "http.request.method", "http.response.status_code",
    "code.function.name", "code.lineno", "{OriginalFormat}", "ERROR", "password=hunter2", "null", "NaN", "-1",
    'Traceback (most recent call last):\n  File "a.py", line 1, in f\nE: x', "E: x\n    at f (a.js:1:2)",
    "9" * 400, "panic: x\n\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/a.go:1 +0x1",
    "java.lang.E: x\n\tat a.B.c(B.java:1)",
)  # fmt: skip
NUMBERS = (0, 1, 2, 5, 17, 24, 25, 127, 1_795_500_000_000_000_000, 2**31 - 1, 2**32 - 1, 2**53, 2**63 - 1, 2**64 - 1,
           -1, -(2**31), -(2**63))  # fmt: skip
DOUBLES = (0.0, -0.0, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 5e-324, 1.5)


def mutated(body: bytes, kind: type[Message], choice: random.Random) -> bytes | None:
    """Change one to four fields of a message; None when the bytes are not one."""
    message = kind()
    try:
        message.ParseFromString(body)
    except DecodeError:
        return None
    for _ in range(choice.randint(1, 4)):
        _change(message, choice, 0)
    return message.SerializeToString()


def _change(message: Message, choice: random.Random, depth: int) -> None:
    """Walk down to some field and set, clear, repeat or swap what it has."""
    fields = list(message.DESCRIPTOR.fields)
    # What is set leads further down than what is not.
    present = [field for field, _ in message.ListFields()]
    field = choice.choice(present if present and choice.random() < 0.8 else fields)
    value: Any = getattr(message, field.name)
    if field.is_repeated:
        _change_list(value, field, choice, depth)
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        if choice.random() < 0.1 or depth > MAX_DEPTH:
            message.ClearField(field.name)
        else:
            value.SetInParent()
            _change(value, choice, depth + 1)
    else:
        setattr(message, field.name, _scalar(field, choice))


def _change_list(items: Any, field: FieldDescriptor, choice: random.Random, depth: int) -> None:
    is_message = field.type == FieldDescriptor.TYPE_MESSAGE
    act = choice.random()
    if items and act < 0.1:
        del items[choice.randrange(len(items))]
    elif not items or act < 0.25:
        if not is_message:
            items.append(_scalar(field, choice))
        elif items and choice.random() < 0.7:
            items.add().CopyFrom(choice.choice(items))
        elif depth <= MAX_DEPTH:
            _change(items.add(), choice, depth + 1)
    elif is_message:
        _change(choice.choice(items), choice, depth + 1)
    else:
        items[choice.randrange(len(items))] = _scalar(field, choice)


def _scalar(field: FieldDescriptor, choice: random.Random) -> Any:
    kinds = FieldDescriptor
    if field.cpp_type == kinds.CPPTYPE_STRING:
        if field.type == kinds.TYPE_BYTES:
            return choice.randbytes(choice.choice((0, 1, 8, 16, 17)))
        return choice.choice(TEXTS)
    if field.cpp_type in {kinds.CPPTYPE_DOUBLE, kinds.CPPTYPE_FLOAT}:
        return choice.choice(DOUBLES)
    if field.cpp_type == kinds.CPPTYPE_BOOL:
        return choice.random() < 0.5
    bits = 32 if field.cpp_type in {kinds.CPPTYPE_INT32, kinds.CPPTYPE_UINT32, kinds.CPPTYPE_ENUM} else 64
    number = choice.choice(NUMBERS) % 2**bits
    is_signed = field.cpp_type in {kinds.CPPTYPE_INT32, kinds.CPPTYPE_INT64, kinds.CPPTYPE_ENUM}
    return number - 2**bits if is_signed and number >= 2 ** (bits - 1) else number
