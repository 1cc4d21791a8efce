"""Programs of others on the same work, in one run: ours first, last and between."""
