"""JSON-RPC 2.0 as the Model Context Protocol uses it, one message in, at most one out. Pure.

No session and no stream: each request stands for itself, which the protocol allows a server, and all clients take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602


class RpcError(Exception):
    """A request can't be answered; ``code`` as JSON-RPC has it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(  # noqa: PLR0911 (one for each way in which a message is none)
    message: object, methods: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]
) -> dict[str, Any] | None:
    """Answer one message.

    Args:
        message: what was sent, parsed.
        methods: name to what is to be done with ``params``; it may raise `RpcError`.

    Returns:
        The response, None for what asks for none: notifications, and responses to what was never asked.
    """
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return failed(None, INVALID_REQUEST, "the message is no JSON-RPC 2.0 object")
    number, method = message.get("id"), message.get("method")
    if method is None and ("result" in message or "error" in message):
        return None
    if not isinstance(method, str):
        return failed(None, INVALID_REQUEST, "method is a text")
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, (str, int, float)):
        return failed(None, INVALID_REQUEST, "id is a text or a number")
    params = message.get("params", {})
    if not isinstance(params, dict):
        return failed(number, INVALID_PARAMS, "params is an object")
    if method not in methods:
        return failed(number, UNKNOWN_METHOD, f"there is no method {method[:80]!r}")
    try:
        return {"jsonrpc": "2.0", "id": number, "result": methods[method](params)}
    except RpcError as exc:
        return failed(number, exc.code, str(exc))


def failed(number: object, code: int, message: str) -> dict[str, Any]:
    """Return an error."""
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def version(asked: object) -> str:
    """Return the version of the protocol to speak: the client's, if it is known, else the newest."""
    return asked if isinstance(asked, str) and asked in VERSIONS else VERSIONS[0]
