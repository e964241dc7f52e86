"""What jupyter_client starts in the place of a kernel: asks the zygote for one and lives as long as it.

python stand_in.py SOCKET ARGUMENTS...    (the arguments are those of `python -m ipykernel_launcher`)
"""

import array
import json
import os
import signal
import socket
import sys


def main(path: str, arguments: list[str]) -> int:
    zygote = socket.socket(socket.AF_UNIX)
    zygote.connect(path)
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}
    streams = array.array("i", [0, 1, 2])
    zygote.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: zygote.sendall(b"%d\n" % number))
    zygote.sendall(json.dumps(request).encode() + b"\n")
    ending = zygote.recv(16)
    if not ending:
        print("the process that makes warm kernels is gone", file=sys.stderr)
        return 1
    code = int(ending)
    if code < 0:  # it died of a signal: so do we
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
