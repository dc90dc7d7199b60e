"""The program under test: what `vpce-doctor path` says of a flow."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .traffic import Flow

_HANG = 30.0


@dataclass(frozen=True)
class Question:
    flow: Flow
    #: None: whatever port the client takes.
    source_port: int | None = None

    def arguments(self) -> list[str]:
        flow = self.flow
        ends = ["--from", flow.spoken[0], "--to", flow.spoken[1], "--port", str(flow.port)]
        protocol = ["--protocol", flow.protocol] if flow.protocol != "tcp" else []
        return [*ends, *protocol, *(["--source-port", str(self.source_port)] if self.source_port else [])]


@dataclass(frozen=True)
class Answer:
    exit: int
    report: dict[str, Any]
    #: Why there is no report.
    problem: str = ""

    def fix(self) -> list[str]:
        """The commands of the fix for the whole path; none, unless the program calls it verified."""
        fix = self.report.get("fix") or {}
        return [one["cli"] for one in fix.get("changes", [])] if fix.get("verified") is True else []


def ask(binary: Path, inventory: Path, question: Question) -> Answer:
    command = [str(binary), "path", *question.arguments(), "--inventory", str(inventory), "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(inventory), "NO_COLOR": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_HANG, env=environment)
    except subprocess.TimeoutExpired:
        return Answer(-1, {}, f"no answer within {_HANG:.0f} s")
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return Answer(done.returncode, {}, (done.stderr or done.stdout).strip()[-500:] or "no output")
    return Answer(done.returncode, report)
