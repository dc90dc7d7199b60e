"""Compares what the binary said with what the scenario says it must say. Every difference is one sentence."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .declaration import Expect

SCHEMA = "vpce-doctor/report/v1"


@dataclass(frozen=True)
class Outcome:
    """One run of the binary."""

    command: list[str]
    exit: int
    stdout: str
    stderr: str
    seconds: float
    #: It was killed because it did not end.
    hung: bool = False


def differences(expect: Expect, outcome: Outcome) -> list[str]:
    if outcome.hung:
        return [f"did not end within {outcome.seconds:.0f} s and was killed"]
    found = list(_process(expect, outcome))
    try:
        report = json.loads(outcome.stdout)
        target = report["targets"][0]
    except (ValueError, LookupError, TypeError) as error:
        return [*found, f"no report on standard output ({error!r}); standard error: {_brief(outcome.stderr)}"]
    if report.get("schema") != SCHEMA:
        found.append(f"schema is {report.get('schema')!r}, not {SCHEMA!r}")
    if expect.vantage is not None and (how := report.get("vantage", {}).get("how")) != expect.vantage:
        found.append(f"vantage was learnt from {how}, not {expect.vantage}")
    return [*found, *_target(expect, target)]


def said(outcome: Outcome) -> str:
    """A report in one line, to stand beside its differences."""
    try:
        target = json.loads(outcome.stdout)["targets"][0]
        findings = [f"{one['code']} ({one['severity']}, {one['confidence']})" for one in target["findings"]]
        undecided = [f"{one['code']} needs {one['missing']}" for one in target["undecided"]]
    except (ValueError, LookupError, TypeError):
        return _brief(outcome.stdout)
    return (
        f"{target['verdict']}; findings: {', '.join(findings) or 'none'}; undecided: {', '.join(undecided) or 'none'}"
    )


def _process(expect: Expect, outcome: Outcome) -> Iterator[str]:
    if outcome.exit not in expect.exit:
        yield f"exit code is {outcome.exit}, not {' or '.join(map(str, expect.exit))}"
    if outcome.seconds > expect.max_seconds:
        yield f"took {outcome.seconds:.1f} s, more than {expect.max_seconds:.1f} s"


def _target(expect: Expect, target: dict[str, Any]) -> Iterator[str]:
    if target.get("verdict") != expect.verdict:
        yield f"verdict is {target.get('verdict')}, not {expect.verdict}"
    if expect.primary != "*" and (target.get("primary") or "") not in (_choices(expect) or [""]):
        yield f"primary is {target.get('primary')}, not {expect.primary}"
    findings = {one["code"]: one for one in target.get("findings", [])}
    yield from _codes(expect, target.get("primary"), findings)
    if primary := findings.get(target.get("primary")):
        yield from _primary(expect, primary)
    yield from _undecided(expect, target)
    rows = {one["ip"]: one for one in target.get("addresses", [])}
    for ip, wanted in expect.path.items():
        if (path := rows.get(ip, {}).get("path")) != wanted:
            yield f"path of {ip} is {path}, not {wanted}"


def _choices(expect: Expect) -> list[str]:
    return expect.primary.split("|") if expect.primary else []


def _codes(expect: Expect, primary: str | None, findings: dict[str, Any]) -> Iterator[str]:
    choices = _choices(expect)
    asked = {*expect.codes, *(choices if len(choices) == 1 else [])} - {"*"}
    for code in sorted(asked - set(findings)):
        yield f"{code} is missing"
    fine = {*asked, *expect.may, *(choices if primary in choices else [])}
    for code, finding in findings.items():
        if any(fnmatch.fnmatchcase(code, pattern) for pattern in expect.absent):
            yield f"{code} must not appear"
        elif finding["severity"] == "error" and code not in fine and expect.primary != "*":
            yield f"{code} is an error nobody expects: {finding['summary']}"


def _primary(expect: Expect, primary: dict[str, Any]) -> Iterator[str]:
    for field in ("confidence", "side"):
        wanted = getattr(expect, field)
        if wanted is not None and primary[field] != wanted:
            yield f"{field} of {primary['code']} is {primary[field]}, not {wanted}"
    if not primary.get("evidence"):
        yield f"{primary['code']} has no evidence"
    if expect.verified_fix is not None:
        verified = any(fix.get("verified") for fix in primary.get("fixes", []))
        if verified != expect.verified_fix:
            yield f"{primary['code']} {'lacks' if expect.verified_fix else 'claims'} a verified fix"


def _undecided(expect: Expect, target: dict[str, Any]) -> Iterator[str]:
    missing = {one["missing"] for one in target.get("undecided", [])}
    for wanted in expect.undecided:
        if not any(fnmatch.fnmatchcase(one, wanted) for one in missing):
            yield f"nothing is undecided for want of {wanted} (only for {', '.join(sorted(missing)) or 'nothing'})"


def _brief(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
