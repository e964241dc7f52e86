"""The scale benchmark: its tiles, what it says of memory, its limit, its table."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from benchmarks.race.contenders import Contender
from benchmarks.race.contract import RaceError
from benchmarks.race.data import copy_part, jpegs_of
from benchmarks.scale import __main__ as command
from benchmarks.scale.measure import Row, measure
from benchmarks.scale.memory import limit_own, memory_of, watched
from benchmarks.scale.report import decoded_mb, table, write
from benchmarks.scale.tiles import TILE, write_tiles
from dpwidgets import samples

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the parts of memory")

# Loaders of a reader's, written to a folder that PYTHONPATH names.
FACTORIES = """
import numpy as np
import torch

class Batches:
    def __init__(self, images):
        self.images = images

    def __iter__(self):
        for count in self.images:
            yield torch.zeros(count, 3, 8, 8), torch.zeros(count, dtype=torch.int64)

def whole(folder, batch_size):
    return Batches([4, 4, 2])

def part(folder, batch_size):
    return Batches([4, 4])

def big(folder, batch_size):
    kept = Batches([4, 4, 2])
    kept.store = np.ones((3000, 2**20), np.uint8)
    return kept
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 sample photos, 2 of each class."""
    return copy_part(samples.photos(), 20, tmp_path_factory.mktemp("scale") / "photos")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an importable module with FACTORIES."""
    (tmp_path / "scale_module.py").write_text(FACTORIES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return "scale_module"


# --- tiles ----------------------------------------------------------------------------------------------


def digests(folder: Path) -> dict[str, str]:
    files, _ = jpegs_of(folder)
    return {
        str(Path(file).relative_to(folder)): hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for file in files
    }


def test_tiles_are_the_same_each_time_and_differ_from_each_other(photos: Path, tmp_path: Path) -> None:
    first, again = (digests(write_tiles(photos, 50, tmp_path / name)) for name in "ab")
    assert first == again
    assert len(set(first.values())) == len(first) == 50
    more = digests(write_tiles(photos, 90, tmp_path / "c"))
    assert first.items() <= more.items()


@pytest.mark.parametrize("count", [10, 33, 100])
def test_any_number_of_tiles_is_spread_evenly_over_the_classes(
    photos: Path, tmp_path: Path, count: int
) -> None:
    files, labels = jpegs_of(write_tiles(photos, count, tmp_path / "tiles"))
    sizes = [labels.count(label) for label in range(10)]
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1
    with Image.open(files[-1]) as tile:
        assert (tile.size, tile.mode, tile.format) == ((TILE, TILE), "RGB", "JPEG")


# --- memory ---------------------------------------------------------------------------------------------

# Says when it is ready, and ends when its input is closed.
OWN = """
import sys
kept = bytearray(b"x" * (200 * 2**20))
print("ready", flush=True)
sys.stdin.read()
"""
MAPPED = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
total = sum(pages[start] for start in range(0, len(pages), 4096))
print("ready", flush=True)
sys.stdin.read()
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
child.wait()
"""


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(2**20) * 200)
    return path


def running(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@needs_linux
def test_own_memory_and_pages_of_files_are_told_apart(big_file: Path) -> None:
    with running(OWN) as own, running(MAPPED, str(big_file)) as mapped:
        keeps, maps = memory_of(own.pid), memory_of(mapped.pid)
        own.communicate(), mapped.communicate()
    assert keeps is not None
    assert maps is not None
    assert keeps.own > 200 > 100 > keeps.files
    assert maps.files > 190 > 100 > maps.own


@needs_linux
def test_the_memory_of_descendants_counts_and_the_peak_stays() -> None:
    with running(PARENT, OWN) as parent:
        with watched(parent.pid) as most:
            pass
        parent.communicate()
    assert most.own > 200
    assert memory_of(parent.pid) is None
    with watched(parent.pid) as nothing:
        pass
    assert (nothing.own, nothing.files) == (0.0, 0.0)


ASKS = """
import sys
print("ready", flush=True)
sys.stdin.readline()
try:
    kept = bytearray(int(sys.argv[1]) * 2**20)
except MemoryError:
    print("refused")
else:
    print("granted")
"""


@needs_linux
@pytest.mark.parametrize(("megabytes", "answer"), [(100, "granted"), (1000, "refused")])
def test_memory_beyond_the_limit_is_refused(megabytes: int, answer: str) -> None:
    with running(ASKS, str(megabytes)) as process:
        assert limit_own(process.pid, 500)
        assert process.communicate("\n")[0] == f"{answer}\n"


# --- measuring ------------------------------------------------------------------------------------------


@pytest.fixture
def no_process_left() -> Iterator[None]:
    """After the test no descendant of ours is alive that was not before it."""
    before = set(psutil.Process().children(recursive=True))
    yield
    _, alive = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=30)
    assert not alive


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("no_process_left")
@pytest.mark.parametrize(
    ("factory", "failure"),
    [("whole", ""), ("part", "a pass gave 8 of 10 images"), ("big", "Unable to allocate 2.93 GiB")],
)
def test_a_loader_is_measured_or_it_is_told_why_not(
    module: str, tmp_path: Path, factory: str, failure: str
) -> None:
    if factory == "big" and sys.platform != "linux":
        pytest.skip("only Linux limits memory so")
    loader = Contender("mine", f"{module}:{factory}")
    row = measure(loader, tmp_path, 10, 4, 2500, tmp_path / "scratch", 120)
    assert (row.loader, row.images) == ("mine", 10)
    assert failure in row.failure
    assert bool(row.failure) == bool(failure)
    assert (row.first_s is None) == (row.later_s is None) == bool(failure)
    assert not (tmp_path / "scratch").exists()
    if not failure:
        assert row.first_s > row.later_s > 0
    if sys.platform == "linux":
        assert row.own_mb > 20


ROWS = [
    Row("cache", 2_000, 2.0, 0.02, 300.4, 50.0),
    Row("cache", 20_000, 1.5, 0.03, 301.0, 250.0),
    Row("all", 20_000, None, None, 10.0, 50.0, "all: MemoryError:\n  no room"),
]


def test_the_table_divides_by_the_smallest_set_of_the_same_loader() -> None:
    lines = table(ROWS).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:5]]
    assert cells[0] == ["cache", "2,000", "23", "2.000", "0.020", "1.00", "300", "50"]
    assert cells[1] == ["cache", "20,000", "234", "1.500", "0.030", "1.50", "301", "250"]
    assert cells[2] == ["all", "20,000", "234", "stopped", "stopped", "", "10", "50"]
    assert lines[-1] == "- all, 20,000 images: all: MemoryError: no room"
    assert decoded_mb(200_000) == pytest.approx(200_000 * 3 * 64 * 64 / 2**20)


def test_the_record_has_every_row(tmp_path: Path) -> None:
    write(ROWS, 1500, 32, tmp_path / "scale.json")
    told = json.loads((tmp_path / "scale.json").read_text(encoding="utf-8"))
    assert (told["schema"], told["tile"], told["limit_mb"], told["batch_size"]) == (1, TILE, 1500, 32)
    assert [Row(**row) for row in told["rows"]] == ROWS


# --- all of it ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("no_process_left")
def test_the_loaders_from_the_command_line(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(samples, "photos", lambda: photos)
    monkeypatch.setattr("benchmarks.scale.measure.LATER", 0.0)  # nobody reads these times
    out = tmp_path / "out.json"
    arguments = ["--counts", "60", "40", "--limit-mb", "4000", "--scratch", str(tmp_path), "--json", str(out)]
    assert command.main(arguments) == 0
    rows = [line.split("|")[1:3] for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    names = [one.name for one in command.LOADERS.values()]
    assert [(name.strip(), int(images)) for name, images in rows[2:]] == [
        (name, images) for name in names for images in (40, 60)
    ]
    assert all(row["failure"] == "" for row in json.loads(out.read_text())["rows"])
    assert not list(tmp_path.glob("scale-*"))


def test_wrong_names_and_too_small_a_disk_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--loaders", "gide"]) == 1
    assert "no loader is named 'gide'; give none, or of guide, on_disk, in_memory" in capsys.readouterr().err
    free = type("Usage", (), {"free": 10 * 2**20})
    monkeypatch.setattr(command.shutil, "disk_usage", lambda _: free)
    with pytest.raises(RaceError, match=r"200,000 tiles and their cache need 3,\d+ MB, .* has 10 MB free"):
        command._check_room(tmp_path, 200_000)
