"""Workers and ranks that die or hang in mid-run: the right result or a clear message, and nothing left."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed import Client, LocalCluster, as_completed, wait

from dpwidgets.prep.launching import run_ranks
from dpwidgets.prep.tables_at_scale.cleaning import (
    clean_partition,
    latest_versions,
    statistics,
    tally,
    versions,
)
from dpwidgets.prep.tables_at_scale.rows import DirtyTable

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by POSIX signals"),
]

# Two ranks sum in step, each with a process of its own, as a loader has; rank 1 meets its fate in step 3.
TRAINING = """
import json, os, signal, subprocess, sys, time
from pathlib import Path

import torch
import torch.distributed as dist

notes, fate = Path(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo")
rank = dist.get_rank()
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
notes.joinpath(f"{rank}.pids").write_text(json.dumps([os.getppid(), os.getpid(), helper.pid]))
total = torch.zeros(1)
for step in range(5):
    if rank == 1 and step == 3:
        notes.joinpath("reached").touch()
        if fate == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if fate == "leaves":
            os._exit(3)
        if fate == "raises":
            raise RuntimeError("no batch 3")
        if fate == "hangs":
            time.sleep(600)
    one = torch.full((1,), float(rank + step))
    dist.all_reduce(one)
    total += one
Path(os.environ["RANK_RESULTS"], f"{rank}.json").write_text(json.dumps(total.item()))
print(f"rank {rank} is done")
helper.kill()
helper.wait()
dist.destroy_process_group()
"""
# The same without torch: starts at once.
PLAIN = """
import json, os, signal, sys, time, traceback
from pathlib import Path

rank = int(os.environ["RANK"])
notes, fate = Path(sys.argv[1]), sys.argv[2]
notes.joinpath(f"{rank}.pids").write_text(json.dumps([os.getppid(), os.getpid()]))
if fate == "deaf":
    signal.signal(signal.SIGABRT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if fate == "raises" and rank == 1:
    raise KeyError("label")
if fate == "aborts" and rank == 1:  # as gloo may, after the error was told
    try:
        raise KeyError("label")
    except KeyError:
        traceback.print_exc()
        print("terminate called", file=sys.stderr, flush=True)
        os.abort()
if fate == "lost":
    if rank == 0:
        raise RuntimeError("[gloo] Connection closed by peer [127.0.0.1]:1")
    os._exit(7)
Path(os.environ["RANK_RESULTS"], f"{rank}.json").write_text("[1, 2" if fate == "cut" else "[1, 2]")
while fate == "deaf":
    time.sleep(1)
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "ranks.py"
    path.write_text(text)
    return path


def line_with(text: str) -> int:
    return next(number for number, line in enumerate(TRAINING.splitlines(), 1) if text in line)


def left(folder: Path) -> Sequence[psutil.Process]:
    """The processes of the run that still live."""
    pids = {pid for note in folder.glob("*.pids") for pid in json.loads(note.read_text())}
    assert pids, "no rank ever started"
    alive = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
        except psutil.NoSuchProcess:
            continue
    return alive


@pytest.mark.slow
def test_two_ranks_give_their_results_back(tmp_path: Path) -> None:
    run = run_ranks(script(tmp_path, TRAINING), seconds=120, args=[tmp_path, "well"])
    assert run.ok, run.message
    assert run.message == "all 2 ranks finished."
    assert run.results == {0: 25.0, 1: 25.0}
    assert run.output == {0: "rank 0 is done\n", 1: "rank 1 is done\n"}
    assert run.failures == ()
    assert not left(tmp_path)


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the name of loopback is not known")
def test_ranks_meet_on_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth0")
    tell = """
import json, os
from pathlib import Path

found = json.dumps(os.environ.get("GLOO_SOCKET_IFNAME"))
Path(os.environ["RANK_RESULTS"], os.environ["RANK"] + ".json").write_text(found)
"""
    run = run_ranks(script(tmp_path, tell), seconds=120)
    assert run.ok, run.message
    assert sorted(run.results) == [0, 1]
    assert all(name.startswith("lo") for name in run.results.values()), run.results


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fate", "exitcodes", "message"),
    [
        ("killed", [-9], "rank 1 of 2 was ended by SIGKILL (exit code -9); the others were stopped."),
        ("leaves", [3], "rank 1 of 2 ended with exit code 3; the others were stopped."),
        # gloo's threads abort some processes (one in a hundred here) that leave in mid-step.
        (
            "raises",
            [1, -signal.SIGABRT],
            "rank 1 of 2 ended with exit code {}: RuntimeError: no batch 3; the others were stopped.",
        ),
    ],
)
@pytest.mark.fault("torchrun", "a rank in mid-run: {fate}")
def test_a_rank_that_dies_in_mid_run_is_named(
    tmp_path: Path, fate: str, exitcodes: list[int], message: str, user_reads: Callable[[object], str]
) -> None:
    run = run_ranks(script(tmp_path, TRAINING), seconds=120, args=[tmp_path, fate])
    assert (tmp_path / "reached").exists()
    assert not run.ok
    assert run.seconds < 120, "it was the time limit that stopped it"
    assert run.failures[0].rank == 1
    assert run.failures[0].exitcode in exitcodes
    assert user_reads(run.message).splitlines()[0] == message.format(run.failures[0].exitcode)
    if fate == "raises":
        assert 'raise RuntimeError("no batch 3")' in run.message
    assert run.results == {}
    assert not left(tmp_path)


@pytest.mark.slow
@pytest.mark.fault("torchrun", "a rank hangs")
def test_a_rank_that_hangs_is_stopped_at_the_limit_and_says_where_it_was(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    path = script(tmp_path, TRAINING)
    run = run_ranks(path, seconds=60, args=[tmp_path, "hangs"])
    assert not run.ok
    assert (tmp_path / "reached").exists(), "the limit came before the hang; this machine is very busy"
    waits, sleeps = (line_with("dist.all_reduce"), line_with("            time.sleep(600)"))
    assert user_reads(run.message).splitlines() == [
        "the 2 ranks did not finish within 60 s and were stopped.",
        f"rank 0 was at line {waits} of ranks.py, in <module>.",
        f"rank 1 was at line {sleeps} of ranks.py, in <module>.",
    ]
    assert not left(tmp_path)


@pytest.mark.slow
@pytest.mark.fault("torchrun", "ranks ignore every request to end")
def test_ranks_that_ignore_every_request_to_end_are_ended(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    run = run_ranks(script(tmp_path, PLAIN), seconds=40, args=[tmp_path, "deaf"])
    assert user_reads(run.message).splitlines() == [
        "the 2 ranks did not finish within 40 s and were stopped.",
        "rank 0 was at a place that it did not tell.",
        "rank 1 was at a place that it did not tell.",
    ]
    assert run.results == {0: [1, 2], 1: [1, 2]}, "what they wrote before is kept"
    assert not left(tmp_path)


@pytest.mark.slow
@pytest.mark.fault("torchrun", "a rank raises, then aborts")
def test_the_error_of_a_rank_that_aborts_after_it_is_told(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    run = run_ranks(script(tmp_path, PLAIN), seconds=60, args=[tmp_path, "aborts"])
    told = "rank 1 of 2 ended with exit code -6: KeyError: 'label'; the others were stopped."
    assert user_reads(run.message).splitlines()[0] == told
    assert not left(tmp_path)


@pytest.mark.slow
@pytest.mark.fault("torchrun", "one rank dies, the other tells of the lost connection")
def test_the_rank_that_merely_lost_its_peer_is_not_the_cause(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    run = run_ranks(script(tmp_path, PLAIN), seconds=60, args=[tmp_path, "lost"])
    assert user_reads(run.message).startswith("rank 1 of 2 ended with exit code 7;")
    run = run_ranks(script(tmp_path, PLAIN), seconds=60, args=[tmp_path, "cut"])
    assert run.ok
    assert run.results == {}, "half a file is no result"


@pytest.mark.slow
@pytest.mark.fault("torchrun", "the kernel is killed in mid-run", mended="all ranks end too")
def test_when_the_kernel_is_killed_its_ranks_go_too(tmp_path: Path) -> None:
    path = script(tmp_path, PLAIN.replace("signal.SIGTERM, signal.SIG_IGN", "signal.SIGABRT, signal.SIG_IGN"))
    code = f"""
        from dpwidgets.prep.launching import run_ranks
        run_ranks({str(path)!r}, seconds=100, args=[{str(tmp_path)!r}, "deaf"])
    """
    kernel = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("*.pids"))) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    psutil.wait_procs(left(tmp_path), timeout=30)
    assert not left(tmp_path)


@pytest.mark.fault("torchrun", "no such script")
def test_what_cannot_run_is_refused_at_once(tmp_path: Path, user_reads: Callable[[object], str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"no script .*missing\.py; write it") as raised:
        run_ranks(tmp_path / "missing.py")
    user_reads(raised.value)
    with pytest.raises(ValueError, match="nproc=0"):
        run_ranks(script(tmp_path, PLAIN), 0)
    with pytest.raises(ValueError, match="seconds=0"):
        run_ranks(script(tmp_path, PLAIN), seconds=0)


@pytest.mark.slow
@pytest.mark.fault(
    "Dask", "a worker is killed in mid-run", mended="its parts are computed again; the table is equal"
)
def test_a_dask_worker_killed_in_mid_run_loses_nothing() -> None:
    table = DirtyTable(60_000, seed=5)
    whole = table.part(0, table.rows)
    latest = latest_versions(versions(whole))
    known = statistics(tally(whole, latest), latest)
    cuts = range(0, table.rows, 1_000)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        started = client.run(os.getpid)
        # The raw parts are results of the run too: the worker that dies takes those that it holds with it.
        raw = [client.submit(table.part, start, start + 1_000) for start in cuts]
        clean = [client.submit(clean_partition, part, known) for part in raw]
        done = as_completed(clean)
        first = [next(done) for _ in range(4)]
        holders = [address for address, keys in client.has_what().items() if keys]
        assert any(not future.done() for future in clean), "the run was over before the worker died"
        os.kill(started[holders[0]], signal.SIGKILL)
        wait(clean, timeout=120)
        given = client.gather(clean)
        assert {future.status for future in (*first, *clean)} == {"finished"}
        client.wait_for_workers(2, timeout=60)
        after = client.run(os.getpid).values()
        workers = [psutil.Process(pid) for pid in after]
    assert started[holders[0]] not in after, "the worker that was killed still answers"
    assert len(workers) == 2, "the nanny started no other"
    wanted = clean_partition(whole, known)
    pd.testing.assert_frame_equal(pd.concat(given, ignore_index=True), wanted, check_exact=True)
    assert not psutil.wait_procs(workers, timeout=30)[1], "a worker is left"
