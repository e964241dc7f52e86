"""The engine of the batch size lab: a small model trained in batches, and the noise of their gradients."""

from dpwidgets.prep.batching.engine import BatchEngine
from dpwidgets.prep.batching.training import Trained

__all__ = ["BatchEngine", "Trained"]
