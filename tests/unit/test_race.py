"""The race of loaders: contract, comparison of pictures, arithmetic of the times, processes."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from benchmarks.race import contract, rounds, table
from benchmarks.race.__main__ import main
from benchmarks.race.check import Comparison, Reference, Tolerance, compare
from benchmarks.race.contenders import (
    COPYING,
    DECODING,
    EXACT,
    GUIDE,
    PEERS,
    RESAMPLING,
    TENSOR,
    Contender,
    chosen_peers,
    from_outside,
)
from benchmarks.race.contract import MEAN, STD, RaceError, as_batch, find_factory, make_loader
from benchmarks.race.data import copy_part, drop_from_page_cache, jpegs_of
from benchmarks.race.guide import one_process
from benchmarks.race.messages import Epoch, Job
from benchmarks.race.pixels import decode_resized, normalise
from benchmarks.race.process import ContenderProcess
from benchmarks.race.race import Plan, Result
from benchmarks.race.record import read, rows_of
from benchmarks.race.rounds import Spread, Times, alternate, undisturbed
from dpwidgets import samples

IMAGES, BATCH = 20, 8
Batches = list[tuple[torch.Tensor, torch.Tensor]]

# A module of a reader's, written to a folder that PYTHONPATH names.
FACTORIES = """
import os, time
import torch
from torch.utils.data import DataLoader, Dataset

def good(folder, batch_size):
    from benchmarks.race import guide  # here: its torchvision takes seconds that the others need not wait
    return guide.one_process(folder, batch_size)

def with_workers(folder, batch_size):
    return DataLoader(good(folder, batch_size).dataset, batch_size, num_workers=2,
                      persistent_workers=True)

def half(folder, batch_size):
    return list(good(folder, batch_size))[:1]

def raises(folder, batch_size):
    raise OSError("the disk is gone")

def leaves(folder, batch_size):
    print("so long")
    os._exit(7)

def hangs(folder, batch_size):
    time.sleep(1000)

not_callable = 3
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 sample photos, 2 of each class."""
    return copy_part(samples.photos(), IMAGES, tmp_path_factory.mktemp("race") / "photos")


@pytest.fixture(scope="module")
def batches(photos: Path) -> Batches:
    """The guide's own batches."""
    return [(images, labels) for images, labels in one_process(photos, BATCH)]


@pytest.fixture(scope="module")
def reference(photos: Path, batches: Batches, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    home = tmp_path_factory.mktemp("reference") / "home"
    Reference.write(home, batches, [Path(file).name for file in jpegs_of(photos).files])
    return Reference(home)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an importable module with FACTORIES."""
    (tmp_path / "reader_module.py").write_text(FACTORIES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.syspath_prepend(str(tmp_path))
    return "reader_module"


@pytest.fixture
def no_process_left() -> Iterator[None]:
    """After the test no descendant of ours is alive that was not before it."""
    before = set(psutil.Process().children(recursive=True))
    yield
    _, alive = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=30)
    assert not alive


# --- the contract ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("reader_module", "names no factory; write module:factory"),
        ("reader_module:", "names no factory"),
        ("no_such_module:f", "no module named 'no_such_module'"),
        ("no_such_package.part:f", "no module named 'no_such_package'"),
        ("reader_module:bad", "has no function 'bad'; it has .*good"),
        ("reader_module:not_callable", "has no function 'not_callable'"),
    ],
)
def test_a_wrong_factory_is_named(module: str, target: str, message: str) -> None:
    with pytest.raises(RaceError, match=message):
        find_factory(target)


def test_a_fault_inside_the_module_is_not_taken_for_a_wrong_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text("import surely_not_installed")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="surely_not_installed"):
        find_factory("broken_module:loader")


def test_only_a_factory_that_asks_for_scratch_gets_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got = []
    factories: dict[str, Callable[..., Any]] = {
        "plain": lambda folder, batch_size: [folder, batch_size],
        "asks": lambda folder, batch_size, scratch: got.append(scratch) or [],
        "generator": lambda folder, batch_size: iter([]),
    }
    monkeypatch.setattr(contract, "find_factory", factories.__getitem__)
    assert make_loader("plain", tmp_path, 4, tmp_path / "own") == [tmp_path, 4]
    make_loader("asks", tmp_path, 4, tmp_path / "own")
    assert got == [tmp_path / "own"]
    with pytest.raises(RaceError, match="gave a list_iterator; give an object whose every"):
        make_loader("generator", tmp_path, 4, tmp_path)


GOOD = torch.zeros(4, 3, 224, 224)
ZEROS = torch.zeros(4, dtype=torch.int64)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (GOOD, "batch 3 is a Tensor; give a pair"),
        ((GOOD, ZEROS, ZEROS), "batch 3 is a tuple of 3"),
        ((GOOD.numpy(), ZEROS), "images are a ndarray; give a torch.Tensor"),
        ((GOOD.double(), ZEROS), "images are torch.float64; give torch.float32"),
        ((GOOD.permute(0, 2, 3, 1), ZEROS), r"shape \(4, 224, 224, 3\); give \(B, 3, 224, 224\)"),
        ((GOOD, ZEROS.float()), "labels are torch.float32"),
        ((GOOD, ZEROS[:3]), r"labels are torch.int64 of shape \(3,\); give integers of shape \(4,\)"),
        ((torch.cat([GOOD, GOOD]), torch.cat([ZEROS, ZEROS])), "has 8 images; give 1 to batch_size = 4"),
    ],
)
def test_a_batch_of_another_make_is_refused(given: Any, message: str) -> None:
    with pytest.raises(RaceError, match=message):
        as_batch(given, 3, 4)


def test_a_good_batch_passes() -> None:
    assert as_batch([GOOD, ZEROS.int()], 0, 4).images is GOOD


# --- the comparison -------------------------------------------------------------------------------------


def differ(
    loader: Any, reference: Reference, tolerance: Tolerance = RESAMPLING, any_order: bool = False
) -> Comparison:
    return compare(loader, reference, tolerance, batch_size=BATCH, any_order=any_order)


def changed(batches: Batches, change: Callable[[torch.Tensor], torch.Tensor]) -> Batches:
    return [(change(images), labels) for images, labels in batches]


def rebatched(batches: Batches, order: list[int]) -> Batches:
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    chosen = torch.tensor(order)
    return list(zip(images[chosen].split(BATCH), labels[chosen].split(BATCH), strict=True))


def test_the_guide_agrees_with_itself(batches: Batches, reference: Reference) -> None:
    found = differ(batches, reference, EXACT)
    assert found.pixel < 0.001
    assert found.shift < 0.001


def test_another_decoder_and_resize_are_within_their_tolerance_but_not_exact(
    photos: Path, reference: Reference
) -> None:
    files, labels = jpegs_of(photos)
    pixels = torch.stack([decode_resized(Path(file).read_bytes()) for file in files])
    loader = [
        (normalise(pixels[i : i + BATCH]), torch.tensor(labels[i : i + BATCH]))
        for i in range(0, IMAGES, BATCH)
    ]
    found = differ(loader, reference, TENSOR)
    assert 0 < found.pixel <= TENSOR.pixel
    nothing = Tolerance(0.0, 0.0)
    with pytest.raises(RaceError, match="differs from the guide's"):
        differ(loader, reference, nothing)


def levels(images: torch.Tensor) -> torch.Tensor:
    return (images * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)) * 255


def again(levels: torch.Tensor, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = STD) -> torch.Tensor:
    return (levels / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda images: levels(images) / 255,
        lambda images: again(levels(images), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        lambda images: again(levels(images), std=(0.23, 0.22, 0.23)),
        lambda images: again(levels(images) * 255 / 256),
        lambda images: images.flip(1),
        lambda images: images.flip(3),
        lambda images: images.roll(1, 3),
        lambda images: images * float("nan"),
    ],
    ids=["not normalised", "0.5", "rounded std", "by 256", "BGR", "mirrored", "one pixel off", "NaN"],
)
def test_another_picture_is_refused(
    batches: Batches, reference: Reference, change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    with pytest.raises(
        RaceError, match=r"image 0 \(batch 0\) differs from .* allowed are 3.0 and 0.5 levels"
    ):
        differ(changed(batches, change), reference)


def test_another_order_is_told_as_such_and_allowed_on_request(batches: Batches, reference: Reference) -> None:
    backwards = rebatched(batches, list(range(IMAGES))[::-1])
    with pytest.raises(RaceError, match=r"image 0 .* should be .* but shows .*: the order is wrong"):
        differ(backwards, reference)
    assert differ(backwards, reference, any_order=True).pixel < 0.001


@pytest.mark.parametrize("any_order", [False, True])
def test_missing_and_surplus_images_are_refused(
    batches: Batches, reference: Reference, any_order: bool
) -> None:
    with pytest.raises(RaceError, match="16 of 20 images in an epoch; the first that is missing is"):
        differ(batches[:2], reference, any_order=any_order)
    with pytest.raises(RaceError, match="more than the 20 images"):
        differ([*batches, batches[0]], reference, any_order=any_order)


def test_an_image_that_comes_twice_is_refused_in_any_order(batches: Batches, reference: Reference) -> None:
    twice = rebatched(batches, [0, *range(IMAGES - 1)])
    with pytest.raises(RaceError, match=r"image 1 .* for the second time"):
        differ(twice, reference, any_order=True)


@pytest.mark.parametrize("any_order", [False, True])
def test_a_wrong_label_is_refused(batches: Batches, reference: Reference, any_order: bool) -> None:
    wrong = [(images, labels.clone()) for images, labels in batches]
    wrong[1][1][2] = 9
    with pytest.raises(RaceError, match=r"image 10 \(batch 1\) .* has the label 9; it is 5"):
        differ(wrong, reference, any_order=any_order)


# --- the files ------------------------------------------------------------------------------------------


def test_the_files_come_in_the_order_of_imagefolder(photos: Path) -> None:
    from torchvision.datasets import ImageFolder

    files, labels = jpegs_of(photos)
    assert list(zip(files, labels, strict=True)) == ImageFolder(str(photos)).samples
    assert len(files) == IMAGES


def test_a_folder_without_jpegs_and_a_part_without_every_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RaceError, match="is no folder"):
        jpegs_of(tmp_path / "nothing")
    (tmp_path / "cats").mkdir()
    with pytest.raises(RaceError, match="has no JPEG"):
        jpegs_of(tmp_path)
    with pytest.raises(RaceError, match="3 images for 10 classes"):
        copy_part(samples.photos(), 3, tmp_path / "part")


needs_fadvise = pytest.mark.skipif(
    not hasattr(os, "posix_fadvise"), reason="only Linux can drop a file's pages"
)


@needs_fadvise
def test_files_that_stay_in_memory_are_not_called_dropped(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 <= drop_from_page_cache([photos]) <= 1
    for file in jpegs_of(photos).files:
        Path(file).read_bytes()
    monkeypatch.setattr(os, "posix_fadvise", lambda *_: None)
    assert drop_from_page_cache([photos]) == 0


@needs_fadvise
@pytest.mark.parametrize(("error", "share"), [(errno.EAGAIN, 1.0), (errno.EOPNOTSUPP, 0.0)])
def test_only_a_read_that_would_wait_for_the_disk_proves_that_a_file_is_gone(
    photos: Path, monkeypatch: pytest.MonkeyPatch, error: int, share: float
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "preadv", refuse)
    assert drop_from_page_cache([photos]) == share


# --- the times ------------------------------------------------------------------------------------------


def turns(seconds: dict[str, list[float]]) -> tuple[Callable[[str], Epoch], list[str]]:
    """A `measure` that gives these seconds in turn, and the list of the names it was called with."""
    called: list[str] = []

    def measure(name: str) -> Epoch:
        called.append(name)
        return Epoch(seconds[name][called.count(name) - 1], 20, 0.0)

    return measure, called


def test_rounds_alternate_and_each_ratio_takes_the_baseline_before_and_after() -> None:
    measure, called = turns({"base": [10, 12, 14, 16, 18], "a": [2, 4], "b": [13, 15]})
    times = alternate("base", ["a", "b"], 2, measure)
    assert called == ["base", "a", "base", "b", "base", "b", "base", "a", "base"]
    assert times["a"].ratios == [11 / 2, 17 / 4]
    assert times["b"].ratios == [13 / 13, 15 / 15]
    assert times["base"].seconds == 14


def test_a_machine_that_slows_down_steadily_does_not_change_a_ratio() -> None:
    clock = iter(range(100, 200))

    def measure(name: str) -> Epoch:
        return Epoch(next(clock) * (1.0 if name == "base" else 0.25), 20, 0.0)

    times = alternate("base", ["a", "b"], 3, measure)
    assert times["a"].ratios == pytest.approx([4.0] * 3)
    assert times["b"].ratios == pytest.approx([4.0] * 3)


def test_a_contender_that_fails_is_left_out_of_the_rest_and_a_failing_baseline_ends_it() -> None:
    def measure(name: str) -> Epoch:
        if name == "bad":
            raise RaceError("bad: gone")
        return Epoch(1.0, 20, 0.0)

    times = alternate("base", ["bad", "good"], 3, measure)
    assert times["bad"] == Times(failure="bad: gone")
    assert times["good"].ratios == [1, 1, 1]
    with pytest.raises(RaceError, match="gone"):
        alternate("bad", ["good"], 1, measure)


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.5]) == Spread(median=2.5, low=1.0, high=3.0)
    assert str(Spread.of([3.0, 1.0])) == "2.00 (1.00 to 3.00)"
    assert str(Spread.of([220.6, 210.0])) == "215 (210 to 221)"


@pytest.mark.parametrize(("foreign", "runs"), [([0.0], 1), ([5.0, 0.0], 2), ([5.0, 5.0, 5.0], rounds.TRIES)])
def test_a_turn_that_others_disturbed_is_taken_again(
    monkeypatch: pytest.MonkeyPatch, foreign: list[float], runs: int
) -> None:
    ran: list[float] = []
    clock = iter(range(100))
    readings = iter([total for used in foreign for total in (0.0, 4.0 + used)])
    monkeypatch.setattr(rounds, "_busy", lambda: next(readings))
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: 10.0 * next(clock))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)

    def epoch() -> Epoch:
        ran.append(1)
        return Epoch(5.0, 20, 2.0, epochs=2)  # 10 s on 2 cores, of which 4 s ours

    _, share = undisturbed(epoch)
    assert len(ran) == runs
    assert share == foreign[-1] / 20


# --- the table ------------------------------------------------------------------------------------------


def made_up(ratio: float, seconds: float = 1.0) -> Times:
    return Times([Epoch(seconds, 100, 0.5)] * 3, [ratio, ratio - 0.5, ratio + 0.5])


def plan(**other: Any) -> Plan:
    given: dict[str, Any] = {
        "folder": Path(), "scratch": Path(), "outside": [], "peers": [], "batch_size": 32, "rounds": 3,
        "cold_rounds": 1, "timeout": 60,
    }  # fmt: skip
    return Plan(**(given | other))


def result() -> Result:
    warm = {
        GUIDE.name: Times([Epoch(2.0, 100, 0.5)] * 3), "slow": made_up(2.0), "fast": made_up(5.0, 0.4),
        DECODING.name: made_up(10.0), COPYING.name: made_up(100.0),
    }  # fmt: skip
    cold = {GUIDE.name: Times([Epoch(8.0, 100, 0.5)]), "slow": Times([Epoch(4.0, 100, 0.5)], [2.0])}
    differences = {"slow": Comparison(0.2, 0.0), "fast": Comparison(0.0, 0.0)}
    failures = {"gone": "gone: its process ended\nwith code 7."}
    return Result(100, {"slow": 3.0}, differences, cold, warm, failures, 1.0, [0.01, 0.02])


def test_the_table_sorts_by_speed_and_divides_by_the_limits() -> None:
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in table.table(rows_of(result())).splitlines()
    ]
    assert [row[0] for row in rows[2:]] == ["fast", "slow", GUIDE.name, DECODING.name, COPYING.name]
    assert rows[2] == [
        "fast", "5.00 (4.50 to 5.50)", "250", "5.00", "50%", "5.0%", "", "", "0.00, 0.00",
    ]  # fmt: skip
    assert rows[3][4:8] == ["20%", "2.0%", "2.00 (2.00 to 2.00)", "3.0"]
    assert rows[4] == [GUIDE.name, "1", "50", "5.00", "10%", "1.0%", "1: 8.0 s", "", ""]
    assert rows[5][4:6] == ["100%", "10%"]


def test_what_failed_while_it_warmed_up_is_not_in_the_table() -> None:
    failed = result()
    for name in ("fast", COPYING.name):
        del failed.warm[name]
    names = [row.split("|")[1].strip() for row in table.table(rows_of(failed)).splitlines()[2:]]
    assert names == ["slow", GUIDE.name, DECODING.name]


def test_the_notes_tell_what_is_missing_what_failed_and_what_disturbed() -> None:
    calm = "\n".join(table.notes(plan(), result(), []))
    assert "busy" not in calm
    assert "cold" not in calm
    assert "left out: gone: its process ended with code 7." in calm
    noisy = result()
    noisy.others.append(0.5)
    noisy.dropped = 0.4
    told = "\n".join(table.notes(plan(), noisy, [PEERS["dali"]]))
    assert "others used 2% of it (median of the warm turns), up to 50%" in told
    assert "only 40% of the files left the page cache" in told
    assert "not installed: DALI, CPU; to get it: `uv pip install nvidia-dali-cuda130`" in told


# --- who takes part -------------------------------------------------------------------------------------


def test_peers_are_chosen_by_name_and_a_missing_one_is_known() -> None:
    assert chosen_peers("none") == []
    assert chosen_peers("all") == list(PEERS.values())
    assert chosen_peers("dali,nodes") == [PEERS["dali"], PEERS["nodes"]]
    with pytest.raises(RaceError, match="no peer of the evaluation form is named 'dahli'"):
        chosen_peers("dahli")
    assert Contender("x", "m:f", requires="no_such_thing").missing
    assert Contender("x", "m:f", requires="no_such_thing.part").missing
    assert not Contender("x", "m:f", requires="torch.utils").missing
    assert all(one.install for one in PEERS.values() if one.requires)


def test_contenders_from_outside_have_names_of_their_own() -> None:
    plain, named = from_outside(["a.b:c", "mine=a.b:c"], any_order=True)
    assert (plain.name, plain.target) == ("a.b:c", "a.b:c")
    assert (named.name, named.target, named.tolerance) == ("mine", "a.b:c", RESAMPLING)
    assert named.any_order
    with pytest.raises(RaceError, match="two contenders are named 'guide'"):
        from_outside(["guide=a:b"], any_order=False)


# --- the processes --------------------------------------------------------------------------------------


def process(target: str, photos: Path, tmp_path: Path, timeout: float = 60) -> ContenderProcess:
    job = Job(target, photos, BATCH, tmp_path)
    return ContenderProcess("one", job, tmp_path / "one.log", timeout)


def is_stopped(member: psutil.Process) -> bool:
    """Whether it is, or within half a minute will be: the signal takes effect a moment after it was sent."""
    until = time.monotonic() + 30
    while member.status() != psutil.STATUS_STOPPED and time.monotonic() < until:
        time.sleep(0.02)
    return member.status() == psutil.STATUS_STOPPED


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("no_process_left")
def test_a_contender_is_stopped_when_it_is_not_its_turn(module: str, photos: Path, tmp_path: Path) -> None:
    with process(f"{module}:with_workers", photos, tmp_path) as one:
        assert one.ask("load") > 0
        epoch = one.ask("epoch")
        assert epoch.images == IMAGES
        assert epoch.cpu > 0
        tree = psutil.Process(one._process.pid).children(recursive=True)
        assert len(tree) == 2
        if sys.platform == "linux":
            assert all(is_stopped(member) for member in tree)
        assert one.ask("epoch", 0.5).epochs > 1
    assert not any(member.is_running() for member in tree)


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("no_process_left")
def test_errors_deaths_and_hangs_end_in_one_clear_message(module: str, photos: Path, tmp_path: Path) -> None:
    with (
        process(f"{module}:raises", photos, tmp_path) as one,
        pytest.raises(RaceError, match=r"one: OSError: the disk is gone(.|\n)*line \d+, in raises"),
    ):
        one.ask("load")
    with (
        process(f"{module}:leaves", photos, tmp_path) as one,
        pytest.raises(RaceError, match=r"one: its process ended with code 7\.(.|\n)*so long"),
    ):
        one.ask("load")
    with process(f"{module}:hangs", photos, tmp_path) as one:
        one._timeout = 0.5
        with pytest.raises(RaceError, match="one gave no answer in"):
            one.ask("load")


KILLED = """
import sys, time
from pathlib import Path
from benchmarks.race.messages import Job
from benchmarks.race.process import ContenderProcess
target, photos, scratch = sys.argv[1:]
job = Job(target, Path(photos), 8, Path(scratch))
one = ContenderProcess("one", job, Path(scratch, "one.log"), 60)
one.ask("load"), one.ask("epoch")
print(one._process.pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.timeout(180)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a contender is not stopped")
def test_a_race_that_is_killed_leaves_no_process(module: str, photos: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, f"{module}:with_workers", str(photos), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as race:
        assert race.stdout is not None
        child = psutil.Process(int(race.stdout.readline()))
        tree = [child, *child.children(recursive=True)]
        race.send_signal(signal.SIGKILL)
    assert len(tree) == 3
    _, alive = psutil.wait_procs(tree, timeout=20)
    for member in alive:
        member.kill()
    assert not alive


# --- all of it ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("no_process_left", "short_turns")
def test_a_race_from_the_command_line(
    module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "race.json"
    arguments = ["--images", str(IMAGES), "--rounds", "1", "--cold-rounds", "1", "--peers", "none"]
    arguments += ["--scratch", str(tmp_path), "--json", str(out), f"mine={module}:good"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    assert rows == ["loader", "---", "mine", GUIDE.name, DECODING.name, COPYING.name]
    assert [row.name for row in read(out).rows] == rows[2:]
    assert not list(tmp_path.glob("race-*"))


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("no_process_left")
@pytest.mark.parametrize(
    ("factory", "message"),
    [("half", "8 of 20 images in an epoch"), ("nothing", "has no function 'nothing'")],
)
def test_a_contender_that_is_not_fit_ends_the_race_before_any_time_is_taken(
    module: str, photos: Path, capsys: pytest.CaptureFixture[str], factory: str, message: str
) -> None:
    target = f"{module}:{factory}"
    assert main(["--folder", str(photos), "--batch-size", "8", "--peers", "none", target]) == 1
    shown = capsys.readouterr()
    assert f"race: {target}: " in shown.err
    assert message in shown.err
    assert shown.out == ""


def test_the_help_states_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert contract.CONTRACT.strip() in capsys.readouterr().out
