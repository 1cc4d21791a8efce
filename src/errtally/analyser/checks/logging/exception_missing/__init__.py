"""The check `logging/exception-missing`, one language a file."""
