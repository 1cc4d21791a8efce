"""The HTTP server of one worker: an event loop that takes events itself, and threads for what has to wait."""
