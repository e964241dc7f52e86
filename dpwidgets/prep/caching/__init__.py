"""Keeping what was computed once: a cache of arrays on disk."""
