"""A model of loading, copying and computing side by side: who waits for whom."""
