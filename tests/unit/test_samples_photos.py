"""The sample photos: geometry of the crops, the files, their regions and their credits."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from dpwidgets import samples
from dpwidgets.samples.crops import TURNS, Box, region_boxes, take_crop
from dpwidgets.samples.photo_folder import as_jpeg, write_photos
from dpwidgets.samples.photographs import open_photograph

PER_CLASS = 7  # one more than there are regions


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    write_photos(root, per_class=PER_CLASS)
    return root


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


@pytest.mark.parametrize("size", [(640, 427), (512, 512), (451, 300), (1000, 872), (301, 599)])
def test_six_regions_tile_the_photograph_without_overlap(size: tuple[int, int]) -> None:
    owners = np.zeros(size[::-1], dtype=int)
    boxes = region_boxes(*size)
    for box in boxes:
        owners[box.upper : box.lower, box.left : box.right] += 1
    assert len(boxes) == 6
    assert (owners == 1).all()


@pytest.mark.parametrize("region", region_boxes(451, 300))
def test_a_crop_holds_no_light_from_other_regions(region: Box) -> None:
    photograph = Image.new("RGB", (451, 300), "white")
    photograph.paste("black", region)
    for seed in range(40):
        crop = np.asarray(take_crop(photograph, region, np.random.default_rng(seed)))
        assert crop.max() <= 6, "noise of 2 grey levels alone stays below 7"


def test_crops_of_one_region_overlap() -> None:
    # Every crop is at least 3/4 as wide and high as the largest that fits, so all of them hold the middle.
    region = region_boxes(600, 400)[0]
    photograph = Image.new("RGB", (600, 400), "black")
    photograph.paste("white", (95, 95, 105, 105))
    for seed in range(40):
        assert np.asarray(take_crop(photograph, region, np.random.default_rng(seed))).max() > 150


def test_crops_vary_in_size_around_400_by_300() -> None:
    photograph = open_photograph(samples.photo_sources()[0])
    region = region_boxes(*photograph.size)[0]
    sizes = np.array([take_crop(photograph, region, np.random.default_rng(seed)).size for seed in range(30)])
    assert (abs(sizes / (400, 300) - 1) <= 0.101).all()
    assert (np.ptp(sizes, axis=0) > (30, 20)).all()


def test_two_generations_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=PER_CLASS)
    assert digests(tmp_path) == digests(tree)


def test_a_photo_does_not_depend_on_how_many_are_made(tree: Path, tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=2)
    fewer = digests(tmp_path)
    fewer.pop("regions.csv")
    assert fewer.items() <= digests(tree).items()


def test_no_two_photos_are_the_same(tree: Path) -> None:
    assert set(Counter(digests(tree).values()).values()) == {1}


def test_tree_is_one_folder_per_class_of_rgb_jpegs(tree: Path) -> None:
    classes = sorted(path.name for path in tree.iterdir() if path.is_dir())
    assert classes == [source.class_name for source in samples.photo_sources()]
    for name in classes:
        files = list((tree / name).iterdir())
        assert len(files) == PER_CLASS
        for file in files:
            with Image.open(file) as photo:
                photo.load()
                assert (photo.format, photo.mode) == ("JPEG", "RGB")


def test_regions_name_every_photo_once_and_each_class_has_six(tree: Path) -> None:
    regions = samples.photo_regions(tree)
    assert set(regions) == {path.relative_to(tree).as_posix() for path in tree.rglob("*.jpg")}
    assert all(region.rsplit("-", 1)[0] == file.split("/")[0] for file, region in regions.items())
    assert Counter(region.rsplit("-", 1)[0] for region in set(regions.values())) == Counter(
        {source.class_name: 6 for source in samples.photo_sources()}
    )


def test_region_that_is_written_is_the_region_that_was_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[tuple[tuple[int, int], Box]] = []

    def spy(photograph: Image.Image, region: Box, rng: np.random.Generator) -> Image.Image:
        cuts.append((photograph.size, region))
        return Image.new("RGB", (8, 6))

    monkeypatch.setattr("dpwidgets.samples.photo_folder.take_crop", spy)
    write_photos(tmp_path)
    written = samples.photo_regions(tmp_path).values()
    assert len(written) == 2000
    for (size, cut), region in zip(cuts, written, strict=True):
        assert region_boxes(*size)[int(region.rsplit("-", 1)[1])] == cut


def test_a_folder_without_regions_has_none(tmp_path: Path) -> None:
    assert samples.photo_regions(tmp_path) == {}


def regions_file(root: Path, *lines: str, encoding: str = "utf-8") -> None:
    (root / "regions.csv").write_text("".join(f"{line}\n" for line in lines), encoding=encoding)


def test_a_regions_file_that_excel_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    regions_file(tmp_path, "file,region", "a.jpg,one", encoding="utf-8-sig")
    assert samples.photo_regions(tmp_path) == {"a.jpg": "one"}


def test_a_regions_file_that_names_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.jpg").touch()
    regions_file(tmp_path, "file,region", "a.jpg,one", f"{'b' * 300}.jpg,two")
    with pytest.raises(samples.SampleError, match=r"regions\.csv names no file .* 'a\.jpg'; .*cat/a\.jpg"):
        samples.photo_regions(tmp_path)
    regions_file(tmp_path, "file,region", "cat/a.jpg,one", "gone.jpg,two")
    assert len(samples.photo_regions(tmp_path)) == 2, "some may be missing"


def test_a_regions_file_with_a_short_line_is_refused(tmp_path: Path) -> None:
    for head in ("file,region", "region,file"):
        regions_file(tmp_path, head, "a.jpg")
        with pytest.raises(samples.SampleError, match=r"line 2: no file or no region"):
            samples.photo_regions(tmp_path)


def test_regions_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "regions.csv").write_text("file,group\na.jpg,1\n", encoding="utf-8")
    with pytest.raises(samples.SampleError, match=r"regions\.csv lacks the column region.*file,region"):
        samples.photo_regions(tmp_path)


@pytest.mark.parametrize("tag", sorted(TURNS))
def test_turned_photo_comes_upright_by_its_exif_tag(tag: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (64, 48), "navy")
    upright.paste("white", (0, 0, 32, 24))  # a corner that tells the four ways to hold it apart
    (tmp_path / "turned.jpg").write_bytes(as_jpeg(upright, tag))
    with Image.open(tmp_path / "turned.jpg") as stored:
        assert stored.getexif()[0x0112] == tag
        back = ImageOps.exif_transpose(stored)
    difference = np.asarray(back, dtype=int) - np.asarray(upright, dtype=int)
    assert back.size == upright.size
    assert abs(difference).mean() < 3


@pytest.mark.slow  # makes the tree when the cache does not hold it yet
def test_the_whole_tree_keeps_its_promises() -> None:
    root = samples.photos()
    regions = samples.photo_regions(root)
    assert Counter(file.split("/")[0] for file in regions) == Counter(
        {source.class_name: 200 for source in samples.photo_sources()}
    )
    assert set(Counter(regions.values()).values()) == {33, 34}
    tags = Counter()
    for file in regions:
        with Image.open(root / file) as photo:
            tags[photo.getexif().get(0x0112, 1)] += 1
    assert set(tags) == {1, *TURNS}
    assert 0.03 < 1 - tags[1] / len(regions) < 0.07


def test_every_photograph_is_credited_and_there() -> None:
    sources = samples.photo_sources()
    assert len({source.class_name for source in sources}) == 10
    for source in sources:
        assert source.credit
        assert open_photograph(source).size >= (400, 300)


def test_photograph_that_a_package_does_not_ship_is_named() -> None:
    gone = samples.PhotoSource("cow", "data/cow.png", "skimage", "nobody")
    with pytest.raises(samples.SampleError, match=r"'cow'.*'skimage' \(data/cow\.png.*Install the package"):
        open_photograph(gone)


def test_missing_package_is_named() -> None:
    with pytest.raises(samples.SampleError, match=r"'no_such_package'.*is not installed"):
        open_photograph(samples.PhotoSource("cow", "cow.png", "no_such_package", "nobody"))
