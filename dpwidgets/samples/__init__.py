"""Sample data that is there at once: real, small, made from what the installed packages ship, offline.

- `photos()`: 2,000 JPEGs in ten class folders, with `photo_regions(root)`, `photo_sources()`;
- `digits()`: 1,797 handwritten digits as tensors;
- `table(name)`: wine, breast cancer or diabetes; `punch_holes(...)` takes values out, mechanism known;
- `scenes()`: 400 made scenes, each with picture, caption and sound, some of which are missing;
- `dirty_folder()`: a folder with one of everything that goes wrong, listed by `dirty_contents()`;
- `photo_site()`: a small web site of sample photos on this machine that misbehaves on purpose;
- `lexicon()`: about 250 synsets of our own in WordNet's file format, for NLTK; it is not WordNet;
- `cache_folder()`: where the files are kept; `SampleError`: what is raised when that fails.
"""

from dpwidgets.samples.cache import cache_folder
from dpwidgets.samples.digit_tensors import Digits, digits
from dpwidgets.samples.dirty import dirty_contents, dirty_folder
from dpwidgets.samples.errors import SampleError
from dpwidgets.samples.lexicon import lexicon
from dpwidgets.samples.photo_folder import photo_regions, photos
from dpwidgets.samples.photo_site import photo_site
from dpwidgets.samples.photographs import PhotoSource, photo_sources
from dpwidgets.samples.scenes import scenes
from dpwidgets.samples.tables import Table, punch_holes, table

__all__ = [
    "Digits",
    "PhotoSource",
    "SampleError",
    "Table",
    "cache_folder",
    "digits",
    "dirty_contents",
    "dirty_folder",
    "lexicon",
    "photo_regions",
    "photo_site",
    "photo_sources",
    "photos",
    "punch_holes",
    "scenes",
    "table",
]
