"""The check `handlers/lost-cause`, one language a file."""
