# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10b Collecting data
#
# Chapter 10 began with a folder of pictures. Where does such a folder come from? Here you fill it: from an API
# (addresses made for programs), from web pages, from your own disk. All three fail, lie and repeat themselves. You
# will meet each failure once, on a small web site that runs **inside this notebook** and misbehaves on purpose.
#
# **After this chapter you can**
#
# - ask again when it helps, wait as long as the other side wants, and give up where it is hopeless,
# - read an API page by page while it grows, and crawl pages without leaving the site,
# - download files that are whole or not there, and go on after a cut,
# - refuse what is too large, is no picture, or has a dangerous name,
# - keep a manifest: where each file came from, under which licence, and what belongs together,
# - hand the folder over to the audit and the `DataLoader` of chapter 10.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Files, paths, exceptions in Python | needed | any Python course |
# | What happens in a web request: address, status, header, body | helpful | section 1 shows it |
# | Audit, split by group, `DataLoader` | helpful | chapters 06 and 10 |
#
# **Time:** 70 minutes to read and try, with the exercises. The cells alone run for about 20 seconds.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import hashlib
import io
import os
import random
import tempfile
import time
from collections import Counter, deque
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import urlretrieve
from urllib.robotparser import RobotFileParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import requests
from IPython.display import display
from PIL import Image, ImageOps
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from dpwidgets import audit_folder, exercise, palette, predict, quiz, samples, show, use_style
from dpwidgets.prep.collecting import Collection, Wanted, patient_session
from dpwidgets.prep.parameters import Folder, Integer, Text, check_parameters

# %% tags=["parameters"]
source_dir = None  # your own pictures, one folder per class; None: a small untidy folder of ours
data_dir = None  # folder that gets the collection; None: a temporary one, deleted with the kernel
per_class = 12  # photos of each class on the site, 8 to 60
page_size = 10  # items on a page of the API, 2 to 50
rate = 5  # requests a second that the site allows, 1 to 100
max_bytes = 1_000_000  # largest file that is downloaded, bytes, 100,000 to 100,000,000
seed = 0  # start of chance, a whole number from 0 to 1,000,000

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    source_dir=Folder(optional=True),
    data_dir=Text(optional=True),
    per_class=Integer(8, 60),
    page_size=Integer(2, 50),
    rate=Integer(1, 100),
    max_bytes=Integer(100_000, 100_000_000),
    seed=Integer(0, 1_000_000),
)
use_style()

# %% [markdown]
# ## 1. Eight addresses
#
# The site serves the sample photos. It listens on this machine only; no network is needed. Under `/photos/` it
# behaves. Under other addresses the same photo has a mishap.
#
# A **request** names an address and a *method*: `GET` (give me this) or `POST` (take this). The **answer** has a
# *status* (200: here it is, 404: not there), *headers* (its type, its length) and a *body*, the bytes. To see which
# files are the same, we compare their [checksums](pages/glossary.ipynb#checksum): `sha256` makes a short text of
# all bytes of a file.
#
# **Question.** The cell below does what most scripts do: `requests.get`, write, next. Eight addresses, one
# photo. How many of the files that it writes can be opened as a picture?

# %%
os.environ["no_proxy"] = "127.0.0.1,localhost"  # a proxy that you may have does not know this site
site = samples.photo_site(per_class)
scratch = tempfile.TemporaryDirectory()
photo = site.names("china")[0]


def opens(path: Path) -> bool:
    """Whether every pixel of the picture can be decoded."""
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


predict("10b.p1", ...)


# %%
naive = Path(scratch.name, "naive")
naive.mkdir(exist_ok=True)
for kind in ("photos", "mirror", "flaky", "gone", "liar", "named", "away", "cut"):
    target = naive / f"{kind}.jpg"
    try:
        answer = requests.get(f"{site.url}/{kind}/{photo}", timeout=20)
    except requests.RequestException as error:
        print(f"{kind:7} {type(error).__name__}, nothing written")
        continue
    target.write_bytes(answer.content)
    print(
        f"{kind:7} status {answer.status_code}  says {answer.headers['Content-Type']:10}  opens: {opens(target)}"
    )
written = list(naive.iterdir())
good = [file for file in written if opens(file)]
different = {hashlib.sha256(file.read_bytes()).hexdigest() for file in good}
print(f"{len(written)} files written, {len(good)} open as pictures, {len(different)} different")
predict("10b.p1").reveal(len(good))

# %% [markdown]
# **What happened.** `requests.get` raises for a cut line, but not for a status: 503 (*busy*) and 404 (*not
# there*) have a body too, a small web page, and it was saved as `.jpg`. `liar` is worse: status 200, type
# `image/jpeg`, and the body asks you to log in. `away` opened, but it came from **another host**. And all four
# pictures are one.
#
# ## 2. May I?
#
# Ask before the first byte. Three different things, and one does not replace the other:
#
# - **[robots.txt](pages/glossary.ipynb#robots.txt)**: which addresses the owner asks programs not to visit, and
#   how fast to go.
# - **The terms of use** of an API or site: often they forbid crawling and offer an API instead.
# - **The [licence](pages/glossary.ipynb#provenance)** of each work. That you *can* fetch a photo says nothing about
#   what you may do with it.
#
# People in a picture are personal data, whatever the licence of the picture says: you need a reason in law,
# most often their consent, and a way to take them out again. If you do not need faces, do not collect them.

# %%
AGENT = "workbook-reader"
robots = RobotFileParser()
robots.parse(requests.get(f"{site.url}/robots.txt", timeout=20).text.splitlines())
for agent, path in ((AGENT, "/photos/"), (AGENT, "/members/people.html"), ("greedy", "/photos/")):
    print(f"{agent:16} {path:21} allowed: {robots.can_fetch(agent, path)}")
print("seconds between two requests:", robots.crawl_delay(AGENT))

print("never read any robots.txt:   ", RobotFileParser().can_fetch(AGENT, "/photos/"))
empty = RobotFileParser()
empty.parse([])
print("read one, and it was empty:  ", empty.can_fetch(AGENT, "/photos/"))

# %% [markdown]
# **What happened.** The parser knows groups for named programs, and the pause that the owner wants. A parser
# that has read nothing answers *no* to everything: safe, but easily mistaken for a ban. `robots.read()` fetches
# by itself, **without a timeout**; fetch the text yourself, as here.
#
# Say who you are: a `User-Agent` with a name and a way to reach you. Then somebody can write to you instead of
# blocking you.
#
# ## 3. Ask again, but not always
#
# **Question.** Which of these deserve a second try: 404, 503, 429 (*too many requests*), no answer in time?
#
# The rule: try again where **waiting can help**. *How long* the server may say in `Retry-After`. If it does
# not, wait a random time whose limit doubles: 1 s, 2 s, 4 s. Here the clock is ours, so nobody waits.


# %%
class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


WORTH = {429, 500, 502, 503, 504}  # too fast, or the server's own trouble


def pause(attempt: int, answer, rng: random.Random, first: float = 1.0, most: float = 30.0) -> float:
    """Seconds to wait after attempt 0, 1, …: what the server asks for, else a random time."""
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    if asked.isdigit():  # it can also be a date
        return min(float(asked), most)
    return rng.uniform(0, min(most, first * 2**attempt))


# %%
def get_again(url: str, clock: Clock, worth=WORTH, tries: int = 5):
    """GET, up to `tries` times."""
    rng = random.Random(seed)
    for attempt in range(tries):
        answer = None
        try:
            answer = requests.get(url, timeout=20)
            if answer.status_code not in worth:
                return answer
        except (requests.ConnectionError, requests.Timeout):
            if attempt == tries - 1:
                raise
        if attempt < tries - 1:
            clock.sleep(pause(attempt, answer, rng))
    return answer


rules = {"never": set(), "every error": set(range(400, 600)), "where it helps": WORTH}
for kind in ("flaky", "gone"):
    for name, worth in rules.items():
        site.forget()
        clock = Clock()
        answer = get_again(f"{site.url}/{kind}/{photo}", clock, worth)
        asked = f"{len(site.log)} requests, {clock():.1f} s waited"
        print(f"{kind:6} again {name:15} -> {answer.status_code} after {asked}")

# %% [markdown]
# **What happened.** *flaky* is busy twice: with patience the photo comes. *gone* stays gone: four more requests and
# some waiting for nothing. 4xx means that **you** asked for the wrong thing, and you would ask the same again (429
# is the exception). 5xx is the server's trouble, and no answer may be the line's: both can pass. The limit `most`
# guards you: a server may say `Retry-After: 86400`.
#
# ## 4. Why the wait is random
#
# **Question.** A site goes down for a moment, and 200 programs lose their answer in the same instant. It can
# serve 20 requests in a tenth of a second; the others get 503. All wait 1, 2, 4, … seconds, at most 8. Does it
# matter whether they roll dice?


# %%
def storm(jitter: bool, clients: int = 200, capacity: int = 20) -> list[int]:
    """Requests in each tenth of a second, from the failure until everybody was served."""
    rng = np.random.default_rng(seed)
    due, attempt, arrived = np.zeros(clients), np.zeros(clients), []
    while len(due):
        now = np.flatnonzero(due <= len(arrived) * 0.1 + 1e-9)
        arrived.append(len(now))
        again = now[capacity:]
        wait = np.minimum(8, 2.0 ** attempt[again])
        due[again] += rng.uniform(0, wait) if jitter else wait
        attempt[again] += 1
        due, attempt = np.delete(due, now[:capacity]), np.delete(attempt, now[:capacity])
    return arrived


storms = {"the same wait for all": storm(False), "a random part of it": storm(True)}
for name, arrived in storms.items():
    again = arrived[1:]
    print(
        f"{name:22} {sum(arrived):5,} requests, at most {max(again):3} at once, over after {len(again) / 10:4.1f} s"
    )

# %%
fig, axes = plt.subplots(2, 1, figsize=(7.5, 3.4), sharex=True, sharey=True, layout="constrained")
for ax, (name, arrived), hatch, colour in zip(
    axes, storms.items(), ("//", ""), (palette.BAD, palette.GOOD), strict=True
):
    seconds = np.arange(len(arrived)) / 10
    ax.bar(seconds, arrived, 0.25, align="edge", color=colour, hatch=hatch, edgecolor="black", linewidth=0.3)
    ax.axhline(20, color="black", linestyle=":", linewidth=1)
    ax.set_title(name, loc="left", fontsize=10)
    ax.set_ylabel("requests")
axes[1].text(0.99, 0.25, "dotted: what the site can serve", transform=axes[1].transAxes, ha="right")
axes[1].set_xlabel("seconds after the failure")
show(
    fig,
    alt="Requests over time after a failure. With the same wait for all, they come in tall narrow spikes, far "
    "above what the site can serve; with a random wait they spread out and are over much earlier.",
)

# %% [markdown]
# **What happened.** Without dice all come back in the same instant, and most are turned away again, for
# almost a minute. With dice they spread out, and the site serves them as they come. The random part is called
# **[jitter](pages/glossary.ipynb#jitter)**.
#
# ## 5. Asking twice can do it twice
#
# **Question.** You send an order by POST. The line breaks before the answer comes. Was the order placed? May
# your program send it again?
#
# The first loop below tries it. The second asks which mishaps of section 1 such a session mends by itself.


# %%
def patient(methods=("GET", "HEAD")) -> requests.Session:
    """A session that tries again by itself: the form that belongs into your programs."""
    retry = Retry(
        total=4,
        status_forcelist=sorted(WORTH),
        allowed_methods=set(methods),
        backoff_factor=0.1,  # 0, 0.2, 0.4, … seconds: for this notebook; take 1 for a real site
        backoff_jitter=0.1,
        retry_after_max=60,  # seconds, whatever the server says
    )
    session = requests.Session()
    session.headers["User-Agent"] = f"{AGENT}/1.0 (reader@example.org)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


# %%
for name, methods, headers in (
    ("GET only is tried again", ["GET"], {}),
    ("POST is tried again", ["GET", "POST"], {}),
    ("the same, with a key", ["GET", "POST"], {"Idempotency-Key": "order-1"}),
):
    site.forget()
    with patient(methods) as session:
        try:
            said = session.post(f"{site.url}/orders", headers=headers, timeout=20).status_code
        except requests.ConnectionError as error:
            said = type(error).__name__
    print(f"{name:24} -> {said}; requests: {len(site.log)}, orders placed: {len(site.orders)}")

session = patient()
for kind in ("flaky", "gone", "cut"):
    site.forget()
    try:
        said = session.get(f"{site.url}/{kind}/{photo}", timeout=20).status_code
    except requests.RequestException as error:
        said = type(error).__name__
    print(f"{kind:6} -> {said}, requests: {len(site.log)}")

# %% [markdown]
# **What happened.** The order *was* placed, only the answer was lost. Sent again, it is placed twice. GET is
# **[idempotent](pages/glossary.ipynb#idempotent)**: twice is like once, so it may be repeated. POST is not, unless
# the server knows a key for the order and drops the second one.
#
# The session is `requests` with urllib3's `Retry`. It does all of section 3 by itself, and keeps the connection
# open between requests. But the cut was **not** repaired: `Retry` ends where the body begins. Section 10 goes on
# from there.
#
# ## 6. How long is too long?
#
# `requests` waits for ever if you let it. **Question.** With `timeout=2`, can a download of six bytes take
# longer than 2 seconds?

# %%
with requests.Session() as hurried:
    try:
        hurried.get(f"{site.url}/slow/{photo}", timeout=(3, 0.5))  # to connect; between two bytes
    except requests.Timeout as error:
        print("an answer that does not come:", type(error).__name__)
    start = time.monotonic()
    body = hurried.get(f"{site.url}/drip/{photo}", timeout=2).content
    late = time.monotonic() - start > 2
print(f"a slow drip: {len(body)} bytes, no error, longer than the timeout: {late}")

# %% [markdown]
# **What happened.** The second number is the longest silence, not the whole time. One byte a second passes any
# such limit. For the whole you count yourself: a deadline, checked after each piece. But `iter_content(16384)` hands
# out a piece when its 16,384 bytes are there; at one byte a second that is after four hours. `answer.raw.read1(16384)`
# gives what has come so far.
#
# ## 7. Not too fast
#
# Better than to be refused is not to ask too fast. A **[token bucket](pages/glossary.ipynb#token-bucket)** holds up
# to `rate` tokens and gets `rate` new ones each second. A request takes one; if there is none, it waits. Short
# bursts pass, the average is kept. **Question.** 40 requests at once: how many does the site refuse, with and
# without the bucket?


# %%
class TokenBucket:
    def __init__(self, rate: float, clock=time.monotonic, sleep=time.sleep) -> None:
        self.rate, self.clock, self.sleep = rate, clock, sleep
        self.tokens, self.filled = float(rate), clock()

    def take(self) -> None:
        now = self.clock()
        self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            self.sleep((1 - self.tokens) / self.rate)
            self.filled, self.tokens = self.clock(), 1.0
        self.tokens -= 1


clock = Clock()
with samples.photo_site(2, rate=rate, clock=clock) as strict_site, requests.Session() as plain:
    address = f"{strict_site.url}/limited/{strict_site.names()[0]}"
    for name, wait in (("no bucket", lambda: None), ("bucket", TokenBucket(rate, clock, clock.sleep).take)):
        strict_site.forget()
        start = clock()
        for _ in range(40):
            wait()
            plain.get(address, timeout=20)
        print(f"{name:9} {strict_site.statuses()}  in {clock() - start:.1f} s of the site's clock")

# %% [markdown]
# **What happened.** As many as the bucket holds pass at once; then one each 1/`rate` seconds. Several programs
# need one bucket *together*: ten workers with a bucket each are ten times too fast.
#
# ## 8. Pages that move
#
# An API answers with data, not with a page to look at. Ours gives its list of photos in pages, the newest first.
# You can ask by **offset** ("skip 20, give 10") or by **cursor** ("give 10 after this one"). **Question.** While
# you read page after page, two photos are added each time. How many photos do you get twice, by offset?


# %%
def api(site, **query) -> dict:
    answer = session.get(f"{site.url}/api/photos", params={"limit": page_size, **query}, timeout=20)
    answer.raise_for_status()
    return answer.json()


def by_offset(site, meanwhile=lambda: None) -> list[dict]:
    found = []
    while items := api(site, offset=len(found))["items"]:
        found += items
        meanwhile()
    return found


def by_cursor(site, meanwhile=lambda: None) -> list[dict]:
    found, cursor = [], ""
    while cursor is not None:
        page = api(site, cursor=cursor)
        found += page["items"]
        cursor = page["next"]
        meanwhile()
    return found


predict("10b.p2", ...)


# %%
def numbers(items: list[dict]) -> set[int]:
    return {item["id"] for item in items}


def while_reading(read, site, change: str) -> tuple[list[dict], set[int]]:
    """What `read` gets if the list changes after each page; and who was on the list all the time."""
    before = numbers(by_cursor(site))
    got = read(site, lambda: getattr(site, change)(2) if change else None)
    return got, before & numbers(by_cursor(site))


doubles = []
for read in (by_offset, by_cursor):
    for name, change in (("nothing", ""), ("2 more a page", "publish"), ("2 fewer a page", "withdraw")):
        with samples.photo_site(per_class) as moving:
            got, stayed = while_reading(read, moving, change)
        doubles.append(len(got) - len(numbers(got)))
        missed = len(stayed - numbers(got))
        print(f"{read.__name__:10} {name:15} {len(got):3} items got, {doubles[-1]:2} twice, {missed} missed")
predict("10b.p2").reveal(doubles[1])

# %% [markdown]
# **What happened.** New photos push the list down: what you had last on page 1 is first on page 2. And the end
# of the list runs away from you, so you read on, and meet more old ones, until nothing new comes. Doubles can
# be removed. Taken-away photos pull the list up, and whole items slip past **unseen**: nothing tells you. A
# cursor names the last item that you saw, so nothing shifts. Take it where an API offers it. If not: sort by
# something that does not change, oldest first, and read again until nothing new comes.
#
# ## 9. Pages with links
#
# No API? Then pages, link by link: a **crawl**. A queue of addresses, a page from its front, its new links to
# its end. Five guards make a program of it that comes to an end and stays at home:
#
# | Guard | Against |
# |---|---|
# | a set of what was seen | circles |
# | the same host only | the rest of the internet |
# | `robots.txt` | addresses that the owner asks you to leave alone |
# | a greatest depth | calendars with a "next day" for ever |
# | a greatest number of pages | everything that you did not think of |


# %%
class Links(HTMLParser):
    """The links of a page, and what its head says of licence and author."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found, self.albums, self.notes = [], {}, {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.found.append(attributes["href"])
            self.albums[attributes["href"]] = attributes.get("title", "")  # this site: the photo's scene
        elif tag == "meta" and "name" in attributes:
            self.notes[attributes["name"]] = attributes.get("content")


def absolute(page: str, link: str) -> str:
    """One spelling for one address: `../a`, `/a` and `/a#top` are the same."""
    return urldefrag(urljoin(page, link)).url


clock = Clock()  # our own site: nobody waits. Elsewhere leave out clock and sleep
bucket = TokenBucket(1 / (robots.crawl_delay(AGENT) or 1), clock, clock.sleep)


# %%
def crawl(start: str, without: str = "", most_pages: int = 40, most_depth: int = 3):
    """(address, depth, page) one by one, no pictures; `without` is the guard that is left out."""
    queue, seen, pages = deque([(start, 0)]), {start}, 0
    while queue and pages < most_pages:
        address, depth = queue.popleft()
        bucket.take()
        answer = session.get(address, timeout=20, allow_redirects=False)
        pages += 1
        page = Links(answer.text)
        yield address, depth, page
        for link in page.found:
            link = absolute(address, link)
            refused = (
                not link.startswith(("http://", "https://"))
                or (urlsplit(link).netloc != urlsplit(start).netloc and without != "host")
                or (not robots.can_fetch(AGENT, link) and without != "robots.txt")
                or (link in seen and without != "seen set")
                or (depth == most_depth and without != "depth")
            )
            if not refused and not link.endswith(".jpg"):
                seen.add(link)
                queue.append((link, depth + 1))


predict("10b.p3", ...)


# %%
visits = {}
for without in ("", "seen set", "host", "robots.txt", "depth"):
    pages = [(address, depth) for address, depth, _ in crawl(f"{site.url}/", without)]
    hosts = {urlsplit(address).hostname for address, _ in pages}
    forbidden = sum("/members/" in address for address, _ in pages)
    different = len({address for address, _ in pages})
    print(
        f"{'without ' + without if without else 'all guards':18} {len(pages):2} pages, {different:2} different, "
        f"{len(hosts)} hosts, {forbidden} forbidden, depth {max(depth for _, depth in pages)}"
    )
    visits[without] = len(pages)
predict("10b.p3").reveal(visits["seen set"])

# %% [markdown]
# **What happened.** With all guards the crawl ends by itself, after 7 pages: the first one, three scenes, three days
# of the calendar. Without the set it fetches the same 7 again and again, on every way that leads to them; only the
# depth ends it. Without the host check it walks through another host, with all of *its* pages. The calendar has no
# end: without a depth, the greatest number of pages is what saves you. The bucket is the pause that `robots.txt`
# asks for. On other people's sites limit the *bytes* of a page too, as section 11 does.
#
# `allow_redirects=False` belongs to the host check: `requests` follows a redirect wherever it leads, as `away`
# did in section 1. Where your program runs inside a company, a redirect can even lead it to addresses that only
# the inside can reach.
#
# Now the photos on these pages, with what the pages say of them:

# %%
from_pages = [
    Wanted(
        url=absolute(address, link),
        label=Path(urlsplit(address).path).stem,
        group=page.albums[link],  # the page tells which scene a photo shows
        licence=page.notes.get("license", ""),
        author=page.notes.get("author", ""),
        source="pages",
    )
    for address, _, page in crawl(f"{site.url}/")
    for link in page.found
    if link.endswith(".jpg")
]
for label in sorted({wanted.label for wanted in from_pages}):
    own = [wanted for wanted in from_pages if wanted.label == label]
    files = {wanted.url.rpartition("/")[2] for wanted in own}
    print(f"{label:10} {len(own)} links, {len(files)} file names, licence: {own[0].licence or 'none stated'}")

# %% [markdown]
# **What happened.** Each page has two photos more than the site has: `/mirror/` repeats them under a second
# address. The address cannot tell; the content will. And one page states **no licence**: no statement means
# *all rights reserved*.
#
# ## 10. A file that is whole, or not there
#
# `urlretrieve` is the shortest download in Python. **Question:** the line is cut in the middle. What lies on your
# disk?

# %%
site.forget()
half = Path(scratch.name, "half.jpg")
try:
    urlretrieve(f"{site.url}/cut/{photo}", half)
except OSError as error:
    print(type(error).__name__)
size = site.notes[photo].bytes
print(f"under its final name: {half.stat().st_size / size:.0%} of the file; opens: {opens(half)}")
with Image.open(half) as image:
    print("Image.verify() finds:", image.verify())

# %% [markdown]
# **What happened.** An error, yes, and half a photo under its final name. The next run sees that the file is
# there, and skips it. `verify()` looks at the structure and finds nothing; only decoding **all** pixels does.
#
# The cure has three parts. Write to `name.part` and **rename at the end**: `os.replace` is atomic. Keep the part,
# and ask for the rest: `Range: bytes=14231-`. And keep the **ETag**, the server's name for this version of the
# file: `If-Range` says "the rest, if it is still this version, else all of it".


# %%
def download(url: str, target: Path, if_range: bool = True) -> int:
    """One try, from where the last one ended; bytes fetched. Raises where the line is cut."""
    part, note = target.with_suffix(".part"), target.with_suffix(".etag")
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    if have and if_range:
        headers["If-Range"] = note.read_text()
    with session.get(url, headers=headers, stream=True, timeout=(3, 20), allow_redirects=False) as answer:
        if answer.status_code not in (200, 206):
            raise ValueError(f"status {answer.status_code}")
        note.write_text(answer.headers["ETag"])
        with part.open("ab" if answer.status_code == 206 else "wb") as file:
            for piece in answer.iter_content(1024):
                file.write(piece)
    os.replace(part, target)
    note.unlink()
    return target.stat().st_size - (have if answer.status_code == 206 else 0)


# %%
def cut_then(change=lambda: None, **options) -> Path:
    """The line is cut, then `change`, then a second try."""
    site.forget()
    target = Path(scratch.name, "resumed.jpg")
    try:
        download(f"{site.url}/cut/{photo}", target)
    except requests.RequestException:
        left = target.with_suffix(".part").stat().st_size
        print(f"cut: {left / size:4.0%} in the .part, final name there: {target.exists()}", end="; ")
    change()
    fetched = download(f"{site.url}/cut/{photo}", target, **options)
    print(f"second try: {fetched / size:4.0%} fetched, status {site.log[-1].status}")
    whole = Path(scratch.name, f"result-{len(list(Path(scratch.name).glob('result-*')))}.jpg")
    return target.replace(whole)


same = cut_then()
digest = hashlib.sha256(same.read_bytes()).hexdigest()
print("the right bytes:", digest == site.notes[photo].sha256)

# %% [markdown]
# The rest was fetched, and no more. (47 % and not 50: the last, unfinished piece was thrown away with the error.)
#
# **Question.** Between the two tries the owner puts *another* photo under this name. What do you get with `Range`
# alone? What with `If-Range`?

# %%
other = site.names("coffee")[0]
results = {"as it was": same}
for name, if_range in (("Range alone", False), ("Range and If-Range", True)):
    old = site.bodies[photo]
    results[name] = cut_then(lambda: site.replace(photo, by=other), if_range=if_range)
    site.bodies[photo] = old
    right = hashlib.sha256(results[name].read_bytes()).hexdigest() == site.notes[other].sha256
    print(f"{name}: opens: {opens(results[name])}, sha256 of the new photo: {right}")
fig, axes = plt.subplots(1, 3, figsize=(7.5, 2.2), layout="constrained")
for ax, (name, file) in zip(axes, results.items(), strict=True):
    ax.axis("off")
    ax.set_title(name, fontsize=10)
    with Image.open(file) as image:
        ax.imshow(image.resize((200, 150)))
show(
    fig,
    alt="Three pictures. As it was: a temple. Range alone: the upper half of the temple, below it "
    "broken stripes of another picture. Range and If-Range: a cup of coffee, whole.",
)

# %% [markdown]
# **What happened.** `Range` alone glued two photos together, and the result **opens without an error**. No decoder
# protects you here; a checksum does, and `If-Range` does not let it happen.
#
# ## 11. What came over the line
#
# Everything a server says may be wrong: the type, the length, the name. So look at what came, before a file gets
# its final name. **Question:** `liar` says `image/jpeg`. `endless` says nothing of its length. What do you trust?


# %%
def fetch_checked(url: str, most: int = max_bytes) -> bytes:
    """The bytes of a picture, or ValueError with the reason."""
    data = bytearray()
    with session.get(url, stream=True, timeout=(3, 20)) as answer:
        for piece in answer.iter_content(2**14):
            data += piece
            if len(data) > most:
                raise ValueError(f"more than {most:,} bytes")
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise ValueError(f"no picture: it begins with {bytes(data[:6])}")
    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
        image.load()
    return bytes(data)


for kind in ("photos", "liar", "endless"):
    try:
        print(f"{kind:8} {len(fetch_checked(f'{site.url}/{kind}/{photo}')):,} bytes, decoded")
    except ValueError as error:
        print(f"{kind:8} refused: {error}")

# %% [markdown]
# **What happened.** The first bytes are the format's signature (*magic bytes*); decoding settles it. `formats=`
# keeps Pillow from trying its rarely used decoders on strangers' bytes. The limit counts what *arrives*, not
# what `Content-Length` promises.
#
# Next, the name. `named` sends one of its own. **Question:** where would your program write it?

# %%
answer = session.get(f"{site.url}/named/{photo}", timeout=20)
sent = answer.headers["Content-Disposition"].partition("filename=")[2].strip('"')
inbox = Path(scratch.name, "deep", "inbox")
for name in (sent, "/etc/cron.d/job", "photo.jpg", "..", "sub/../../../x.jpg", ".bashrc"):
    target = (inbox / name).resolve()
    inside = target.is_relative_to(inbox.resolve()) and target != inbox.resolve()
    print(f"{name:22} stays in the folder: {inside}")
digest = hashlib.sha256(answer.content).hexdigest()
print("our own name for it:   ", digest[:16] + ".jpg")

# %% [markdown]
# **What happened.** Four of six leave the folder: `..` climbs, and joining an absolute path *replaces* the
# folder. `.bashrc` stays inside, but hides. **Do not clean their names; do not use them.** A hash of the content
# is a safe name, and two copies get the same one. The same holds for names inside ZIP and TAR files
# (`tar.extractall(filter="data")`).
#
# Last, the format. **Question:** what can go wrong when you *open* a collected `.pkl`, `.pt` or `.npy` file? (All
# three can hold a [pickle](pages/glossary.ipynb#pickle): any object of Python, as bytes.)


# %%
import pickle

import torch


class Surprise:
    def __reduce__(self):  # says what to call when the file is loaded: any function at all
        return print, ("  this line was printed by the file",)


gift = pickle.dumps(Surprise(), protocol=2)
print("pickle.loads:")
pickle.loads(gift)
for name, load in {
    "torch.load": lambda: torch.load(io.BytesIO(gift), weights_only=True),
    "np.load": lambda: np.load(io.BytesIO(gift)),
}.items():
    try:
        load()
    except (pickle.UnpicklingError, ValueError) as error:
        print(f"{name}: {type(error).__name__}, nothing was run")

# %% [markdown]
# **What happened.** Unpickling *is* running code. `print` was kind; it could have been anything. `torch.load` and
# `np.load` refuse today, unless you switch it off (`weights_only=False`, `allow_pickle=True`). Collect JPEG, PNG,
# JSON, CSV, Parquet, safetensors: formats that hold data only.
#
# ## 12. Files on your own disk
#
# The third source looks the safest. But folders hold links, hidden files, thumbnails. The next cell makes such
# a folder (or takes yours, if you set `source_dir`). **Question:** twelve photos were put into it. How many
# entries does it have?

# %%
groups, regions = {}, samples.photo_regions(samples.photos())
if source_dir is None:
    local = Path(scratch.name, "phone")
    (local / "chelsea" / ".thumbnails").mkdir(parents=True, exist_ok=True)
    some = sorted((samples.photos() / "chelsea").iterdir())[:12]
    for number, file in enumerate(some):
        (local / "chelsea" / f"IMG_{number:04d}.JPG").write_bytes(file.read_bytes())
        groups[f"IMG_{number:04d}.JPG"] = regions[f"chelsea/{file.name}"]
    (local / "chelsea" / "IMG_0000 (1).JPG").write_bytes(some[0].read_bytes())
    groups["IMG_0000 (1).JPG"] = groups["IMG_0000.JPG"]
    (local / "chelsea" / ".thumbnails" / "0.jpg").write_bytes(some[0].read_bytes())
    (local / "chelsea" / ".DS_Store").write_bytes(b"Bud1")
    (local / "chelsea" / "notes.jpg").write_text("buy cat food")
    try:
        (local / "chelsea" / "elsewhere.jpg").symlink_to(samples.photos() / "retina" / "retina_000.jpg")
        (local / "chelsea" / "round").symlink_to(local)
    except FileExistsError:
        pass  # the cell was run before
    except OSError:
        print("this system makes no links; two entries are missing")
else:
    local = Path(source_dir).expanduser()


# %%
def walk(root: Path):
    """(path, what it is) for each entry; links never lead out of the folder, nor round in it."""
    inside = root.resolve()
    for here, folders, files in os.walk(root, followlinks=False):
        for name in sorted(folders + files):
            path = Path(here, name)
            if name.startswith("."):
                yield path, "hidden"
            elif path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(inside)):
                yield path, "link"
            elif path.is_file():
                yield path, "file"
        folders[:] = sorted(name for name in folders if not name.startswith("."))


kinds = Counter(kind for _, kind in walk(local))
print("a folder of yours holds" if source_dir else "the folder holds", dict(sorted(kinds.items())))

# %% [markdown]
# **What happened.** Hidden things are the system's: thumbnails would be copies of your pictures. A link can lead
# to *another* class, to the rest of the disk, or round in a circle. In our folder two of the 14 files are no
# photos of yours to keep: a copy, and a shopping list named `notes.jpg`. That only their content says; the next
# section looks.
#
# ## 13. One folder, one manifest
#
# All pieces together are `dpwidgets.prep.collecting`: patient session, download with resume and limits, checks,
# names by content, [manifest](pages/glossary.ipynb#manifest). It stands alone: copy the folder into your project.
# Beside what you saw, it survives being killed at any moment and a full disk, and follows redirects only inside the
# hosts that you allow.
#
# What to want, and what is said of it, comes from the three sources. A few addresses get a mishap.

# %%
mishaps = {3: "cut", 7: "gone", 11: "liar", 15: "away", 19: "endless"}
from_api = [
    Wanted(
        url=f"{site.url}/{mishaps.get(number, 'photos')}/{item['file']}",
        label=item["label"],
        group=item["album"],
        licence=item["licence"],
        author=item["author"],
        source="API",
        sha256=item["sha256"],
    )
    for number, item in enumerate(by_cursor(site))
]
note = {"licence": "own work"} if source_dir else {"licence": "CC0", "author": "Stéfan van der Walt"}
from_disk = {}
for path, kind in walk(local):
    if kind == "file" and path.parent != local:
        inside = path.relative_to(local)
        album = groups.get(path.name, "")  # crops of one region belong together
        from_disk[path] = Wanted(f"disk:{inside.as_posix()}", inside.parts[0], album, source="disk", **note)

# %%
LICENCES = {"CC BY 2.0", "CC0", "CC0 1.0", "public domain", "own work"}
root = Path(data_dir or Path(scratch.name, "collected")).expanduser()
collection = Collection(root, LICENCES, now=lambda: "2026-01-31T12:00:00+00:00")  # yours: leave `now` out


def collect() -> pd.DataFrame:
    """Everything wanted, from all three sources: how many met which fate."""
    fates = []
    with patient_session(f"{AGENT}/1.0 (reader@example.org)", backoff=0.1) as polite:
        for wanted in from_api + from_pages:
            fates.append((wanted.source, collection.fetch(polite, wanted, max_bytes=max_bytes)))
    for path, wanted in from_disk.items():
        fates.append((wanted.source, collection.take(path, wanted)))
    table = pd.DataFrame(fates, columns=["source", "fate"])
    return pd.crosstab(table["fate"], table["source"], margins=True, margins_name="all")


site.forget()
first = collect()
requests_first = len(site.log)
first

# %% [markdown]
# **What happened.** *cut* was picked up again and is among the new ones. `/mirror/` came out as *duplicate*, found
# by content. The page without a licence was refused before a byte was fetched. *wrong sum* is `liar`: the API had
# named the checksum. Each of the other fates you have met above. (Two more can come. *bad name*: the name of a
# class folder holds a sign that a folder's name should not have; rename it. *other label*: the same bytes lie in
# two classes, so one label is wrong.)
#
# **Question.** Run it again, all of it. How many photos travel over the line?

# %%
site.forget()
again = collect()
kinds = sorted(asked.path.split("/")[1] for asked in site.log)
print(f"first run: {requests_first} requests; second run: {len(site.log)}: {', '.join(kinds)}")
again

# %% [markdown]
# **What happened.** None that is there already: the manifest knows the addresses. Only the refused ones are asked
# for again: perhaps they are mended today. So a collection that died after 9 of 10 hours needs one more, not ten.
#
# The **manifest** is one JSON object a line. A line is added when its file is in place; a killed run can lose one
# line, never the list. It is what you need when somebody asks you to take a picture out, or asks for its author.

# %%
manifest = pd.DataFrame(collection.rows)
print(sorted(manifest.columns))
display(manifest.groupby("source").head(2)[["label", "group", "licence", "author", "source", "bytes"]])
print(collection.write_licences().read_text(encoding="utf-8"))

# %% [markdown]
# ## 14. On to chapter 10
#
# Files that are named by content, a list that says what belongs together: now the pipeline can start. First the
# [audit](pages/glossary.ipynb#audit). Then the [split](pages/glossary.ipynb#group-split): the manifest's `group` is
# the unit. **Question:** how many test photos have a sibling from their own scene in the training set, if you
# split by file?

# %%
from textwrap import shorten

from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

audit = audit_folder(root / "photos")
if source_dir is None:  # a class of yours may be smaller than chapter 10 wants
    audit.check("skip")
print({problem: int(row.files) for problem, row in audit.counts.iterrows()})

usable = manifest["file"].isin("photos/" + audit.usable["file"])
clear = manifest.groupby("sha256")["label"].transform("nunique") == 1  # not the same bytes in two classes
photos = manifest[usable & clear].drop_duplicates("sha256", ignore_index=True)
splits = {
    "by file": ShuffleSplit(1, test_size=0.25, random_state=seed),
    "by group": GroupShuffleSplit(1, test_size=0.25, random_state=seed),
}
for name, splitter in splits.items():
    train, test = next(splitter.split(photos, groups=photos["group"] if "group" in name else None))
    siblings = photos["group"].iloc[test].isin(set(photos["group"].iloc[train])).sum()
    print(f"split {name:8}: {len(train)} train, {len(test)} test, {siblings} of them with a sibling in train")

# %% [markdown]
# **What happened.** By file nearly every test photo was half seen before. That knowledge came from the source, and
# **could not be found again later**: collect it with the picture, or lose it.
#
# The manifest is the dataset: a row is a sample.


# %%
class Collected(Dataset):
    """(picture, class number) for each row of the manifest."""

    def __init__(self, root: Path, rows: pd.DataFrame, classes: list[str], transform) -> None:
        self.files = [root / file for file in rows["file"]]
        self.labels = [classes.index(label) for label in rows["label"]]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.files[i]) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        return self.transform(upright), self.labels[i]


classes = sorted(photos["label"].unique())
transform = v2.Compose(
    [v2.ToImage(), v2.Resize(96), v2.CenterCrop(96), v2.ToDtype(torch.float32, scale=True)]
)
order = torch.Generator().manual_seed(seed)
training = Collected(root, photos.iloc[train], classes, transform)
batch, labels = next(iter(DataLoader(training, batch_size=8, shuffle=True, generator=order)))
print(tuple(batch.shape), batch.dtype, [classes[label] for label in labels])

# %%
fig, axes = plt.subplots(2, 4, figsize=(7.5, 4), layout="constrained")
credit = photos.drop_duplicates("label").set_index("label")
for ax, picture, label in zip(axes.flat, batch, labels, strict=False):
    row = credit.loc[classes[label]]
    ax.axis("off")
    ax.imshow(picture.permute(1, 2, 0).numpy())
    ax.set_title(f"{classes[label]}\n{shorten(row.author, 34, placeholder=' …')}\n{row.licence}", fontsize=7)
show(fig, alt="A batch of eight photos of the collection, each with its class, its author and its licence.")

# %% [markdown]
# The site and the temporary folder end with the kernel, so you can go back and try things. In a program of yours use
# `with`, as for the sites of sections 7 and 8: it closes them in any case.
#
# ## Exercises
#
# Replace the three dots and run the cell. `hint("10b.1")` helps, one step at a time.


# %% tags=["exercise"]
@exercise("10b.1")
def try_again(method: str, status: int | None, attempt: int, tries: int) -> bool: ...


# %% tags=["exercise"]
import random


@exercise("10b.2")
def backoff(attempt: int, first: float, most: float, rng: random.Random) -> float: ...


# %% tags=["exercise"]
@exercise("10b.3")
def on_site(page: str, link: str) -> str | None: ...


# %% tags=["exercise"]
from collections.abc import Callable


@exercise("10b.4")
def read_pages(ask: Callable[[str], tuple[list[dict], str | None]]) -> list[dict]: ...


# %% tags=["exercise"]
from pathlib import Path


@exercise("10b.5")
def stays_inside(folder: Path, name: str) -> bool: ...


# %% tags=["exercise"]
@exercise("10b.6")
def rows_to_use(rows: list[dict], licences: set[str]) -> list[dict]: ...


# %% [markdown]
# ## Quiz
#
# Put the letter of your answer in place of the dots.

# %%
for card in (quiz("10b.q1", ...), quiz("10b.q2", ...), quiz("10b.q3", ...), quiz("10b.q4", ...)):
    display(card)

# %% [markdown]
# ## Pitfalls
#
# | You see | What happened | What to do |
# |---|---|---|
# | pictures that are web pages | status not looked at | `raise_for_status()`, decode |
# | the program stands still for hours | no timeout, or a slow drip | `timeout=`, and a deadline for the whole |
# | blocked by the site | too fast, without a name | token bucket, `Crawl-delay`, `User-Agent` |
# | things done twice | POST sent again | GET only, or an idempotency key |
# | fewer items than the API counts | offset paging while items went away | cursor |
# | the crawl does not end | circles, calendars | seen set, depth, number of pages |
# | a half file that "is there already" | written under its final name | `.part`, then `os.replace` |
# | a picture that changes in the middle | resumed after the file changed | `If-Range`, checksum |
# | files outside of the folder | the server's own name was used | names by content |
# | the memory is full after one small picture | a decompression bomb | `Image.MAX_IMAGE_PIXELS`, do not switch it off |
# | nobody knows where a picture came from | no manifest | one line for each file, when it comes |
#
# ## Summary
#
# - Ask whether you may; say who you are; go slowly.
# - Try again where waiting helps, with a random wait and an end. Repeat only what is idempotent.
# - Trust no status, type, length or name: check the bytes, name them by content.
# - Whole or not there: part, resume with `If-Range`, checksum, rename.
# - The manifest holds address, sum, licence, author and **group**. What is not written down at the source is lost.
#
# ## Next
#
# [Chapter 10c: profiling](10c_profiling.ipynb). Where does the time of a pipeline go?
