"""pytest plugin: the labs' page is broken in the ways that the environment variable BROKEN_VIEW lists.

Each is a pair: what stands in the JavaScript of the image lab, and what takes its place.
"""

import json
import os

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    from dpwidgets.labs.image import ImageLab

    for old, new in json.loads(os.environ["BROKEN_VIEW"]):
        assert old in ImageLab._esm, f"the view has no {old!r}: bring the mutation up to date"
        ImageLab._esm = ImageLab._esm.replace(old, new)
