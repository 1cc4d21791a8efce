"""What was uploaded to read stack traces by: source maps, ProGuard mappings, debug files; content and index."""
