"""The check `handlers/error-ignored`, one language a file."""
