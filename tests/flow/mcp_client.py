"""A client of the Model Context Protocol's Python SDK, version 1 or 2; prints what it was answered as JSON.

Called with an address and a token, or with a command that serves over standard input and output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import Any

import httpx
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

try:
    from mcp.client.streamable_http import streamablehttp_client
except ImportError:
    streamablehttp_client = None
    from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def connection(arguments: list[str]) -> Any:
    if not arguments[0].startswith("http"):
        async with stdio_client(StdioServerParameters(command=arguments[0], args=arguments[1:])) as (read, write):
            yield read, write
        return
    url, token = arguments
    headers = {"Authorization": f"Bearer {token}"}
    if streamablehttp_client is None:  # version 2
        async with (
            httpx.AsyncClient(headers=headers) as http,
            streamable_http_client(url, http_client=http) as streams,
        ):
            yield streams[0], streams[1]
    else:
        async with streamablehttp_client(url, headers=headers) as streams:
            yield streams[0], streams[1]


def text_of(result: Any) -> dict[str, Any]:
    is_error = getattr(result, "isError", None)
    return {"text": result.content[0].text, "is_error": result.is_error if is_error is None else is_error}


async def main(arguments: list[str]) -> None:
    async with connection(arguments) as (read, write), ClientSession(read, write) as session:
        began = await session.initialize()
        server = began.serverInfo if hasattr(began, "serverInfo") else began.server_info
        told = {
            "server": server.name,
            "tools": sorted(tool.name for tool in (await session.list_tools()).tools),
            "prompts": sorted(prompt.name for prompt in (await session.list_prompts()).prompts),
            "listed": text_of(await session.call_tool("list_issues", {})),
            "shown": text_of(await session.call_tool("get_issue", {"issue": "SHOP-1"})),
            "wrong": text_of(await session.call_tool("get_issue", {})),
            "resolved": text_of(await session.call_tool("update_issue", {"issue": "SHOP-1", "action": "resolve"})),
        }
        print(json.dumps(told))


asyncio.run(main(sys.argv[1:]))
