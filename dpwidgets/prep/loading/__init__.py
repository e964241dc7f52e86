"""Instruments on a DataLoader: trace it, run it in a child process, tune it, carry a dataset to workers."""
