"""The libraries that matter for errors, as data, and the look-up in it."""
