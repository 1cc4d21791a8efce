"""The ingest benchmark: fixed work, a cheap load generator, and the proof that everything accepted is counted."""
