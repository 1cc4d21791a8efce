"""The description of the HTTP API (OpenAPI 3.1): one file for each family of routes, put together here."""
