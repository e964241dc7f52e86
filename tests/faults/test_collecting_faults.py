"""Collecting under bad luck: cut lines, lying servers, a full disk, a process killed in mid-download."""

import contextlib
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from dpwidgets.prep.collecting import Collection, Refused, Wanted, download, patient_session


def picture(seed: int) -> bytes:
    """A PNG of noise, about 120 kB: noise does not compress."""
    pixels = np.random.default_rng(seed).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


BODY, OTHER = picture(0), picture(1)
DIGEST = hashlib.sha256(BODY).hexdigest()
Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Server:
    """Answers every request by `answer(handler, n)`, n = 1, 2, …; keeps each Range header in `ranges`."""

    def __init__(self, answer: Answer) -> None:
        self.ranges: list[str | None] = []
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                self.close_connection = True
                answer(self, len(server.ranges))

            def log_message(self, *args: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/a.png"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with patient_session("test/1.0", retries=2, backoff=0) as session:
        session.trust_env = False
        yield session


def send(
    handler: BaseHTTPRequestHandler, body: bytes = BODY, part: int | None = None, tag: str = '"1"'
) -> None:
    """`body` from where the client wants it, if it has the same version; only `part` bytes of it."""
    wanted, start = handler.headers.get("Range", ""), 0
    if wanted and handler.headers.get("If-Range", tag) == tag:
        start = int(wanted[len("bytes=") : -1])
        if start >= len(body):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(body)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    else:
        handler.send_response(200)
    handler.send_header("Content-Length", str(len(body) - start))
    if tag:
        handler.send_header("ETag", tag)
    handler.end_headers()
    rest = body[start:]
    handler.wfile.write(rest if part is None else rest[:part])
    handler.wfile.flush()


def status(handler: BaseHTTPRequestHandler, code: int, **headers: str) -> None:
    handler.send_response(code)
    for name, value in {"Content-Length": "4", **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(b"oops")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.fault("collecting", "the line is cut", mended="the rest is fetched, no byte twice")
def test_a_cut_line_is_picked_up_where_it_broke(serve, session, tmp_path: Path) -> None:
    server = serve(lambda handler, n: send(handler, part=50_000 if n == 1 else None))
    fetched = download(session, server.url, tmp_path / "a.png", sha256=DIGEST)
    assert (tmp_path / "a.png").read_bytes() == BODY
    assert fetched == len(BODY), "bytes came twice"
    assert server.ranges[0] is None
    assert server.ranges[1] != "bytes=0-"
    assert left(tmp_path) == ["a.png"]


@pytest.mark.fault("collecting", "the line is cut again and again")
def test_cut_again_and_again_leaves_a_part_that_the_next_run_continues(
    serve, session, tmp_path: Path, user_reads
) -> None:
    calm = threading.Event()
    server = serve(lambda handler, n: send(handler, part=None if calm.is_set() else 20_000))
    with pytest.raises(Refused, match="cut") as raised:
        download(session, server.url, tmp_path / "a.png", tries=3)
    user_reads(raised.value)
    assert raised.value.fate == "cut"
    assert left(tmp_path) == ["a.png.etag", "a.png.part"]
    have = (tmp_path / "a.png.part").stat().st_size
    assert 20_000 < have < len(BODY), "the tries did not build upon each other"
    calm.set()
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == len(BODY) - have
    assert left(tmp_path) == ["a.png"]


@pytest.mark.fault("collecting", "cut, and the server names no version", mended="fetched anew")
def test_without_an_etag_a_cut_download_starts_anew(serve, session, tmp_path: Path) -> None:
    server = serve(lambda handler, n: send(handler, part=50_000 if n == 1 else None, tag=""))
    download(session, server.url, tmp_path / "a.png", sha256=DIGEST)
    assert server.ranges == [None, None]


@pytest.mark.fault("collecting", "cut, and the server names its version weakly", mended="fetched anew")
def test_a_weak_etag_does_not_promise_the_same_bytes(serve, session, tmp_path: Path) -> None:
    server = serve(lambda handler, n: send(handler, part=50_000 if n == 1 else None, tag='W/"1"'))
    download(session, server.url, tmp_path / "a.png", sha256=DIGEST)
    assert server.ranges == [None, None]


@pytest.mark.fault("collecting", "cut, and the file changed meanwhile", mended="the new file, whole")
def test_a_file_that_changed_meanwhile_is_not_glued_together(serve, session, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        send(handler, part=50_000) if n == 1 else send(handler, OTHER, tag='"2"')

    server = serve(answer)
    download(session, server.url, tmp_path / "a.png")
    assert server.ranges[1] is not None
    assert (tmp_path / "a.png").read_bytes() == OTHER


@pytest.mark.fault(
    "collecting",
    "killed between the last byte and the renaming",
    mended="the part is the file; nothing is fetched",
)
def test_killed_between_the_last_byte_and_the_renaming(serve, session, tmp_path: Path) -> None:
    (tmp_path / "a.png.part").write_bytes(BODY)
    (tmp_path / "a.png.etag").write_text('"1"')
    server = serve(lambda handler, n: send(handler))
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == 0
    assert (tmp_path / "a.png").read_bytes() == BODY


@pytest.mark.fault("collecting", "the server sends a part that nobody asked for")
def test_a_part_that_nobody_asked_for_is_refused(serve, session, tmp_path: Path, user_reads) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 7-{len(BODY) - 1}/{len(BODY)}")
        handler.send_header("Content-Length", str(len(BODY) - 7))
        handler.end_headers()
        handler.wfile.write(BODY[7:])

    with pytest.raises(Refused, match="206") as raised:
        download(session, serve(answer).url, tmp_path / "a.png")
    user_reads(raised.value)
    assert left(tmp_path) == []


@pytest.mark.fault("collecting", "the file is not there (404)")
def test_404_is_asked_once(serve, session, tmp_path: Path, user_reads) -> None:
    server = serve(lambda handler, n: status(handler, 404))
    with pytest.raises(Refused, match="404") as raised:
        download(session, server.url, tmp_path / "a.png")
    user_reads(raised.value)
    assert len(server.ranges) == 1
    assert left(tmp_path) == []


@pytest.mark.fault("collecting", "the server is busy for ever (503)")
def test_503_for_ever_ends_and_503_for_a_while_is_overcome(
    serve, session, tmp_path: Path, user_reads
) -> None:
    always = serve(lambda handler, n: status(handler, 503))
    with pytest.raises(Refused, match="503") as raised:
        download(session, always.url, tmp_path / "a.png")
    user_reads(raised.value)
    assert len(always.ranges) == 3, "one request and two retries"
    twice = serve(lambda handler, n: status(handler, 503) if n <= 2 else send(handler))
    assert download(session, twice.url, tmp_path / "a.png") == len(BODY)


@pytest.mark.fault(
    "collecting", "the server is busy when a part is to be continued", mended="the part is kept and continued"
)
def test_a_busy_server_does_not_cost_the_part(serve, session, tmp_path: Path) -> None:
    (tmp_path / "a.png.part").write_bytes(BODY[:50_000])
    (tmp_path / "a.png.etag").write_text('"1"')
    server = serve(lambda handler, n: status(handler, 503) if n <= 3 else send(handler))
    with pytest.raises(Refused, match="503"):
        download(session, server.url, tmp_path / "a.png")
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == len(BODY) - 50_000


@pytest.mark.fault("collecting", "no server answers")
def test_no_server_at_all(session, tmp_path: Path, user_reads) -> None:
    server = Server(lambda handler, n: None)
    server.close()
    with pytest.raises(Refused) as raised:
        download(session, server.url, tmp_path / "a.png", tries=2)
    user_reads(raised.value)
    assert raised.value.fate == "no answer"


@pytest.mark.fault("collecting", "other bytes than announced")
def test_a_wrong_sum_is_thrown_away(serve, session, tmp_path: Path, user_reads) -> None:
    server = serve(lambda handler, n: send(handler))
    with pytest.raises(Refused, match="wrong sum") as raised:
        download(session, server.url, tmp_path / "a.png", sha256="0" * 64)
    user_reads(raised.value)
    assert left(tmp_path) == []


@pytest.mark.fault("collecting", "a body without an end")
def test_a_body_without_an_end_is_stopped(serve, session, tmp_path: Path, user_reads) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(BODY)
        except OSError:
            pass

    with pytest.raises(Refused, match="too large") as raised:
        download(session, serve(answer).url, tmp_path / "a.png", max_bytes=300_000)
    user_reads(raised.value)
    assert left(tmp_path) == []


@pytest.mark.fault("collecting", "a server that drips")
def test_a_slow_drip_meets_the_deadline_and_is_continued_later(
    serve, session, tmp_path: Path, user_reads
) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        send(handler, part=1 if n == 1 else None)
        if n == 1:
            server.release.wait(100)  # the second byte does not come

    server = serve(answer)
    seconds = iter((0, 101))
    with pytest.raises(Refused, match="too slow") as raised:
        download(session, server.url, tmp_path / "a.png", seconds=100, clock=lambda: next(seconds))
    user_reads(raised.value)
    assert (tmp_path / "a.png.part").read_bytes() == BODY[:1]
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == len(BODY) - 1


@pytest.mark.fault(
    "collecting", "the file changed, and the server takes no notice of If-Range", mended="the new file, whole"
)
def test_a_part_of_another_version_is_not_glued_on(serve, session, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        del handler.headers["If-Range"]
        send(handler, part=50_000) if n == 1 else send(handler, OTHER, tag='"2"')

    server = serve(answer)
    assert download(session, server.url, tmp_path / "a.png") > len(OTHER)
    assert (tmp_path / "a.png").read_bytes() == OTHER
    assert [wanted is not None for wanted in server.ranges] == [False, True, False]


@pytest.mark.fault(
    "collecting", "the file is shorter now than the part of it", mended="fetched anew, not refused for ever"
)
def test_a_part_that_is_longer_than_the_file_is_thrown_away(serve, session, tmp_path: Path) -> None:
    (tmp_path / "a.png.part").write_bytes(BODY + b"more")
    (tmp_path / "a.png.etag").write_text('"1"')
    server = serve(lambda handler, n: send(handler))
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == len(BODY)
    assert len(server.ranges) == 2


@pytest.mark.fault("collecting", "no web address: {url!r:.24}")
@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/b", "b.png", "", "http://[half", "http://a..b/", "http://\ud800.example/", "file:///b"],
)
def test_what_is_no_web_address_is_refused_at_once(session, tmp_path: Path, user_reads, url: str) -> None:
    with pytest.raises(Refused, match="bad address") as raised:
        download(session, url, tmp_path / "a.png")
    user_reads(repr(str(raised.value)))
    assert Collection(tmp_path / "c").fetch(session, Wanted(url, "noise")) == "bad address"


@pytest.mark.fault("collecting", "a redirect to {place}")
@pytest.mark.parametrize(
    "place",
    [
        "http://localhost:{port}/b.png",
        "file:///etc/passwd",
        "//localhost:{port}/b.png",
        "mailto:me@127.0.0.1",
    ],
)
def test_a_redirect_out_of_the_host_is_not_followed(
    serve, session, tmp_path: Path, user_reads, place: str
) -> None:
    server = serve(lambda handler, n: status(handler, 302, Location=place.format(port=server.port)))
    with pytest.raises(Refused, match="left the host") as raised:
        download(session, server.url, tmp_path / "a.png")
    user_reads(raised.value)
    assert len(server.ranges) == 1


@pytest.mark.fault("collecting", "a redirect to half an address")
def test_a_redirect_to_no_address_is_refused(serve, session, tmp_path: Path, user_reads) -> None:
    server = serve(lambda handler, n: status(handler, 302, Location="http://[half"))
    with pytest.raises(Refused, match="bad address") as raised:
        download(session, server.url, tmp_path / "a.png")
    user_reads(raised.value)
    assert len(server.ranges) == 1


def test_redirects_are_followed_inside_the_host_and_where_allowed(serve, session, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        places = {1: "/moved.png", 2: f"http://localhost:{server.port}/there.png"}
        status(handler, 301, Location=places[n]) if n in places else send(handler)

    server = serve(answer)
    download(session, server.url, tmp_path / "a.png", sha256=DIGEST, hosts={"127.0.0.1", "LocalHost"})
    assert len(server.ranges) == 3


@pytest.mark.fault("collecting", "a {code} with a body without an end", mended="hung up, then asked again")
@pytest.mark.parametrize("code", [302, 503])
def test_a_body_that_nobody_wants_is_not_read(serve, session, tmp_path: Path, code: int) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        if n > 1:
            send(handler)
            return
        handler.send_response(code)
        handler.send_header("Location", "/there.png")
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not server.release.is_set():
                handler.wfile.write(BODY)
        hung_up.set()

    hung_up = threading.Event()
    server = serve(answer)
    assert download(session, server.url, tmp_path / "a.png", sha256=DIGEST) == len(BODY)
    assert hung_up.wait(20)


@pytest.mark.fault("collecting", "redirects in a circle")
def test_redirects_in_a_circle_end(serve, session, tmp_path: Path, user_reads) -> None:
    server = serve(lambda handler, n: status(handler, 302, Location="/a.png"))
    with pytest.raises(Refused, match="302") as raised:
        download(session, server.url, tmp_path / "a.png")
    user_reads(raised.value)
    assert len(server.ranges) < 10


FETCH = """
import sys
from pathlib import Path
from dpwidgets.prep.collecting import Collection, Wanted, patient_session
folder, url, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if limit:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
session = patient_session("test/1.0", retries=0)
session.trust_env = False
print(Collection(folder).fetch(session, Wanted(url, "noise", "g1")))
"""


def fetch_command(folder: Path, url: str, limit: int = 0) -> list[str]:
    return [sys.executable, "-c", FETCH, str(folder), url, str(limit)]


@pytest.mark.fault("collecting", "the disk is full")
@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process's files are a matter of Unix")
def test_a_full_disk_is_told_and_the_next_run_goes_on(serve, session, tmp_path: Path, user_reads) -> None:
    server = serve(lambda handler, n: send(handler))
    done = subprocess.run(
        fetch_command(tmp_path, server.url, 65_536), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    told = user_reads(done.stderr.strip().splitlines()[-1])
    assert "RuntimeError" in told
    assert "free some space" in told
    assert not (tmp_path / "photos").exists()
    assert Collection(tmp_path).fetch(session, Wanted(server.url, "noise", "g1", sha256=DIGEST)) == "new"
    (start,) = (wanted for wanted in server.ranges if wanted)
    assert int(start[len("bytes=") : -1]) > 30_000, "what was written before the disk was full is kept"


MANY = """
import sys
from pathlib import Path
from dpwidgets.prep.collecting import Collection, Wanted
import resource
whole = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), whole[1]))
collection = Collection(Path(sys.argv[2]))
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        collection.take(path, Wanted(path.name, "noise"))
    except RuntimeError as error:
        print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, whole)  # somebody has made room
"""


@pytest.mark.fault("collecting", "the disk is full when the manifest is written")
@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process's files are a matter of Unix")
def test_a_manifest_never_holds_half_a_line(tmp_path: Path, user_reads) -> None:
    source, folder = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    for n in range(12):
        Image.new("RGB", (20, 20), (n, 0, 0)).save(source / f"{n:02}.png")
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(source), str(folder), "1500"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "manifest.jsonl was not written" in user_reads(done.stdout.splitlines()[0])
    again = Collection(folder)
    assert len(again.rows) == 11, "one file was not noted, all others were"
    fates = [again.take(path, Wanted(path.name, "noise")) for path in sorted(source.iterdir())]
    assert set(fates) == {"there already", "new"}
    assert len(Collection(folder).rows) == len(list((folder / "photos").rglob("*.png"))) == 12


@pytest.mark.fault(
    "collecting", "the process is killed in mid-download", mended="continued; no half file under a final name"
)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_in_mid_download_then_resumed(serve, session, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        if n > 1:
            return send(handler)
        send(handler, part=80_000)
        server.release.wait(100)

    server = serve(answer)
    child = subprocess.Popen(fetch_command(tmp_path, server.url))
    parts = tmp_path / ".downloads"
    end = time.monotonic() + 100
    while not any(path.stat().st_size > 30_000 for path in parts.glob("*.part")):
        assert child.poll() is None
        assert time.monotonic() < end, "the child wrote nothing"
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "photos").exists(), "a half file under a final name"

    collection = Collection(tmp_path)
    assert collection.rows == []
    assert collection.fetch(session, Wanted(server.url, "noise", "g1")) == "new"
    assert server.ranges[1] is not None, "it began anew"
    assert (tmp_path / collection.rows[0]["file"]).read_bytes() == BODY
    assert list(parts.iterdir()) == []


@pytest.mark.fault(
    "collecting",
    "killed in the middle of a manifest line",
    mended="the half line is dropped, the file noted again",
)
def test_killed_before_the_line_of_the_manifest_was_whole(serve, session, tmp_path: Path) -> None:
    server = serve(lambda handler, n: send(handler))
    first = Wanted(server.url, "noise")
    assert Collection(tmp_path).fetch(session, first) == "new"
    manifest = tmp_path / "manifest.jsonl"
    line = manifest.read_bytes()
    manifest.write_bytes(line + line[:40])
    again = Collection(tmp_path)
    assert len(again.rows) == 1
    assert manifest.read_bytes() == line
    manifest.write_bytes(line[:40])
    lost = Collection(tmp_path)
    assert lost.rows == []
    assert lost.fetch(session, first) == "new"
    assert len(list((tmp_path / "photos").rglob("*.*"))) == 1
    assert manifest.read_bytes().count(b"\n") == 1


@pytest.mark.fault("collecting", "no picture, half a picture, nothing", mended="refused as 'not a picture'")
def test_what_cannot_be_decoded_is_not_kept(serve, session, tmp_path: Path) -> None:
    bodies = {1: b"<html>Please log in</html>", 2: BODY[:60_000], 3: b"", 4: b"\x89PNG\r\n\x1a\n"}
    server = serve(lambda handler, n: send(handler, bodies[n]))
    collection = Collection(tmp_path)
    for n in bodies:
        assert collection.fetch(session, Wanted(f"{server.url}?{n}", "noise")) == "not a picture", n
    assert collection.rows == []
    assert not (tmp_path / "photos").exists()
    assert list((tmp_path / ".downloads").iterdir()) == []


@pytest.mark.fault(
    "collecting",
    "a class name that leads out of the folder: {label!r:.14}",
    mended="refused as 'bad name', nothing asked",
)
@pytest.mark.parametrize(
    "label", ["../../x", "/etc", "a/b", "", ".hidden", "..", "a\0b", "x" * 200, "字" * 60 + "x", "a\\b"]
)
def test_a_label_that_is_no_plain_name_is_refused_unasked(serve, session, tmp_path: Path, label: str) -> None:
    server = serve(lambda handler, n: send(handler))
    folder = tmp_path / "inside"
    assert Collection(folder).fetch(session, Wanted(server.url, label)) == "bad name"
    assert server.ranges == []
    assert left(tmp_path) == ["inside"]


@pytest.mark.fault(
    "collecting",
    "a file name that leads out of the folder",
    mended="not used: the name is the content's hash",
)
def test_the_servers_name_for_a_file_is_not_used(serve, session, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Disposition", 'attachment; filename="../../evil.png"')
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY)

    server = serve(answer)
    folder = tmp_path / "a" / "b"
    assert Collection(folder).fetch(session, Wanted(f"{server.url}/../../evil.png", "noise")) == "new"
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(found) == ["a/b/manifest.jsonl", f"a/b/photos/noise/{DIGEST[:16]}.png"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser may write everywhere; run as a user",
)
def test_a_folder_without_rights_is_named(serve, session, tmp_path: Path) -> None:
    server = serve(lambda handler, n: send(handler))
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RuntimeError, match="not written"):
            download(session, server.url, tmp_path / "a.png")
    finally:
        tmp_path.chmod(0o700)
