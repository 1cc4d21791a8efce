"""Frames as their author wrote them: minified, obfuscated and native ones are resolved by what was uploaded."""
