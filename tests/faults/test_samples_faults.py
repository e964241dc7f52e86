"""The cache of sample data under bad luck: no rights, full disk, interruptions, two processes, damage."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from dpwidgets import samples
from dpwidgets.samples import cache
from dpwidgets.samples.cache import cached_tree


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the test's own."""
    monkeypatch.setenv("DPWIDGETS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_three(root: Path) -> None:
    (root / "a").mkdir()
    (root / "empty").mkdir()
    for name in ("a/1", "a/2", "top"):
        (root / name).write_text(name, encoding="utf-8")


def visible(folder: Path) -> list[str]:
    """What lies in the cache folder beside lock files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_cache_folder_follows_the_variable_and_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPWIDGETS_CACHE", "somewhere")
    assert samples.cache_folder() == Path.cwd() / "somewhere"
    monkeypatch.setenv("DPWIDGETS_CACHE", "~/somewhere")
    assert samples.cache_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("DPWIDGETS_CACHE")
    assert samples.cache_folder().is_absolute()
    assert "dpwidgets" in samples.cache_folder().parts


def test_tree_is_made_once(folder: Path) -> None:
    calls = []

    def write(root: Path) -> None:
        calls.append(root)
        write_three(root)

    first, second = cached_tree("t", 3, write), cached_tree("t", 3, write)
    assert first == second == folder / "t-v3" / "t"
    assert len(calls) == 1
    assert (first / "a" / "2").read_text(encoding="utf-8") == "a/2"
    assert visible(folder) == ["t-v3"]


@pytest.mark.fault("samples", "the cache folder is a file")
def test_cache_folder_that_is_a_file_is_named_with_the_cure(
    folder: Path, user_reads: Callable[[object], str]
) -> None:
    folder.write_text("in the way", encoding="utf-8")
    with pytest.raises(samples.SampleError) as raised:
        cached_tree("t", 1, write_three)
    message = user_reads(raised.value)
    assert str(folder) in message
    assert "DPWIDGETS_CACHE" in message
    assert folder.read_text(encoding="utf-8") == "in the way"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser may write everywhere; run as a user",
)
@pytest.mark.fault("samples", "a cache folder without the right to write")
def test_cache_folder_without_rights_is_named_with_the_cure(
    folder: Path, user_reads: Callable[[object], str]
) -> None:
    folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(samples.SampleError, match=r"Permission denied.*DPWIDGETS_CACHE") as raised:
            cached_tree("t", 1, write_three)
        user_reads(raised.value)
    finally:
        folder.chmod(0o700)


@pytest.mark.fault("samples", "the system refuses a write")
def test_a_refused_write_is_named_with_the_cure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Callable[[object], str]
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(samples.SampleError, match=r"Permission denied.*DPWIDGETS_CACHE") as raised:
        samples.photos()
    user_reads(raised.value)


@pytest.mark.fault("samples", "disk full after five photos")
def test_full_disk_says_so_and_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Callable[[object], str]
) -> None:
    real, written = Path.write_bytes, []

    def write_until_full(self: Path, data: bytes) -> int:
        if len(written) == 5:
            real(self, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        written.append(self)
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_until_full)
    with pytest.raises(samples.SampleError) as raised:
        samples.photos()
    for part in (str(folder), "No space left", "DPWIDGETS_CACHE"):
        assert part in user_reads(raised.value)
    assert len(written) == 5
    assert visible(folder) == []


@pytest.mark.fault("samples", "a package without its photograph")
def test_missing_photograph_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Callable[[object], str]
) -> None:
    gone = samples.PhotoSource("cow", "data/cow.png", "skimage", "nobody")
    monkeypatch.setattr("dpwidgets.samples.photo_folder.photo_sources", lambda: [gone])
    with pytest.raises(samples.SampleError, match="'cow'") as raised:
        samples.photos()
    user_reads(raised.value)
    assert visible(folder) == []


@pytest.mark.fault("samples", "the making is interrupted")
def test_interrupted_making_leaves_nothing_behind(folder: Path, user_reads: Callable[[object], str]) -> None:
    def interrupted(root: Path) -> None:
        write_three(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        cached_tree("t", 1, interrupted)
    user_reads(f"KeyboardInterrupt{raised.value}")
    assert visible(folder) == []
    assert cached_tree("t", 1, write_three).is_dir()


KILLED = """
import os, signal
from pathlib import Path
from dpwidgets.samples.cache import cached_tree

def write(root: Path) -> None:
    (root / "half").write_text("written")
    os.kill(os.getpid(), signal.SIGKILL)

cached_tree("t", 1, write)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a thing of Unix; nothing to install")
@pytest.mark.fault(
    "samples", "the making process is killed", mended="the next call sweeps up, and makes the tree"
)
def test_killed_process_blocks_nobody_and_is_swept_up(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], timeout=60)
    assert [name for name in visible(folder) if ".part-" in name], (
        "the killed process left its half-made tree"
    )
    tree = cached_tree("t", 1, write_three)
    assert sorted(path.name for path in tree.iterdir()) == ["a", "empty", "top"]
    assert visible(folder) == ["t-v1"]


SLOW_WRITER = """
import sys, time
from pathlib import Path
from dpwidgets.samples import cache

def write(root: Path) -> None:
    with open(sys.argv[1], "a") as log:
        log.write("made\\n")
    (root / "one").write_text("1")
    time.sleep(0.5)
    (root / "two").write_text("2")

if sys.argv[2] == "without locks":
    def refuse(*args, **kwargs):
        raise NotImplementedError
    cache.FileLock.acquire = refuse

tree = cache.cached_tree("t", 1, write)
assert sorted(path.name for path in tree.iterdir()) == ["one", "two"], list(tree.iterdir())
"""


@pytest.mark.parametrize("locks", ["with locks", "without locks"])
@pytest.mark.fault("samples", "three processes at the same time, {locks}", mended="one whole tree for all")
def test_processes_at_the_same_time_end_with_one_whole_tree(folder: Path, tmp_path: Path, locks: str) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", SLOW_WRITER, str(log), locks]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert visible(folder) == ["t-v1"]
    if locks == "with locks":
        assert log.read_text(encoding="utf-8") == "made\n", "two waited, and found the tree made"


@pytest.mark.fault("samples", "another process is faster, on a disk without locks", mended="its tree is used")
def test_tree_that_another_process_made_meanwhile_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*args: object, **kwargs: object) -> None:
        raise NotImplementedError

    def write_while_another_comes_first(root: Path) -> None:
        write_three(root)
        firsts.append((cached_tree("t", 1, write_three) / "top").stat().st_ino)

    firsts: list[int] = []
    monkeypatch.setattr(FileLock, "acquire", no_locks)
    tree = cached_tree("t", 1, write_while_another_comes_first)
    assert [(tree / "top").stat().st_ino] == firsts
    assert visible(folder) == ["t-v1"]


@pytest.mark.fault("samples", "a frozen process holds the lock", mended="goes on without the lock")
def test_lock_that_is_never_given_back_does_not_block(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LOCK_WAIT", 0.1)
    folder.mkdir()
    with FileLock(folder / ".t-v1.lock", is_singleton=False):
        assert (cached_tree("t", 1, write_three) / "top").is_file()


@pytest.mark.fault("samples", "a dead process left its lock file", mended="the lock is taken over")
def test_lock_file_left_by_a_dead_process_does_not_block(folder: Path) -> None:
    folder.mkdir()
    (folder / ".t-v1.lock").write_text("", encoding="utf-8")
    assert (cached_tree("t", 1, write_three) / "top").is_file()


@pytest.mark.parametrize(
    "damage", ["file gone", "file cut short", "folder gone", "manifest broken", "all gone"]
)
@pytest.mark.fault("samples", "damaged tree: {damage}", mended="made again, whole")
def test_damaged_tree_is_made_again(folder: Path, damage: str) -> None:
    tree = cached_tree("t", 1, write_three)
    if damage == "file gone":
        (tree / "a" / "1").unlink()
    elif damage == "file cut short":
        (tree / "top").write_text("t", encoding="utf-8")
    elif damage == "folder gone":
        (tree / "empty").rmdir()
    elif damage == "manifest broken":
        (tree.parent / "manifest.json").write_text("{", encoding="utf-8")
    else:
        os.rename(tree, folder / "elsewhere")
    again = cached_tree("t", 1, write_three)
    assert again == tree
    assert (tree / "top").read_text(encoding="utf-8") == "top"
    assert (tree / "a" / "1").is_file()
    assert (tree / "empty").is_dir()


@pytest.mark.fault("samples", "a disk that may only be read", mended="the tree that is there is used")
def test_tree_in_a_folder_that_may_only_be_read_is_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = cached_tree("t", 1, write_three)

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert cached_tree("t", 1, write_three) == tree


def test_importing_the_samples_loads_no_torch_and_no_scikit_learn() -> None:
    probe = "import sys; from dpwidgets import samples; print({'torch', 'sklearn'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"
