"""The lab's own look from the client's namespace: does the world do what the scenario claims?

Run beside the binary under test, so that a mismatch says at once whether the packets or the diagnosis are off.
Prints one JSON object: address → `connected`, `refused`, `timed-out` or an errno's name; or the name's failure.
"""

from __future__ import annotations

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
    worker.join(4.0)
    print(json.dumps(seen[0] if seen else {"name": "no-answer"}), flush=True)
    os._exit(0)


def look(host: str, port: int) -> dict[str, str]:
    with ThreadPoolExecutor() as pool:
        # Absolute, or the search list would double the wait for what is mostly not there.
        later = pool.submit(addresses, f"{host}.", port, socket.AF_INET6)
        four, six = addresses(host, port, socket.AF_INET), later.result()
        if isinstance(four, str):
            return {"name": four}
        found = sorted(four | six if isinstance(six, set) else four)
        return dict(zip(found, pool.map(lambda ip: outcome(ip, port), found), strict=True))


def addresses(host: str, port: int, family: int) -> set[str] | str:
    """Or why there are none."""
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        return _NAMES.get(error.errno or 0, str(error.errno))
    return {str(entry[4][0]) for entry in found}


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
