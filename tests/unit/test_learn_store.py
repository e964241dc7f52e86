"""Progress is kept, merged, and never lost or in the way: also with a bad file, folder or disk."""

import errno
import json
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from dpwidgets.learn import store
from dpwidgets.learn.overview import progress
from dpwidgets.learn.registry import chapters


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "data"
    monkeypatch.setenv("DPWIDGETS_DATA", str(own))
    return own


def saved(folder: Path) -> dict[str, str]:
    content: dict[str, Any] = json.loads((folder / "progress.json").read_text())
    assert content["version"] == 1
    items: dict[str, str] = content["items"]
    return items


def test_the_folder_is_the_users_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DPWIDGETS_DATA")
    assert store.data_folder().name == "dpwidgets"
    monkeypatch.setenv("DPWIDGETS_DATA", "~/elsewhere")
    assert store.data_folder() == Path.home() / "elsewhere"


def test_reading_makes_nothing(folder: Path) -> None:
    assert store.read() == {}
    assert not folder.exists()


def test_right_stays_right(folder: Path) -> None:
    store.record("99.1", right=False)
    assert saved(folder) == {"99.1": "tried"}
    store.record("99.1", right=True)
    store.record("99.1", right=False)
    assert saved(folder) == store.read() == {"99.1": "right"}


def test_items_that_this_version_does_not_know_are_kept(folder: Path) -> None:
    store.record("77.9", right=True)
    store.record("99.1", right=False)
    assert saved(folder) == {"77.9": "right", "99.1": "tried"}


def test_nothing_is_left_beside_the_file(folder: Path) -> None:
    store.record("99.1", right=True)
    assert sorted(path.name for path in folder.iterdir()) in (
        ["progress.json", "progress.lock"],
        ["progress.json"],
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 2, "items": {}}',
        b'{"version": 1, "items": []}',
        b'{"version": 1, "items": {"99.1": 3}}',
        b"[" * 100_000,
    ],
)
def test_an_unreadable_file_is_set_aside(
    content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "progress.json").write_bytes(content)
    assert store.read() == {}
    assert (folder / "progress.unreadable-1.json").read_bytes() == content
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "progress.unreadable-1.json" in message
    store.record("99.1", right=True)
    assert saved(folder) == {"99.1": "right"}


def test_files_set_aside_are_never_overwritten(folder: Path) -> None:
    folder.mkdir()
    for content in ("first", "second"):
        (folder / "progress.json").write_text(content)
        store.record("99.1", right=True)
    assert (folder / "progress.unreadable-1.json").read_text() == "first"
    assert (folder / "progress.unreadable-2.json").read_text() == "second"


def test_a_folder_that_cannot_be_made_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DPWIDGETS_DATA", str(tmp_path / "file" / "below"))
    store.record("99.1", right=True)
    store.record("99.2", right=False)
    assert store.read() == {"99.1": "right", "99.2": "tried"}
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "DPWIDGETS_DATA" in message


def test_in_a_read_only_folder_what_is_there_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.record("99.1", right=True)

    def refuse(*args: object, **kwargs: object) -> None:  # root may write everywhere, so no mode would do
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(store, "FileLock", refuse)
    store.record("99.2", right=True)
    assert store.read() == {"99.1": "right", "99.2": "right"}
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "Permission denied" in message


def test_a_full_disk_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.record("99.1", right=True)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        store.record("99.2", right=True)
    assert saved(folder) == {"99.1": "right"}
    assert not [path for path in folder.iterdir() if path.name not in ("progress.json", "progress.lock")]
    assert "No space left on device" in capsys.readouterr().err
    store.record("99.3", right=False)
    assert saved(folder) == {"99.1": "right", "99.2": "right", "99.3": "tried"}


def test_a_lock_that_another_process_keeps_does_not_block(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.05)
    taken, done = threading.Event(), threading.Event()

    def keep() -> None:
        with FileLock(folder / "progress.lock"):
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=keep)
    thread.start()
    taken.wait(30)
    store.record("99.1", right=True)
    done.set()
    thread.join()
    assert store.read() == {"99.1": "right"}
    assert capsys.readouterr().err.count("\n") == 1
    store.record("99.2", right=True)
    assert saved(folder) == {"99.1": "right", "99.2": "right"}


def _record_many(start: int) -> None:
    for number in range(start, start + 20):
        store.record(f"99.{number}", right=True)


def test_two_kernels_lose_nothing(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_record_many, args=(start,)) for start in (100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    assert len(saved(folder)) == 40


def test_progress_counts_by_chapter() -> None:
    first = chapters()[0]
    empty = progress()
    assert empty.next == first.exercises[0]
    assert empty.rows[0].exercises == (0, len(first.exercises))
    store.record(first.exercises[0].id, right=True)
    store.record(first.exercises[1].id, right=False)
    store.record(first.quizzes[0].id, right=True)
    table = progress()
    assert table.rows[0].exercises == (1, len(first.exercises))
    assert table.rows[0].quiz == (1, len(first.quizzes))
    assert table.next == first.exercises[1]
    assert f"1 of {len(first.exercises)}" in repr(table)
    assert f"Next: exercise {first.exercises[1].id}" in repr(table)
    page = table._repr_html_()
    assert "<caption>Your progress</caption>" in page
    assert f'<th scope="row">{first.number} {first.title}</th>' in page


def test_progress_ends() -> None:
    for each in chapters():
        for one in each.exercises:
            store.record(one.id, right=True)
    assert progress().next is None
    assert "Every exercise is right." in repr(progress())
