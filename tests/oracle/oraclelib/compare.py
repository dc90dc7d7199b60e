"""Where the program's answer and the evaluator's part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

from .evaluator import Answer
from .program import Reply

#: Disagreements that fail a run; `missed` does only when asked for.
KINDS = ("crash", "contract", "verdict", "blocker", "code", "share")


@dataclass(frozen=True)
class Complaint:
    kind: str
    text: str


def compare(answer: Answer, reply: Reply) -> list[Complaint]:
    if broken := reply.broken():
        return [Complaint("crash", broken)]
    if misshapen := reply.misshapen():
        return [Complaint("contract", misshapen)]
    if reply.verdict not in answer.verdicts:
        return [Complaint("verdict", f"{reply.verdict}, not {' or '.join(sorted(answer.verdicts))}")]
    if reply.verdict == "error":
        return []
    return [*_blockers(answer, reply.document), *_shares(answer, reply.document)]


def _resource(item: Any) -> str:
    resource = item.get("resource")
    return resource.get("id", "") if isinstance(resource, dict) else str(resource or "")


def _blockers(answer: Answer, document: Any) -> Iterator[Complaint]:
    named = [(one["step"], _resource(one), one) for one in document.get("blockers", [])]
    if document["verdict"] == "deny" and not named:
        yield Complaint("blocker", "denies and names no blocker")
    if document["verdict"] != "deny" and named:
        yield Complaint("blocker", f"{document['verdict']} with blockers")
    for step, resource, item in named:
        fitting = [one for one in answer.blocks + answer.others if one.admits(step, resource)]
        if not fitting:
            yield Complaint("blocker", f"{step} {resource} ({item.get('code')}) stops nothing")
            continue
        codes = set().union(*(one.codes for one in fitting)) if all(one.codes for one in fitting) else set()
        if item.get("aws_code") and codes and item["aws_code"] not in codes:
            yield Complaint("code", f"{step} {resource}: {item['aws_code']}, not {' or '.join(sorted(codes))}")
    items = [item for _, _, item in named]
    for twice in {f"{step} {resource}" for step, resource, item in named if items.count(item) > 1}:
        yield Complaint("contract", f"names {twice} twice, in the same words")
    for one in answer.blocks if len(answer.verdicts) == 1 else []:
        if document["verdict"] == "deny" and not any(one.admits(step, resource) for step, resource, _ in named):
            yield Complaint("missed", f"{one.why} {sorted(one.names)[:3]}")


def _shares(answer: Answer, document: Any) -> Iterator[Complaint]:
    """The part of the client's ports that a network ACL stops, where one does so alone."""
    if document["verdict"] != "allow" or not answer.shares:
        return
    for item in document["steps"]:
        if not item["step"].endswith(("-nacl-egress", "-nacl-ingress")):
            continue
        expected = answer.shares.get((item["step"], _resource(item)), 0.0)
        told = item.get("blocked_share") or 0.0
        if abs(expected - told) > 0.01:
            yield Complaint("share", f"{item['step']} {_resource(item)}: {told}, not {expected:.3f}")
