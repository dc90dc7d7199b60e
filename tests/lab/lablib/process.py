"""Programs in the host's namespace, as a user would start them there; those that do not end are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .network import Network

#: A check with `--timeout 2s` that has not ended by then never will.
HANG = 20.0

#: Runs `$@` with files of ours over the machine's, in mounts of its own.
_MOUNT_OVER = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"'


@dataclass(frozen=True)
class Outcome:
    """One run of a program."""

    command: list[str]
    exit: int
    stdout: str
    stderr: str
    seconds: float
    #: It was killed because it did not end.
    hung: bool = False


class Program:
    """Started, and ended by `finish`."""

    def __init__(self, net: Network, mounts: dict[str, Path], command: list[str], environment: dict[str, str]) -> None:
        pairs = [text for path, file in mounts.items() if Path(path).exists() for text in (str(file), path)]
        shell = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _MOUNT_OVER, "sh", *pairs, "--", *command]
        self._command = command
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            net.inside(net.client, *shell),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={"PATH": os.environ["PATH"], **environment},
            start_new_session=True,
        )

    def finish(self, patience: float = HANG) -> Outcome:
        hung = False
        try:
            stdout, stderr = self._process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            hung = True
            stdout, stderr = self._kill()
        took = time.monotonic() - self._started
        return Outcome(self._command, self._process.returncode, stdout, stderr, took, hung)

    def _kill(self) -> tuple[str, str]:
        """The whole group: what it started holds its output open, and may have left the group all the same."""
        os.killpg(self._process.pid, signal.SIGKILL)
        try:
            return self._process.communicate(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.wait()
            return "", ""
