"""The check `secrets/in-error-message`, one language a file."""
