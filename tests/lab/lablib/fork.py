"""A copy of this process in another network namespace: a Python that has read its modules already.

Starting anew would cost each world a quarter of a second of processor time, which is most of what a world costs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_CLONE_NEWNET = 0x40000000


class Fork:
    """Runs `main` with `text` on its standard input; it ends with that input."""

    def __init__(self, namespace: Path, text: str, main: Callable[[], None]) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ours_in)
            os.close(ours_out)
            _become(namespace, theirs_in, theirs_out, main)
        os.close(theirs_in)
        os.close(theirs_out)
        self._input, self._output = os.fdopen(ours_in, "w"), os.fdopen(ours_out)
        self._input.write(text)
        self._input.flush()

    def line(self) -> str:
        """What it says next."""
        return self._output.readline()

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._input.close()
        self._output.close()


def _become(namespace: Path, stdin: int, stdout: int, main: Callable[[], None]) -> None:
    """Never returns: the stack of the process that was copied is no business of ours."""
    try:
        with namespace.open() as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)
        main()
    except BaseException as error:  # It has to end here, and to say why.
        print(f"lab: a server of the world did not start: {error!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)
