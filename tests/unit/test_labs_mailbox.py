"""The mailbox: newest wins, the last letter always lands, the thread comes and goes."""

import threading

import pytest

from dpwidgets.labs import mailbox
from dpwidgets.labs.mailbox import Mailbox

SOON = 30  # seconds: more than any of this takes


class Reader:
    """Reads letters, and can be held up while it does."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.reading = threading.Event()
        self.go_on = threading.Event()
        self.done = threading.Semaphore(0)

    def __call__(self, letter: int) -> None:
        self.reading.set()
        assert self.go_on.wait(SOON)
        self.read.append(letter)
        self.done.release()


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_what_waits_is_replaced_by_what_is_newer(reader: Reader) -> None:
    box = Mailbox(reader)
    box.put(0)
    assert reader.reading.wait(SOON)
    for letter in range(1, 100):
        box.put(letter)
    reader.go_on.set()
    assert reader.done.acquire(timeout=SOON)
    assert reader.done.acquire(timeout=SOON)
    assert reader.read == [0, 99]


def test_put_does_not_wait_for_the_reader(reader: Reader) -> None:
    box = Mailbox(reader)
    box.put(0)
    assert reader.reading.wait(SOON)
    box.put(1)  # would hang here
    assert reader.read == []
    reader.go_on.set()


def test_a_letter_after_a_long_rest_is_read(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "IDLE_SECONDS", 0.01)
    reader.go_on.set()
    box = Mailbox(reader)
    for letter in range(3):
        box.put(letter)
        assert reader.done.acquire(timeout=SOON)
        assert box._thread is None or box._thread.join(SOON) is None
        assert box._thread is None, "an idle mailbox keeps no thread"
    assert reader.read == [0, 1, 2]


def test_many_hands_at_once_the_last_letter_lands(reader: Reader) -> None:
    reader.go_on.set()
    box = Mailbox(reader)
    hands = [threading.Thread(target=lambda: [box.put(letter) for letter in range(200)]) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(SOON)
    box.put(-1)
    while reader.done.acquire(timeout=SOON):
        if reader.read[-1] == -1:
            break
    assert reader.read[-1] == -1
