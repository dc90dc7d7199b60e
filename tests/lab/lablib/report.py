"""What a run prints: a line for each job, every difference under it, one line of figures; and JUnit for pipelines."""

from __future__ import annotations

import shlex
from pathlib import Path
from xml.etree import ElementTree

from . import expect
from .expect import Outcome
from .runner import Result


def lines(result: Result) -> list[str]:
    took = f"{result.outcome.seconds:5.2f} s" if result.outcome else "      –"
    if result.awaited:
        return [f"… {took}  {result.job.name}: {result.job.scenario.awaits}"]
    head = f"{'✓' if result.ok else '✗'} {took}  {result.job.name}"
    if result.ok:
        return [head]
    details = [*(f"lab: {text}" for text in result.lab), *result.product]
    if result.outcome:
        details += result.drops
        details += [f"said: {expect.said(result.outcome)}", f"ran: {shlex.join(result.outcome.command)}"]
    return [head, *(f"      {text}" for text in details)]


def figures(results: list[Result], seconds: float) -> str:
    wrong = [one for one in results if not one.ok]
    lab = sum(bool(one.lab) for one in wrong)
    hung = sum(bool(one.outcome and one.outcome.hung) for one in results)
    scenarios = len({one.job.scenario.name for one in results})
    built = sum(one.built for one in results) / max(len(results), 1)
    awaited = sum(one.awaited for one in results)
    fine = f"{len(results) - len(wrong) - awaited} ok, {awaited} awaited"
    counts = f"{fine}, {len(wrong) - lab} product mismatches, {lab} lab mismatches, {hung} hung"
    return f"{scenarios} scenarios, {len(results)} runs: {counts}; {seconds:.1f} s, a world up in {built:.2f} s"


def keep(name: str, outcome: Outcome, folder: Path) -> None:
    file = folder / f"{name.replace(' ', '-').replace('(', '').replace(')', '')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(outcome.stdout)


def junit(results: list[Result], file: Path) -> None:
    failures = str(sum(not one.ok for one in results))
    suite = ElementTree.Element("testsuite", name="lab", tests=str(len(results)), failures=failures)
    for result in results:
        family, _, name = result.job.name.rpartition("/")
        took = f"{result.outcome.seconds:.3f}" if result.outcome else "0"
        case = ElementTree.SubElement(suite, "testcase", classname=f"lab.{family}", name=name, time=took)
        if not result.ok:
            differences = [*result.lab, *result.product]
            failure = ElementTree.SubElement(case, "failure", message=differences[0])
            failure.text = "\n".join([*lines(result)])
    ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
