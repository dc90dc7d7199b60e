"""Two answers to one question: the kernel's and the program's."""

from __future__ import annotations

from .program import Answer, Question
from .verdict import ANSWERS, Verdict

_EXIT = {"allow": 0, "deny": 2}
_KINDS = (
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
#: Of the rounding of a share in JSON.
_SHARE = 0.0006


def differences(question: Question, kernel: Verdict, ends: tuple[str, str], program: Answer) -> list[str]:
    """Empty where they agree. `ends`: the addresses that are meant."""
    if program.problem:
        return [f"exit {program.exit}: {program.problem}"]
    said, wanted = program.report.get("verdict"), "allow" if kernel.allow else "deny"
    if said != wanted:
        return [f"verdict {said}, packets say {wanted}{_where(kernel)}"]
    found = []
    if program.exit != _EXIT[wanted]:
        found.append(f"exit {program.exit} with verdict {said}")
    for end, address in zip(("from", "to"), ends):
        if (seen := program.report.get(end, {}).get("ip")) != address:
            found.append(f"{end}.ip is {seen}, meant is {address}")
    kinds = tuple(one.get("step") for one in program.report.get("steps", []))
    if kinds != _KINDS:
        return [*found, f"steps are {', '.join(map(str, kinds))}"]
    return [*found, *_blockers(kernel, program), *_shares(question, kernel, program)]


def _where(kernel: Verdict) -> str:
    return "".join(f"; {step} refuses {share:.2%}" for step, share in sorted(kernel.shares.items()))


def _blockers(kernel: Verdict, program: Answer) -> list[str]:
    """Every step that refuses all is to be named, and no other; two that refuse all together, at least one of them."""
    named = {one["step"] for one in program.report["blockers"]}
    denying = {one["step"] for one in program.report["steps"] if one["verdict"] == "deny"}
    whole = {step for step, share in kernel.shares.items() if share == 1}
    # Of an ACL that was not seen it may be true.
    together = kernel.shares.keys() & ANSWERS if kernel.no_answer or kernel.unseen & ANSWERS else set()
    found = []
    for what, steps in (("blockers", named), ("denying steps", denying)):
        if missing := whole - steps:
            found.append(f"{what} lack {', '.join(sorted(missing))}: packets are refused there")
        if wrong := steps - whole - together - kernel.unseen:
            found.append(f"{what} name {', '.join(sorted(wrong))}: packets pass there")
        if kernel.no_answer and not steps & together:
            found.append(f"{what} lack both of {', '.join(sorted(together))}: no answer passes the two")
    return found


def _shares(question: Question, kernel: Verdict, program: Answer) -> list[str]:
    if question.source_port is not None:
        return []
    found = []
    for one in (one for one in program.report["steps"] if one["step"] in ANSWERS):
        share = kernel.shares.get(one["step"], 0.0)
        told = one.get("blocked_share")
        if one["step"] in kernel.unseen or (told is None and one["verdict"] == "deny"):
            continue  # The blockers say what there is to say.
        if abs((told or 0.0) - share) > _SHARE:
            found.append(f"{one['step']}: blocked_share is {told}, packets say {share:.4f}")
    return found
