"""The engine of the pipeline stepper: one transform at a time, and what each does."""

from dpwidgets.prep.transforms.engine import TransformEngine

__all__ = ["TransformEngine"]
