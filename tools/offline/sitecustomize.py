"""Refuse network access in this process and its children.

Python imports `sitecustomize` at start; putting this folder on PYTHONPATH is enough. Loopback, Unix sockets
and this machine's own name stay open: Jupyter, Dask and worker processes need them.
"""

import ipaddress
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


def _refuse_outside(event: str, args: tuple[Any, ...]) -> None:
    if event in _ADDRESS_AT:
        address = args[_ADDRESS_AT[event]]
        if not isinstance(address, tuple):  # Unix sockets have a path, connected ones have None
            return
        host: object = address[0]
    elif event in _HOST_AT:
        host = args[_HOST_AT[event]]
    else:
        return
    if not _is_local(host):
        raise NetworkBlocked(
            f"network access is blocked here: {event} to {host!r}. "
            "A chapter must work offline: use dpwidgets.samples, or catch the error and go on without."
        )


sys.addaudithook(_refuse_outside)
