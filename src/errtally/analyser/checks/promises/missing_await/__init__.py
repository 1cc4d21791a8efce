"""The check `promises/missing-await`, one language a file."""
