"""What a run prints: a line for each job, every difference under it; then the measure, and one line of figures."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from . import expect, score
from .process import Outcome
from .runner import Result
from .score import Family


@dataclass(frozen=True)
class Unreadable:
    """A scenario file with a slip in it."""

    name: str
    problem: str


@dataclass(frozen=True)
class Run:
    """Everything that was done."""

    results: list[Result]
    unreadable: list[Unreadable]
    #: Runs left out, by what they want.
    skipped: dict[str, int]
    seconds: float

    @property
    def ok(self) -> bool:
        fine = all(one.ok for one in self.results) and not self.unreadable
        return fine and not score.broken_promises(score.families(self.results))


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


def unreadable(one: Unreadable) -> list[str]:
    return [f"✗       –  {one.name}", f"      lab: {one.problem}"]


def measure(results: list[Result]) -> list[str]:
    """The table of families, the confusions, what each level of confidence was worth."""
    families = score.families(results)
    return [*_table(families), *_confusions(families), *_calibration(families)]


_HEAD = ("family", "runs", "top-1", "", "false alarms", "missed", "awaited", "slowest")


def _table(families: list[Family]) -> Iterator[str]:
    total = Family("all")
    for one in families:
        total.runs += one.runs
        total.awaited += one.awaited
        total.verdicts += one.verdicts
        total.slowest = max(total.slowest, one.slowest)
    width = max([len(one.name) for one in families] + [len(_HEAD[0])])
    yield ""
    yield f"{_HEAD[0]:{width}}  " + "  ".join(f"{head:>{size}}" for head, size in zip(_HEAD[1:], _SIZES, strict=True))
    for one in [*families, total]:
        share = f"{one.right / len(one.judged):.1%}" if one.judged else "–"
        cells = (
            str(one.runs),
            share,
            f"{one.right}/{len(one.judged)}",
            str(one.false_alarms),
            str(one.missed),
            str(one.awaited),
            f"{one.slowest:.2f} s",
        )
        yield f"{one.name:{width}}  " + "  ".join(f"{cell:>{size}}" for cell, size in zip(cells, _SIZES, strict=True))


_SIZES = (4, 6, 7, 12, 6, 7, 8)


def _confusions(families: list[Family]) -> Iterator[str]:
    verdicts = [verdict for one in families for verdict in one.verdicts]
    for one in verdicts:
        if one.right is False:
            yield f"confusion: {one.expected} → {one.got}  {one.run}"
    for one in verdicts:
        for code in one.false_alarms:
            yield f"false alarm: {code}  {one.run}"
        for code in one.missed:
            yield f"missed: {code}  {one.run}"


def _calibration(families: list[Family]) -> Iterator[str]:
    yield ""
    for level in score.LEVELS:
        made = score.claims(families, level)
        true = sum(one.true for one in made)
        promise = f", promised {score.PROMISES[level]:.1%}" if level in score.PROMISES else ""
        share = f"{true / len(made):.1%}" if made else "–"
        yield f"called {level:9}  {true:4} of {len(made):4} true  {share:>6}{promise}"
        false = Counter(f"{one.code}  {one.run}" for one in made if not one.true)
        yield from (f"      not a cause there: {what}" for what in sorted(false))
    yield from (f"✗ {text}" for text in score.broken_promises(families))
    yield ""


def figures(run: Run) -> str:
    results = run.results
    wrong = [one for one in results if not one.ok]
    lab = sum(bool(one.lab) for one in wrong)
    hung = sum(bool(one.outcome and one.outcome.hung) for one in results)
    scenarios = len({one.job.scenario.name for one in results})
    built = sum(one.built for one in results) / max(len(results), 1)
    awaited = sum(one.awaited for one in results)
    skipped = "".join(f", {count} skipped ({wanted})" for wanted, count in run.skipped.items())
    fine = f"{len(results) - len(wrong) - awaited} ok, {awaited} awaited{skipped}"
    mismatches = f"{len(wrong) - lab} product mismatches, {lab + len(run.unreadable)} lab mismatches, {hung} hung"
    judged = [verdict for one in score.families(results) for verdict in one.judged]
    right = sum(one.right is True for one in judged)
    top = f"; top-1 {right / len(judged):.1%} of {len(judged)}" if judged else ""
    counts = f"{fine}, {mismatches}{top}"
    return f"{scenarios} scenarios, {len(results)} runs: {counts}; {run.seconds:.1f} s, a world up in {built:.2f} s"


def keep(name: str, outcome: Outcome, folder: Path) -> None:
    file = folder / f"{name.replace(' ', '-').replace('(', '').replace(')', '')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(outcome.stdout)


def junit(run: Run, file: Path) -> None:
    """A suite for each family."""
    root = ElementTree.Element("testsuites", name="lab", time=f"{run.seconds:.3f}")
    suites: dict[str, ElementTree.Element] = {}
    for result in run.results:
        name = result.job.name.rpartition("/")[2]
        case = _case(_suite(root, suites, result.job.scenario.family), name, result.outcome)
        if result.awaited:
            ElementTree.SubElement(case, "skipped", message=result.job.scenario.awaits or "")
        elif not result.ok:
            _failure(case, [*result.lab, *result.product][0], lines(result))
    for one in run.unreadable:
        family, _, name = one.name.rpartition("/")
        _failure(_case(_suite(root, suites, family), name, None), one.problem, [one.problem])
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _suite(root: ElementTree.Element, suites: dict[str, ElementTree.Element], family: str) -> ElementTree.Element:
    if family not in suites:
        suites[family] = ElementTree.SubElement(root, "testsuite", name=f"lab.{family}")
    return suites[family]


def _case(suite: ElementTree.Element, name: str, outcome: Outcome | None) -> ElementTree.Element:
    took = f"{outcome.seconds:.3f}" if outcome else "0"
    return ElementTree.SubElement(suite, "testcase", classname=suite.get("name", ""), name=name, time=took)


def _failure(case: ElementTree.Element, message: str, text: list[str]) -> None:
    ElementTree.SubElement(case, "failure", message=message).text = "\n".join(text)
