"""Samples of several modalities, picture, caption and sound: read by key, padded into one batch."""
