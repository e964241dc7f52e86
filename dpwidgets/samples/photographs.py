"""The ten photographs inside the scikit-learn and scikit-image wheels, and whom to credit."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from dpwidgets.samples.errors import SampleError


class PhotoSource(NamedTuple):
    """One photograph and its credit."""

    class_name: str  # the class folder that its crops go to
    file: str  # path inside the package
    package: str  # import name of the package that ships the file
    credit: str  # who took it and under which terms


_NASA_STSCI = "NASA and the Space Telescope Science Institute (HubbleSite), public domain"
_MIDDLEBURY = (
    "N. Nesic, P. Westling, X. Wang, Y. Kitajima, G. Krathwohl, D. Scharstein: Middlebury stereo benchmark "
    "2014; no licence is stated, see the package README"
)

_SOURCES = (
    PhotoSource("astronaut", "data/astronaut.png", "skimage", "NASA Great Images, public domain"),
    PhotoSource("chelsea", "data/chelsea.png", "skimage", "Stéfan van der Walt, CC0"),
    PhotoSource("china", "datasets/images/china.jpg", "sklearn", "danielbuechele on Flickr, CC BY 2.0"),
    PhotoSource("coffee", "data/coffee.png", "skimage", "Rachel Michetti (Pikolo Espresso Bar), CC0"),
    # The package README credits danielbuechele for this one too, but links to vultilion's page.
    PhotoSource("flower", "datasets/images/flower.jpg", "sklearn", "vultilion on Flickr, CC BY 2.0"),
    PhotoSource("hubble", "data/hubble_deep_field.jpg", "skimage", _NASA_STSCI),
    PhotoSource("ihc", "data/ihc.png", "skimage", "CMMI, no known copyright restrictions"),
    PhotoSource("motorcycle", "data/motorcycle_left.png", "skimage", _MIDDLEBURY),
    PhotoSource("retina", "data/retina.jpg", "skimage", "Mikael Häggström, CC0 1.0"),
    PhotoSource("rocket", "data/rocket.jpg", "skimage", "SpaceX, public domain"),
)


def photo_sources() -> list[PhotoSource]:
    """The ten photographs: `(class_name, file, package, credit)` each, in the order of the class folders.

    The terms are those that scikit-learn's `datasets/images/README.txt` and the docstrings of
    `skimage.data` state.
    """
    return list(_SOURCES)


def open_photograph(source: PhotoSource) -> Image.Image:
    """The photograph, decoded, RGB.

    Raises:
        SampleError: the package is missing, or its version does not ship (a readable copy of) the file.
    """
    path = _package_folder(source.package) / source.file
    try:
        with Image.open(path) as photograph:
            return photograph.convert("RGB")
    except OSError as error:
        raise SampleError(
            f"The photograph of the class {source.class_name!r} cannot be read from the installed package "
            f"{source.package!r} ({source.file}: {error.strerror or error}). Install the package again, in "
            "the version that the workbook's pyproject.toml asks for."
        ) from error


def _package_folder(package: str) -> Path:
    # Looked up, not imported: importing scikit-learn takes a second that a file path does not need.
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SampleError(
            f"The package {package!r}, which ships sample photographs, is not installed. "
            "Install the workbook's requirements again (pip install -e .)."
        )
    return Path(spec.submodule_search_locations[0])
