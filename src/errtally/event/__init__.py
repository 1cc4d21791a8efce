"""The event model, its JSON Schema and its scrubbing; the client and the exporter share it, so it needs no package."""
