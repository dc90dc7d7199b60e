"""Compares what the binary said with what the scenario says it must say. Every difference is one sentence."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from .process import Outcome
from .scenario import Expect, ExpectRun

SCHEMA = "vpce-doctor/report/v1"
Target = dict[str, Any]


def differences(expect: ExpectRun, targets: int, outcome: Outcome) -> list[str]:
    """`targets`: how many were asked for; 0 where a configuration file says it."""
    if outcome.hung:
        return [f"did not end within {outcome.seconds:.0f} s and was killed"]
    found = list(_process(expect, outcome))
    report = parsed(outcome)
    if report is None:
        return [*found, f"no report on standard output; standard error: {_brief(outcome.stderr)}"]
    if report.get("schema") != SCHEMA:
        found.append(f"schema is {report.get('schema')!r}, not {SCHEMA!r}")
    if expect.vantage is not None and (how := report.get("vantage", {}).get("how")) != expect.vantage:
        found.append(f"vantage was learnt from {how}, not {expect.vantage}")
    return [*found, *_targets(expect, targets, report), *_summary(expect, report)]


def parsed(outcome: Outcome) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads(outcome.stdout)
        return report if report["targets"][0]["findings"] is not None else None
    except (ValueError, LookupError, TypeError):
        return None


def pairs(expect: ExpectRun, outcome: Outcome) -> list[tuple[Expect, Target]]:
    """The report's targets, each with what is expected of it."""
    report = parsed(outcome) or {"targets": []}
    found = [(_wanted(expect, one), one) for one in report["targets"]]
    return [(wanted, one) for wanted, one in found if wanted]


def verdicts(outcome: Outcome) -> dict[str, str]:
    report = parsed(outcome) or {"targets": []}
    return {one["name"]: one["verdict"] for one in report["targets"]}


def said(outcome: Outcome) -> str:
    """A report in one line, to stand beside its differences."""
    report = parsed(outcome)
    if report is None:
        return _brief(outcome.stdout)
    many = len(report["targets"]) > 1
    return " | ".join((f"{one['name']}: " if many else "") + _said(one) for one in report["targets"])


def _said(target: Target) -> str:
    findings = [f"{one['code']} ({one['severity']}, {one['confidence']})" for one in target["findings"]]
    undecided = [f"{one['code']} needs {one['missing']}" for one in target["undecided"]]
    return (
        f"{target['verdict']}; findings: {', '.join(findings) or 'none'}; undecided: {', '.join(undecided) or 'none'}"
    )


def _process(expect: ExpectRun, outcome: Outcome) -> Iterator[str]:
    if outcome.exit not in expect.exit:
        yield f"exit code is {outcome.exit}, not {' or '.join(map(str, expect.exit))}"
    if outcome.seconds > expect.max_seconds:
        yield f"took {outcome.seconds:.1f} s, more than {expect.max_seconds:.1f} s"


def names(target: Target) -> list[str]:
    """What a scenario may call a target: its name, or where it is."""
    where = f"{target.get('host')}:{target.get('port')}"
    return [str(target.get("name")), f"{target.get('protocol')}://{where}", where]


def _wanted(expect: ExpectRun, target: Target) -> Expect | None:
    return next((expect.targets[one] for one in names(target) if one in expect.targets), expect.every)


def _targets(expect: ExpectRun, targets: int, report: dict[str, Any]) -> Iterator[str]:
    reported = report["targets"]
    known = [name for one in reported for name in names(one)]
    for name in expect.targets:
        if name not in known:
            yield f"there is no target {name}, only {', '.join(str(one['name']) for one in reported)}"
    if targets and len(reported) != targets:
        yield f"there are {len(reported)} targets, not {targets}"
    for one in reported:
        wanted = _wanted(expect, one)
        texts = _target(wanted, one) if wanted else ["is a target that nobody expects"]
        for text in texts:
            yield f"{one['name']}: {text}" if len(reported) > 1 else text


def _summary(expect: ExpectRun, report: dict[str, Any]) -> Iterator[str]:
    """Every cause wanted must be one line with exactly its targets."""
    callings = {one["name"]: names(one) for one in report["targets"]}
    for cause in expect.summary:
        lines = [one["targets"] for one in report.get("summary", []) if one["code"] == cause.code]
        if not any(_same(cause.targets, line, callings) for line in lines):
            yield f"summary says {cause.code} of {lines or 'nothing'}, not of {list(cause.targets)}"
        if len(lines) > sum(one.code == cause.code for one in expect.summary):
            yield f"summary has {len(lines)} lines for {cause.code}"


def _same(wanted: tuple[str, ...], line: list[str], callings: dict[str, list[str]]) -> bool:
    called = [callings.get(one, [one]) for one in line]
    return len(wanted) == len(line) and all(any(one in names for names in called) for one in wanted)


def _target(expect: Expect, target: Target) -> Iterator[str]:
    if target.get("verdict") != expect.verdict:
        yield f"verdict is {target.get('verdict')}, not {expect.verdict}"
    if not is_primary(expect, target):
        yield f"primary is {target.get('primary')}, not {expect.primary}"
    findings = {one["code"]: one for one in target.get("findings", [])}
    yield from _codes(expect, target.get("primary"), findings)
    if primary := findings.get(target.get("primary")):
        yield from _primary(expect, primary)
    yield from _undecided(expect, target)
    yield from _rows(expect, target)
    yield from _story(expect, target)


def is_primary(expect: Expect, target: Target) -> bool:
    return expect.open or (target.get("primary") or "") in (expect.choices or ("",))


def required(expect: Expect) -> set[str]:
    """Codes that must be found."""
    return {*expect.codes, *(expect.choices if len(expect.choices) == 1 else ())} - {"*"}


def is_absent(expect: Expect, code: str) -> bool:
    return any(fnmatch.fnmatchcase(code, pattern) for pattern in expect.absent)


def _codes(expect: Expect, primary: str | None, findings: dict[str, Any]) -> Iterator[str]:
    for code in sorted(required(expect) - set(findings)):
        yield f"{code} is missing"
    fine = {*required(expect), *expect.may, *(expect.choices if primary in expect.choices else ())}
    for code, finding in findings.items():
        if is_absent(expect, code):
            yield f"{code} must not appear"
        elif finding["severity"] == "error" and code not in fine and not expect.open:
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


def _undecided(expect: Expect, target: Target) -> Iterator[str]:
    missing = {one["missing"] for one in target.get("undecided", [])}
    for wanted in expect.undecided:
        if not any(fnmatch.fnmatchcase(one, wanted) for one in missing):
            yield f"nothing is undecided for want of {wanted} (only for {', '.join(sorted(missing)) or 'nothing'})"


def _rows(expect: Expect, target: Target) -> Iterator[str]:
    rows = {one["ip"]: one for one in target.get("addresses", [])}
    for field, wanted in (("path", expect.path), ("cell", expect.cells)):
        for ip, what in wanted.items():
            if (got := rows.get(ip, {}).get(field)) != what:
                yield f"{field} of {ip} is {got}, not {what}"


def _story(expect: Expect, target: Target) -> Iterator[str]:
    """What stays unexplained, and what has changed."""
    changes = [str(one.get("fact")) for one in target.get("changes") or []]
    unexplained = [str(one.get("text")) for one in target.get("unexplained") or []]
    kinds = (("changed", expect.changes, changes), ("unexplained", expect.unexplained, unexplained))
    for what, patterns, texts in kinds:
        for pattern in patterns:
            if not any(fnmatch.fnmatchcase(one, pattern) for one in texts):
                yield f"nothing {what} is like '{pattern}' (only {'; '.join(texts) or 'nothing'})"
    if expect.unchanged and changes:
        yield f"something is said to have changed: {'; '.join(changes)}"


def _brief(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
