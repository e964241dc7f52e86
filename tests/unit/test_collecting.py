"""A collection: fates, names by content, manifest, licences; and that its folder stands alone."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from dpwidgets import samples
from dpwidgets.prep import collecting
from dpwidgets.prep.collecting import Collection, Refused, Wanted, patient_session, picture_suffix
from dpwidgets.samples.photo_site import PhotoSite


@pytest.fixture(scope="module")
def site() -> Iterator[PhotoSite]:
    with samples.photo_site(4) as site:
        yield site


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with patient_session("test/1.0", backoff=0) as session:
        session.trust_env = False
        yield session


def wanted(site: PhotoSite, kind: str, file: str, **changes: str) -> Wanted:
    note = site.notes[file]
    values = {"label": note.label, "group": note.album, "licence": note.licence, "author": note.author}
    return Wanted(f"{site.url}/{kind}/{file}", **{**values, "source": "test", **changes})


def test_the_fates_of_one_photo(site: PhotoSite, session: requests.Session, tmp_path: Path) -> None:
    file = site.names("china")[0]
    site.forget()
    fates = {"photos": "new", "mirror": "duplicate", "cut": "duplicate", "gone": "status 404"}
    fates |= {"away": "left the host", "liar": "not a picture", "endless": "too large"}
    collection = Collection(tmp_path)
    for kind, fate in fates.items():
        assert collection.fetch(session, wanted(site, kind, file), max_bytes=100_000) == fate, kind
    assert collection.fetch(session, wanted(site, "photos", file)) == "there already"
    assert [row["url"].split("/")[-2] for row in collection.rows] == ["photos", "mirror", "cut"]
    assert len({row["file"] for row in collection.rows}) == 1
    (kept,) = (tmp_path / "photos").rglob("*.jpg")
    assert kept.read_bytes() == site.bodies[file]
    assert kept.name == f"{site.notes[file].sha256[:16]}.jpg"


def test_a_licence_is_looked_at_before_a_byte_is_fetched(
    site: PhotoSite, session: requests.Session, tmp_path: Path
) -> None:
    site.forget()
    collection = Collection(tmp_path, licences={"CC BY 2.0"})
    for label, fate in {"motorcycle": "licence", "coffee": "licence", "china": "new"}.items():
        assert collection.fetch(session, wanted(site, "photos", site.names(label)[0])) == fate
    assert len(site.log) == 1


def test_the_manifest_says_all_and_is_read_back(
    site: PhotoSite, session: requests.Session, tmp_path: Path
) -> None:
    first, second = site.names("flower")[:2]
    collection = Collection(tmp_path, now=lambda: "then")
    collection.fetch(session, wanted(site, "photos", first))
    collection.fetch(session, wanted(site, "photos", second, group=""))
    rows = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text("utf-8").splitlines()]
    note = site.notes[first]
    assert rows[0] == {
        "file": f"photos/flower/{note.sha256[:16]}.jpg",
        "url": f"{site.url}/photos/{first}",
        "label": "flower",
        "group": note.album,
        "licence": "CC BY 2.0",
        "author": "vultilion on Flickr",
        "source": "test",
        "sha256": note.sha256,
        "bytes": note.bytes,
        "fetched": "then",
    }
    assert rows[1]["group"] == site.notes[second].sha256[:16], "a file without a group is a group of its own"
    assert Collection(tmp_path).rows == rows
    assert Collection(tmp_path).fetch(session, wanted(site, "photos", first)) == "there already"


def test_a_file_that_was_deleted_is_fetched_again(
    site: PhotoSite, session: requests.Session, tmp_path: Path
) -> None:
    one = wanted(site, "photos", site.names("rocket")[0])
    Collection(tmp_path).fetch(session, one)
    (kept,) = (tmp_path / "photos").rglob("*.jpg")
    kept.unlink()
    assert Collection(tmp_path).fetch(session, one) == "new"
    assert kept.is_file()


def test_a_file_deleted_and_fetched_into_another_class_lies_in_that_class_alone(tmp_path: Path) -> None:
    photo = next((samples.photos() / "chelsea").iterdir())
    Collection(tmp_path).take(photo, Wanted("disk:a", "cat"))
    (kept,) = (tmp_path / "photos").rglob("*.jpg")
    kept.unlink()
    assert Collection(tmp_path).take(photo, Wanted("disk:b", "dog")) == "new"
    again = Collection(tmp_path)
    assert again.take(photo, Wanted("disk:c", "dog")) == "duplicate"
    assert again.take(photo, Wanted("disk:d", "eel")) == "other label"
    assert again.take(photo, Wanted("disk:a", "cat")) == "other label"
    assert [path.parent.name for path in (tmp_path / "photos").rglob("*.jpg")] == ["dog"]


@pytest.mark.parametrize("label", ["roses & tulips", "dogs (small)", "cat's", "C+", "no. 1, new; 2=3!"])
def test_class_names_with_plain_marks_are_taken(tmp_path: Path, label: str) -> None:
    photo = next((samples.photos() / "chelsea").iterdir())
    assert Collection(tmp_path).take(photo, Wanted("disk:x", label, licence="own work")) == "new"
    assert [path.parent.name for path in (tmp_path / "photos").rglob("*.jpg")] == [label]


def test_files_of_this_disk(tmp_path: Path) -> None:
    photo = next((samples.photos() / "chelsea").iterdir())
    (tmp_path / "notes.jpg").write_text("buy cat food")
    collection = Collection(tmp_path / "out")
    assert collection.take(photo, Wanted("disk:a", "cat")) == "new"
    assert collection.take(photo, Wanted("disk:b", "cat")) == "duplicate"
    assert collection.take(photo, Wanted("disk:a", "cat")) == "there already"
    assert collection.take(photo, Wanted("disk:a", "dog")) == "other label"
    assert collection.take(photo, Wanted("disk:d", "dog")) == "other label"
    assert [row["label"] for row in collection.rows] == ["cat", "cat", "dog"]
    assert collection.take(tmp_path / "notes.jpg", Wanted("disk:c", "cat")) == "not a picture"
    assert collection.take(tmp_path / "gone.jpg", Wanted("disk:e", "cat")) == "cannot be read"
    assert collection.take(photo, Wanted("disk:f", "cat", sha256="0" * 64)) == "wrong sum"
    assert photo.is_file()
    assert len(list((tmp_path / "out" / "photos").rglob("*.jpg"))) == 1
    assert list((tmp_path / "out" / ".downloads").iterdir()) == []


def test_licences_are_listed_once_for_each_author(
    site: PhotoSite, session: requests.Session, tmp_path: Path
) -> None:
    collection = Collection(tmp_path)
    for file in [*site.names("china"), *site.names("motorcycle")]:
        collection.fetch(session, wanted(site, "photos", file))
        collection.fetch(session, wanted(site, "mirror", file))
    text = collection.write_licences().read_text("utf-8")
    assert "- CC BY 2.0: danielbuechele on Flickr, 4 files (test)" in text
    assert "- no licence stated: N. Nesic" in text


def test_what_strangers_write_neither_splits_a_line_nor_stops_the_run(tmp_path: Path) -> None:
    photo = next((samples.photos() / "chelsea").iterdir())
    author = "A\u2028B\x85C\n- CC0: me\ud800"  # line ends of Unicode, a false entry, half a surrogate pair
    collection = Collection(tmp_path)
    assert collection.take(photo, Wanted("disk:\udcff.jpg", "cat", author=author)) == "new"
    assert Collection(tmp_path).rows == collection.rows
    assert collection.rows[0]["author"] == author
    text = collection.write_licences().read_text("utf-8")
    assert text.splitlines()[2:] == ["- no licence stated: A B C - CC0: me\\ud800, 1 files ()"]


def test_a_damaged_line_of_the_manifest_is_named(tmp_path: Path) -> None:
    Collection(tmp_path).take(next((samples.photos() / "chelsea").iterdir()), Wanted("disk:a", "cat"))
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes() + b'{"url": "disk:b", \xff\n')
    with pytest.raises(ValueError, match=r"manifest\.jsonl, line 2 is damaged .+ take the line out"):
        Collection(tmp_path)


@pytest.mark.parametrize("line", [b"7", b"{}", b'{"url": "disk:b"}'])
def test_a_line_of_the_manifest_that_is_no_row_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(line + b"\n")
    with pytest.raises(ValueError, match=r"line 1 is damaged .it is no row of a collection"):
        Collection(tmp_path)


@pytest.mark.parametrize(("format", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp")])
def test_the_suffix_follows_the_content(tmp_path: Path, format: str, suffix: str) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "name.exe", format)
    assert picture_suffix(tmp_path / "name.exe") == suffix


def test_a_format_that_is_not_wanted_is_not_tried(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.jpg", "EPS")
    with pytest.raises(Refused, match="not a picture"):
        picture_suffix(tmp_path / "a.jpg")


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (100, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(Refused, match="not a picture"):
        picture_suffix(tmp_path / "a.png")


def test_whatever_a_decoder_raises_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (10, 10)).save(tmp_path / "a.png")

    def load(image: Image.Image) -> None:
        raise struct.error("unpack requires a buffer of 4 bytes")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(Refused, match="not a picture: unpack requires"):
        picture_suffix(tmp_path / "a.png")


def test_the_folder_stands_alone(tmp_path: Path) -> None:
    shutil.copytree(Path(collecting.__file__).parent, tmp_path / "collecting")
    code = (
        "import sys; sys.modules['dpwidgets'] = None\n"
        "from pathlib import Path\n"
        "import collecting\n"
        "print(collecting.Collection(Path('out')).rows)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == "[]\n", done.stderr
