"""The Model Context Protocol (https://modelcontextprotocol.io/specification): issues for language models."""
