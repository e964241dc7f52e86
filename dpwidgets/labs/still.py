"""A live view with a still picture beside it: what a lab leaves in the saved notebook."""

import base64
import io
from typing import Any

import anywidget
import numpy as np
from IPython.display import publish_display_data
from PIL import Image

# The live view and its still picture are two outputs, so that the still survives where the live view
# cannot (a notebook reopened without its kernel shows "model not found"). These rules, in a third output,
# show one of the two. They hold in JupyterLab; elsewhere the still follows below the live view.
_ONE_OF_TWO = """<style class="dpw-one-of-two">
.jp-OutputArea-child:has(.dpw-one-of-two),
.jp-OutputArea-child:has(.dpw-lab) + .jp-OutputArea-child:has(+ .jp-OutputArea-child .dpw-one-of-two),
.jp-OutputArea-child:not(:has(.dpw-lab)):has(+ .jp-OutputArea-child + .jp-OutputArea-child .dpw-one-of-two)
{ display: none; }
</style>"""


class LiveWithStill(anywidget.AnyWidget):
    """Shows its live view, and below it, where there is none, a picture with a text.

    Subclasses give `_still_output`, `__repr__` (the same text each time), and call `update_still` when the
    picture has changed.
    """

    _displayed = False

    def update_still(self) -> None:
        """Brings the still pictures in the notebook up to date."""
        if self._displayed:
            self._publish(update=True)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, with the picture and a text for viewers that know no widgets."""
        data, metadata = self._still_output()
        return {**self._live(), **data}, metadata

    def _ipython_display_(self) -> None:
        publish_display_data(self._live())
        self._publish(update=False)
        publish_display_data({"text/html": _ONE_OF_TWO, "text/plain": ""})
        self._displayed = True

    def _live(self) -> dict[str, Any]:
        reference = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": reference, "text/plain": repr(self)}

    def _publish(self, update: bool) -> None:
        data, metadata = self._still_output()
        transient = {"display_id": f"dpwidgets-still-{self.model_id}"}
        publish_display_data(data, metadata, transient=transient, update=update)

    def _still_output(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The still picture as an output: data and metadata, with its alt text."""
        raise NotImplementedError


def png_output(picture: np.ndarray, alt: str, text: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A drawing, uint8 (H, W, 3), as an output: data with `text` for who sees no pictures, and metadata."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": text}
    return data, {"image/png": {"alt": alt}}
