"""A server behind TLS, whose certificate only the CA beside it has signed."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.server import HTTPServer

FOLDER = Path(__file__).parent / "data" / "tls"
CA = str(FOLDER / "ca.pem")


def wrap(server: HTTPServer) -> None:
    """Put a server behind TLS before it serves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
