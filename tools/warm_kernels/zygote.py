"""The process that warm kernels are forked from; started by WarmKernels, not by hand.

    python zygote.py NUMBER    (of the listening Unix socket that it inherits)

It imports what chapters import, once, then forks a kernel for each stand-in (stand_in.py) that connects. The
stand-in sends a line of JSON (arguments, environment, folder) with its three standard streams, later the
numbers of signals for the kernel, one a line, and is told how the kernel ended. Where a stand-in is killed,
its kernel is too; where standard input is closed, all kernels are, and this process ends.

Only one thread may run at a fork: a second one would be missing in the kernel, with its locks held forever.
"""

import array
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import psutil

# Not dpwidgets, which is being edited, and not matplotlib's inline backend: each kernel sets it up by itself.
PRELOAD = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "IPython.core.completer",
    "ipywidgets",
    "anywidget",
    "matplotlib.pyplot",
    "torch._dynamo",  # torch.optim imports it at the first step
    "torch.utils.data",
    "torchvision.transforms.v2",
    "torchvision.datasets",
    "pandas",
    "pyarrow",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "sklearn.pipeline",
    "PIL.Image",
)
FORK_SAFE = ("jemalloc_bg_thd",)  # pyarrow's allocator minds forks by itself
TRACKER = "resource_tracker import main"
INLINE = "module://matplotlib_inline.backend_inline"


def main(server: socket.socket) -> None:
    for name in PRELOAD:
        importlib.import_module(name)
    if others := other_threads():
        raise SystemExit(f"PRELOAD started threads ({', '.join(others)}): take out what did so")
    gc.collect()
    gc.freeze()
    serve(server)


def other_threads() -> list[str]:
    """Names of the threads beside this one, Python's and others."""
    names = [Path(task, "comm").read_text().strip() for task in sorted(Path("/proc/self/task").iterdir())[1:]]
    return [name for name in names if name not in FORK_SAFE]


def serve(server: socket.socket) -> NoReturn:
    """Fork, pass signals on, tell endings; until standard input is closed."""
    stand_ins: dict[int, socket.socket] = {}  # by the kernel's process id
    waker, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then ends this process
    while True:
        ready, _, _ = select.select([server, waker, 0, *stand_ins.values()], [], [])
        if 0 in ready:
            for pid in stand_ins:
                end(pid)
            os._exit(0)  # the usual way out would tear torch down first
        for pid, stand_in in list(stand_ins.items()):
            if stand_in in ready:
                hear(pid, stand_in)
        if waker in ready:
            os.read(waker, 4096)
            bury(stand_ins)
        if server in ready:
            stand_in, _ = server.accept()
            try:
                request, streams = receive(stand_in)
            except ConnectionError:
                stand_in.close()
                continue
            pid = os.fork()
            if pid == 0:
                for own in (server, *stand_ins.values(), stand_in):
                    own.close()
                signal.set_wakeup_fd(-1)
                os.close(waker)
                os.close(wakes)
                become_kernel(request, streams)
            stand_ins[pid] = stand_in
            for stream in streams:
                os.close(stream)


def receive(stand_in: socket.socket) -> tuple[dict, list[int]]:
    """The request, and the stand-in's standard input, output and error."""
    line, ancillary, _, _ = stand_in.recvmsg(1, socket.CMSG_LEN(3 * array.array("i").itemsize))
    streams = array.array("i")
    for _, _, data in ancillary:
        streams.frombytes(data)
    while not line.endswith(b"\n"):
        if not (more := stand_in.recv(1 << 16)):
            for stream in streams:
                os.close(stream)
            raise ConnectionError("the stand-in ended before it had asked")
        line += more
    return json.loads(line), list(streams)


def hear(pid: int, stand_in: socket.socket) -> None:
    """Pass a stand-in's signals on; kill the kernel of one that is gone."""
    with contextlib.suppress(ConnectionResetError):
        if said := stand_in.recv(64):
            for number in said.split():
                send(pid, int(number))
            return
    end(pid)


def send(pid: int, number: int) -> None:
    """To the kernel's process group, its workers with it, as jupyter_client does."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it has no group of its own yet, or has just ended
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end(pid: int) -> None:
    """Kill the kernel and its group, resource trackers excepted: they remove its semaphores, and end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5  # seconds: a process that waits for a disk cannot be killed
    while (others := workers(pid)) and time.monotonic() < deadline:
        for one in others:
            with contextlib.suppress(psutil.Error):
                one.kill()


def workers(group: int) -> list[psutil.Process]:
    """Living processes of a kernel's group, without the kernel and the trackers."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            one = psutil.Process(pid)
            if (
                pid != group == os.getpgid(pid)
                and one.status() != psutil.STATUS_ZOMBIE
                and TRACKER not in " ".join(one.cmdline())
            ):
                found.append(one)
    return found


def bury(stand_ins: dict[int, socket.socket]) -> None:
    """Tell the stand-ins of kernels that ended how they ended."""
    while stand_ins:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        stand_in = stand_ins.pop(pid)
        with contextlib.suppress(OSError):
            stand_in.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        stand_in.close()


def become_kernel(request: dict, streams: list[int]) -> NoReturn:
    """Turn this fresh fork into the kernel that was asked for, as far as can be told from inside."""
    code = 1
    try:
        settle(request, streams)
        from ipykernel import kernelapp

        kernelapp.launch_new_instance()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def settle(request: dict, streams: list[int]) -> None:
    """Streams, environment, folder, path, and chance of its own: what a new process would have."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    os.chdir(request["folder"])
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    # ipykernel read the variable above when it was imported, so it is told again.
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = [importlib.util.find_spec("ipykernel_launcher").origin, *request["arguments"], parent]

    # Imported already, all of them.
    import random

    import matplotlib
    import numpy as np
    import torch

    # Else every kernel would draw the same "random" numbers and a missing seed would not show.
    random.seed()
    np.random.seed()
    torch.seed()
    # matplotlib asks for this variable when it is imported; ipykernel sets it where it is not.
    matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND") or INLINE


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
