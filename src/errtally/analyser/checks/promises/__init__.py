"""Promises, coroutines and emitters whose error nobody takes."""
