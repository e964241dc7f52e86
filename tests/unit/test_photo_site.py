"""The sample site: on loopback only, the same mishaps each time, gone when it is closed."""

import hashlib
import io
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from dpwidgets import samples
from dpwidgets.samples.photo_site import PhotoSite


@pytest.fixture(scope="module")
def site() -> Iterator[PhotoSite]:
    with samples.photo_site(4) as site:
        yield site


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def get(site: PhotoSite, session: requests.Session):
    site.forget()
    return lambda path, **options: session.get(site.url + path, timeout=30, **options)


def test_it_listens_on_loopback_and_is_gone_when_closed(session: requests.Session) -> None:
    before = threading.active_count()
    with samples.photo_site(2) as own:
        assert own._server.server_address[0] == "127.0.0.1"
        assert session.get(f"{own.url}/robots.txt", timeout=30).ok
    own.close()
    with pytest.raises(requests.ConnectionError):
        requests.Session().get(f"{own.url}/robots.txt", timeout=30, proxies={"http": ""})
    session.close()
    for _ in range(200):
        if threading.active_count() <= before:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= before


def test_closing_ends_the_connections_that_clients_keep_open(session: requests.Session) -> None:
    def handlers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]

    before, waited = set(handlers()), []

    def wait(url: str) -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=100, proxies={"http": ""})
        waited.append(url)

    with samples.photo_site(2) as own:
        assert session.get(f"{own.url}/robots.txt", timeout=30).ok  # and the session keeps the connection
        waiting = threading.Thread(target=wait, args=(f"{own.url}/slow/{own.names()[0]}",))
        waiting.start()
        while len(own.log) < 2:
            threading.Event().wait(0.01)
        assert own.log[-1].status == 0
        left = set(handlers()) - before
        assert len(left) == 2
    for thread in [waiting, *left]:
        thread.join(30)
        assert not thread.is_alive()
    assert len(waited) == 1


def test_what_it_says_of_a_photo_is_true(site: PhotoSite, get) -> None:
    for file, note in site.notes.items():
        body = get(f"/photos/{file}").content
        assert hashlib.sha256(body).hexdigest() == note.sha256
        assert len(body) == note.bytes
        Image.open(io.BytesIO(body)).load()
    assert {note.label for note in site.notes.values() if not note.licence} == {"motorcycle"}


def test_ranges_and_versions(site: PhotoSite, get) -> None:
    file = site.names("china")[0]
    whole = get(f"/photos/{file}")
    tag, size = whole.headers["ETag"], len(whole.content)
    rest = get(f"/photos/{file}", headers={"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert get(f"/photos/{file}", headers={"Range": "bytes=100-", "If-Range": '"old"'}).status_code == 200
    assert get(f"/photos/{file}", headers={"Range": f"bytes={size}-"}).status_code == 416
    for odd in (
        "bytes=0-99",
        "bytes=-5",
        "bytes=a-",
        "bytes=0-,5-",
        "lines=1-",
    ):  # all of it is a right answer
        assert get(f"/photos/{file}", headers={"Range": odd}).content == whole.content, odd


def test_mishaps_come_again_after_forgetting(site: PhotoSite, get) -> None:
    file = site.names("china")[0]
    for _ in range(2):
        assert [get(f"/flaky/{file}").status_code for _ in range(4)] == [503, 503, 200, 200]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            get(f"/cut/{file}")
        assert get(f"/cut/{file}").ok
        assert site.statuses() == {200: 4, 503: 2}
        site.forget()


def test_a_client_that_hangs_up_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    with samples.photo_site(2) as own:
        asked = f"GET /photos/{own.names()[0]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for _ in range(5):
            line = socket.create_connection(("127.0.0.1", own.port), timeout=30)
            line.sendall(asked)
            line.recv(10)
            # Close with a reset, as the system does where something is left unread.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
            for thread in threading.enumerate():
                if "process_request_thread" in thread.name:
                    thread.join(30)
        assert len(own.log) == 5
    assert capfd.readouterr().err == ""


def test_the_limit_follows_the_clock_that_it_is_given(session: requests.Session) -> None:
    seconds = [0.0]
    with samples.photo_site(2, rate=3, clock=lambda: seconds[0]) as own:
        ask = f"{own.url}/limited/{own.names()[0]}"
        assert [session.get(ask, timeout=30).status_code for _ in range(4)] == [200, 200, 200, 429]
        seconds[0] += 1 / 3
        assert [session.get(ask, timeout=30).status_code for _ in range(2)] == [200, 429]


def test_the_list_grows_and_shrinks(get) -> None:
    with samples.photo_site(4) as own:
        listed = own.listed(None, 0, 100)["items"]
        own.publish(2)
        assert own.listed(None, 2, 100)["items"] == listed
        own.withdraw(2)
        assert own.listed(None, 0, 100)["items"] == listed
        assert own.listed("", 0, 5)["next"] == str(listed[4]["id"])
        own.withdraw(len(listed) - 2)
        own.withdraw(3)  # more than there are
        assert own.listed(None, 0, 100) == {"items": [], "next": None}
        own.publish(100)
        assert [photo["id"] for photo in own.listed(None, 4, 100)["items"]] == [p["id"] for p in listed]


@pytest.mark.parametrize("query", ["offset=x", "offset=-1", "limit=0", "limit=-2", "cursor=x"])
def test_a_query_that_makes_no_sense(get, query: str) -> None:
    answer = get(f"/api/photos?{query}")
    assert answer.status_code == 400
    assert "whole numbers" in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/photos/", "/photos/none.jpg", "/scenes/none.html", "/x/y", "/calendar/x"]
)
def test_what_is_not_there(get, path: str) -> None:
    assert get(path).status_code == 404


@pytest.mark.parametrize(("wrong", "named"), [({"per_class": 1}, "per_class"), ({"rate": 0}, "rate")])
def test_a_wrong_value_is_named(wrong: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        samples.photo_site(**wrong)
