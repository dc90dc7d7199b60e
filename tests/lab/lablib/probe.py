"""The lab's own look from the client's namespace: does the world do what the scenario claims?

Run beside the binary under test, so that a mismatch says at once whether the packets or the diagnosis are off.
Prints one JSON object: address → `connected`, `refused`, `timed-out` or an errno's name; or the name's failure.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

#: Addresses in the lab answer within a millisecond, at the second SYN (after one second), or never.
_PATIENCE = 1.5


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    # The C library may ask a silent server for twenty seconds, and cannot be interrupted.
    seen: list[dict[str, str]] = []
    worker = threading.Thread(target=lambda: seen.append(look(host, port)), daemon=True)
    worker.start()
    worker.join(3.0)
    print(json.dumps(seen[0] if seen else {"name": "no-answer"}), flush=True)
    os._exit(0)


def look(host: str, port: int) -> dict[str, str]:
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"name": _NAMES.get(error.errno or 0, str(error.errno))}
    with contextlib.suppress(socket.gaierror):
        found += socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM)
    addresses = sorted({str(entry[4][0]) for entry in found})
    with ThreadPoolExecutor() as pool:
        return dict(zip(addresses, pool.map(lambda ip: outcome(ip, port), addresses), strict=True))


_NAMES = {
    socket.EAI_NONAME: "no-such-name",
    socket.EAI_NODATA: "no-address",
    socket.EAI_AGAIN: "no-answer",
    socket.EAI_FAIL: "no-answer",
}


def outcome(ip: str, port: int) -> str:
    try:
        socket.create_connection((ip, port), timeout=_PATIENCE).close()
    except TimeoutError:
        return "timed-out"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "connected"


if __name__ == "__main__":
    main()
