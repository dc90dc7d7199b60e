"""The program under test, asked as a user would."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .evaluator import Flow

STEPS = (
    "source-interface",
    "source-sg-egress",
    "source-nacl-egress",
    "forward-route",
    "destination-interface",
    "destination-nacl-ingress",
    "destination-sg-ingress",
    "return-nacl-egress",
    "return-route",
    "return-nacl-ingress",
)
_EXITS = {"allow": 0, "deny": 2, "undecided": 3}


@dataclass(frozen=True)
class Reply:
    exit: int | None
    out: str
    err: str

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.out)
        except ValueError:
            return None

    @property
    def verdict(self) -> str:
        """allow, deny, undecided; or error, for an answer that is none."""
        document = self.document
        if isinstance(document, dict) and "verdict" in document:
            return document["verdict"]
        return "error"

    def broken(self) -> str | None:
        """What no input may cause."""
        if self.exit is None:
            return "no answer in 20 s"
        if self.exit not in (0, 2, 3) or "panicked" in self.err:
            return f"exit {self.exit}: {self.err.strip()[:400]}"
        if self.verdict == "error" and self.exit != 3:
            return f"exit {self.exit} without an answer"
        if self.verdict != "error" and self.exit != _EXITS.get(self.verdict):
            return f"exit {self.exit} with verdict {self.verdict}"
        return None

    def misshapen(self) -> str | None:
        document = self.document
        if document is None:
            return None if self.err.strip() else "an error without a word"
        if document.get("schema") != "vpce-doctor/path/v1":
            return f"schema {document.get('schema')}"
        steps = tuple(one.get("step") for one in document.get("steps", []))
        if steps != STEPS:
            return f"steps {steps}"
        if any(one.get("verdict") not in _EXITS for one in document["steps"]):
            return "a step without a verdict"
        return None


def command(binary: Path, folder: Path, flow: Flow) -> list[str]:
    return [str(binary), "path", *flow.arguments(), "--inventory", str(folder), "--format", "json"]


def ask(binary: Path, folder: Path, flow: Flow) -> Reply:
    try:
        done = subprocess.run(command(binary, folder, flow), capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return Reply(None, "", "")
    return Reply(done.returncode, done.stdout, done.stderr)
