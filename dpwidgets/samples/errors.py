"""The one error that the sample data raises."""


class SampleError(RuntimeError):
    """The sample data cannot be made or read. The message names the place and the cure."""
