"""Files from the network and from disk into one folder, with a manifest that says where each came from.

Copy this folder into your project: it needs requests (with urllib3) and Pillow, nothing of this workbook.

    session = patient_session("my-program/1.0 (me@example.org)")
    collection = Collection(Path("collected"), licences={"CC0", "CC BY 2.0"})
    fates = Counter(collection.fetch(session, wanted) for wanted in list_of_wanted)
    collection.write_licences()

The folder: `photos/LABEL/HASH.jpg`, named by what is in them; `manifest.jsonl`, one line for each address
(and one more where a file was deleted and fetched again); `LICENCES.md`; `.downloads/`, downloads that were
cut. Killed at any moment and run again, it goes on: what is whole is not fetched again, a part is continued,
and no half file ever bears a final name. One process at a time, and one thread.
"""

from .collection import Collection, Wanted, picture_suffix
from .downloading import Refused, download, patient_session

__all__ = ["Collection", "Refused", "Wanted", "download", "patient_session", "picture_suffix"]
