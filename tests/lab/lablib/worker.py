"""A process of its own for worlds, one after the other: when it hangs, it is killed with all that is in them.

It lives in process, network and mount namespaces of its own, so that killing it leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from .process import HANG
from .runner import Job, Result, Settings, run
from .sandbox import prepare

#: Beyond what the binary itself may take: worlds up to three times (before, now, cured), and their probes.
_WORLDS = 3 * HANG
_TEARDOWN = 10.0
_LAB = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Down:
    """The world is taken down; or why not."""

    problem: str | None = None


class Worker:
    """The parent's side."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._start()

    def run(self, job: Job) -> Result:
        """One result, whatever happens. A worker that failed is replaced."""
        self._pipe.send(job)
        result = self._next(_WORLDS + job.patience)
        if not isinstance(result, Result):
            self._restart()
            why = result if isinstance(result, str) else f"hung for {_WORLDS + job.patience:.0f} s"
            return Result(job, [f"{why}; the world was killed"], [])
        down = self._next(_TEARDOWN)
        if isinstance(down, Down) and down.problem is None:
            return result
        self._restart()
        problem = down.problem if isinstance(down, Down) else f"not within {_TEARDOWN:.0f} s"
        lab = [*result.lab, f"the world could not be taken down: {problem}"]
        return Result(job, lab, result.product, result.outcome)

    def close(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        self._pipe, theirs = Pipe()
        apart = ["unshare", "--pid", "--fork", "--kill-child", "--net", "--mount", "--propagation", "private"]
        command = [*apart, sys.executable, "-B", "-m", "lablib.worker", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], cwd=_LAB, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        self._pipe.send(self._settings)

    def _restart(self) -> None:
        self.close()
        self._start()

    def _next(self, patience: float) -> Result | Down | str | None:
        """What it says next; a text when it died; None when it is silent."""
        try:
            return self._pipe.recv() if self._pipe.poll(patience) else None
        except EOFError:
            return f"the lab's own process died ({self._process.wait()})"


def main() -> None:
    """The child's side."""
    # A terminal's ^C is for the parent, whose end ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    pipe: Connection[Result | Down, Job | Settings] = Connection(int(sys.argv[1]))
    settings = pipe.recv()
    assert isinstance(settings, Settings)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        assert isinstance(job, Job)
        _serve(job, settings, pipe)


def _serve(job: Job, settings: Settings, pipe: Connection[Result | Down, Job | Settings]) -> None:
    said: list[Result] = []

    def say(result: Result) -> None:
        said.append(result)
        pipe.send(result)

    problem = None
    try:
        run(job, settings, say)
    except Exception as error:  # Whatever it is, it is one scenario's.
        problem = f"{error}" if isinstance(error, (OSError, RuntimeError, subprocess.SubprocessError)) else _trace()
    if not said:
        say(Result(job, [f"the world could not be built: {problem}"], []))
    pipe.send(Down(problem if said[0].outcome else None))


def _trace() -> str:
    return " ".join(traceback.format_exc(limit=-3).split())


if __name__ == "__main__":
    # Pickled by the name under which the parent knows it.
    from lablib import worker

    worker.main()
    os._exit(0)
