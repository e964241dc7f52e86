"""Errors that a reader caused and a reader can mend."""


class ReaderError(ValueError):
    """A wrong value or folder, told in one message that names the thing, the value and the cure.

    In a notebook only the message is shown: the stack above it says nothing to a reader.
    """

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: the lines that it shows in place of the traceback."""
        return [f"{type(self).__name__}: {self}"]
