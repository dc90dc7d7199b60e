"""The measure: how often the first cause named is the true one, how often wolf is cried, what confidence is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import expect
from .expect import Target
from .runner import Result
from .scenario import Expect

#: What a level of confidence promises: the share of findings called so that are true causes of their scenario.
PROMISES = {"confirmed": 0.995, "likely": 0.85}
LEVELS = ("confirmed", "likely", "possible")
NOTHING = "none"


@dataclass(frozen=True)
class Claim:
    """A finding that somebody would act on."""

    code: str
    confidence: str
    true: bool
    run: str


@dataclass(frozen=True)
class Verdict:
    """One target of one run, judged."""

    family: str
    run: str
    expected: str
    got: str
    #: None where the scenario does not say what the primary is.
    right: bool | None
    false_alarms: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass
class Family:
    name: str
    runs: int = 0
    awaited: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def judged(self) -> list[Verdict]:
        return [one for one in self.verdicts if one.right is not None]

    @property
    def right(self) -> int:
        return sum(one.right is True for one in self.judged)

    @property
    def false_alarms(self) -> int:
        return sum(len(one.false_alarms) for one in self.verdicts)

    @property
    def missed(self) -> int:
        return sum(len(one.missed) for one in self.verdicts)


def families(results: Iterable[Result]) -> list[Family]:
    """What a scenario foretells and what its world spoils is counted as a run, and judged not at all."""
    found: dict[str, Family] = {}
    for result in results:
        family = found.setdefault(result.job.scenario.family, Family(result.job.scenario.family))
        family.runs += 1
        family.awaited += result.awaited
        if result.outcome is None:
            continue
        family.slowest = max(family.slowest, result.outcome.seconds)
        if not (result.lab or result.awaited):
            family.verdicts += judge(result)
    return [found[name] for name in sorted(found)]


def judge(result: Result) -> list[Verdict]:
    assert result.outcome
    run, family = result.job.name, result.job.scenario.family
    reported = expect.pairs(result.job.scenario.expect, result.outcome)
    if not reported:
        got = "hung" if result.outcome.hung else "no report"
        every = result.job.scenario.expect.all()
        return [Verdict(family, run, _expected(one), got, False, missed=_missed(one, {})) for one in every]
    return [_judged(family, run, wanted, target) for wanted, target in reported]


def _judged(family: str, run: str, wanted: Expect, target: Target) -> Verdict:
    findings = {one["code"]: one for one in target["findings"]}
    alarms = [code for code, one in findings.items() if _is_false_alarm(wanted, code, one["severity"])]
    claims = [
        Claim(code, one["confidence"], code in _true(wanted), run)
        for code, one in findings.items()
        if one["severity"] in ("error", "warning") and not (wanted.open and _is_open(wanted, code))
    ]
    right = None if wanted.open else expect.is_primary(wanted, target)
    got = target.get("primary") or NOTHING
    return Verdict(family, run, _expected(wanted), got, right, tuple(alarms), _missed(wanted, findings), tuple(claims))


def _expected(wanted: Expect) -> str:
    return wanted.primary or NOTHING


def _missed(wanted: Expect, findings: dict[str, object]) -> tuple[str, ...]:
    return tuple(sorted(expect.required(wanted) - set(findings)))


def _is_false_alarm(wanted: Expect, code: str, severity: str) -> bool:
    return expect.is_absent(wanted, code) or (severity == "error" and wanted.verdict == "healthy")


def _true(wanted: Expect) -> set[str]:
    return {*wanted.choices, *wanted.codes, *wanted.may}


def _is_open(wanted: Expect, code: str) -> bool:
    """Where the scenario names no cause, only what it names at all can be judged."""
    return code not in _true(wanted) and not expect.is_absent(wanted, code)


def claims(all: list[Family], level: str) -> list[Claim]:
    return [claim for one in all for verdict in one.verdicts for claim in verdict.claims if claim.confidence == level]


def broken_promises(all: list[Family]) -> list[str]:
    broken = []
    for level, promised in PROMISES.items():
        made = claims(all, level)
        true = sum(one.true for one in made)
        if made and true / len(made) < promised:
            broken.append(f"of findings called {level}, {true / len(made):.1%} are true, less than {promised:.1%}")
    return broken
