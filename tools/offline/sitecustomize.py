"""Refuse network access in this process and its children, and services that others can reach.

Python imports `sitecustomize` at start; putting this folder on PYTHONPATH is enough. Loopback, Unix sockets
and this machine's own name stay open: Jupyter, Dask and worker processes need them. To listen is allowed on
loopback alone. Code that is not Python's (ZeroMQ, torch's store, Java) is not seen.

`DPWIDGETS_START_METHOD=spawn` makes that the way in which processes start where no other is asked for, as it
is on macOS and Windows.
"""

import ipaddress
import os
import socket
import sys
from typing import Any

_ADDRESS_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_HOST_AT = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}


class NetworkBlocked(OSError):
    """A notebook asked for something outside this machine."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or host in ("", "localhost") or host == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_loopback(host: object) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_outside(event: str, args: tuple[Any, ...]) -> None:
    if event in _ADDRESS_AT:
        address = args[_ADDRESS_AT[event]]
        if not isinstance(address, tuple):  # Unix sockets have a path, connected ones have None
            return
        host: object = address[0]
    elif event in _HOST_AT:
        host = args[_HOST_AT[event]]
    elif event == "socket.bind" and isinstance(args[1], tuple):
        if not _is_loopback(args[1][0]):
            raise NetworkBlocked(
                f"network access is blocked here: bind to {args[1][0]!r}, where others can reach it. "
                "A service of a chapter must listen on 127.0.0.1."
            )
        return
    else:
        return
    if not _is_local(host):
        raise NetworkBlocked(
            f"network access is blocked here: {event} to {host!r}. "
            "A chapter must work offline: use dpwidgets.samples, or catch the error and go on without."
        )


sys.addaudithook(_refuse_outside)


def _start_processes_by(method: str) -> None:
    from multiprocessing import context

    # Not `set_start_method`: a program that calls it itself may do so once, as everywhere.
    context._default_context._default_context = context._concrete_contexts[method]  # type: ignore[attr-defined]


if "DPWIDGETS_START_METHOD" in os.environ:
    _start_processes_by(os.environ["DPWIDGETS_START_METHOD"])
