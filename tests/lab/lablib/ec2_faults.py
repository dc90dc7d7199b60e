"""How the lab's EC2 API misbehaves on request: what it says, or fails to say, instead of an answer.

A scenario names them under `[inventory]`; `"*"` stands for every action:

    throttled = { DescribeSecurityGroups = 3 }          # the first three; true: always
    hangs = ["DescribeNetworkAcls"]                     # accepted, never answered
    answers = { DescribeRouteTables = "html-503", DescribeVpcs = "internal-error first 2" }
    vanishes = { sg-vpce = 0, eni-10-0-2-20 = 1 }       # shown by so many answers, and gone from then on
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from .tables import one_of

#: HTTP status, EC2's code and its words.
#: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
ERRORS = {
    "throttled": (503, "RequestLimitExceeded", "Request limit exceeded."),
    "denied": (403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
    "internal-error": (500, "InternalError", "An internal error has occurred"),
    "unavailable": (503, "Unavailable", "The service is unavailable. Please try again shortly."),
    "auth-failure": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
    "request-expired": (400, "RequestExpired", "Request has expired."),
}
#: A proxy or a portal between the host and the API.
PAGES = {f"html-{status}": status for status in (200, 403, 407, 502, 503, 504)}
#: What happens to an answer on its way.
ACCIDENTS = {
    "hangs": "the request is taken and nothing comes back",
    "closed": "the connection ends without an answer",
    "cut-short": "the connection ends in the middle of the answer",
    "truncated": "half the XML, as if that were all",
    "empty": "200 and nothing",
}
KINDS = {*ERRORS, *PAGES, *ACCIDENTS}

_HTML = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>squid/5.7</body></html>\n"


@dataclass(frozen=True)
class Fault:
    kind: str
    #: So many requests of an action; None: all.
    first: int | None = None


def parse(text: str, where: str) -> Fault:
    """`html-503`, or `internal-error first 2`."""
    match = re.fullmatch(r"(\S+)(?: first (\d+))?", text)
    if match is None:
        raise ValueError(f"{where}: '{text}' is not KIND or 'KIND first N'")
    return Fault(one_of(match[1], KINDS, where), int(match[2]) if match[2] else None)


def page(kind: str) -> tuple[int, str]:
    status = PAGES[kind]
    return status, _HTML.format(f"{status} {HTTPStatus(status).phrase}")


class Faults:
    """What goes wrong in one world's API, and how often it was asked."""

    def __init__(self, inventory: dict[str, Any]) -> None:
        """`inventory`: what `plan` made of the scenario's table."""
        self._log = Path(inventory["log"])
        self._faults = {action: parse(what, action) for action, what in inventory["answers"].items()}
        for action in inventory["hangs"]:
            self._faults[action] = Fault("hangs")
        for action in inventory["denied"]:
            self._faults[action] = Fault("denied")
        for action, count in inventory["throttled"].items():
            self._faults[action] = Fault("throttled", None if count is True else int(count))
        self._vanishes: dict[str, int] = inventory["vanishes"]
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def strike(self, action: str) -> str | None:
        """What is wrong with this request; it counts as one."""
        with self._lock:
            asked = self._asked[action]
            self._asked[action] += 1
        what = action if action in self._faults else "*"
        fault = self._faults.get(what)
        if fault is None or (fault.first is not None and asked >= fault.first):
            return None
        self._note(what)
        return fault.kind

    def is_gone(self, id: str, action: str) -> bool:
        """Whether this request, the latest of the action, comes after the object's end."""
        gone = id in self._vanishes and self._asked[action] > self._vanishes[id]
        if gone:
            self._note(id)
        return gone

    def _note(self, what: str) -> None:
        with self._lock, self._log.open("a") as log:
            print(what, file=log)


_TABLES = ("denied", "throttled", "hangs", "answers", "vanishes")


def plan(inventory: Any, log: Path) -> dict[str, Any]:
    """As JSON for the process that serves the API. `inventory`: the `Inventory` of a scenario."""
    return {"log": str(log), **{key: getattr(inventory, key) for key in _TABLES}}


def unused(inventory: Any, log: Path) -> list[str]:
    """What a scenario declares and nobody has met: it would pass without. Permissions may be lacking unnoticed."""
    met = set(log.read_text().split()) if log.exists() else set()
    declared = [(table, one) for table in _TABLES if table != "denied" for one in getattr(inventory, table)]
    return [f"inventory.{table}: {one} was never met" for table, one in declared if one not in met]
