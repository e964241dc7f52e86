"""Splitting a dataset: how, what it does to the classes, and what leaks."""
