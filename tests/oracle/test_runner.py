#!/usr/bin/env python3
"""Does the runner notice? It is given programs that answer as the evaluator does, but for one planted fault."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from oraclelib.trial import Outcome, Plan, run  # noqa: E402

_PROGRAM = """#!{python}
import argparse, json, sys
sys.path.insert(0, {here!r})
sys.dont_write_bytecode = True
from pathlib import Path
from oraclelib.evaluator import Flow, evaluate
from oraclelib.inventory import Inventory
from oraclelib.program import STEPS

parser = argparse.ArgumentParser()
parser.add_argument("path")
for name in ("from", "to", "protocol", "inventory", "format"):
    parser.add_argument("--" + name)
parser.add_argument("--port", type=int)
parser.add_argument("--source-port", type=int)
o = vars(parser.parse_args())
try:
    flow = Flow(o["from"], o["to"], o["port"], o["protocol"] or "tcp", o["source_port"])
    answer = evaluate(Inventory.load(Path(o["inventory"])), flow)
except Exception as why:
    sys.exit((print(why, file=sys.stderr), 3)[1])
if answer.verdict == "error":
    sys.exit((print(answer.unknowns, file=sys.stderr), 3)[1])
blockers = []
for block in answer.blocks if answer.verdict == "deny" else []:
    step, resource = sorted(block.names)[0]
    blockers.append({{"step": step, "code": "x", "resource": {{"kind": "x", "id": resource}}}})
steps = [{{"step": step, "verdict": "allow"}} for step in STEPS]
for (step, acl), share in answer.shares.items():
    if step in STEPS:
        steps[STEPS.index(step)].update(resource={{"kind": "acl", "id": acl}}, blocked_share=share)
verdict = answer.verdict
{fault}
document = {{"schema": "vpce-doctor/path/v1", "verdict": verdict, "steps": steps, "blockers": blockers}}
document["undecided"] = []
print(json.dumps(document))
sys.exit({{"allow": 0, "deny": 2, "undecided": 3}}[verdict])
"""


def outcome(fault: str = "", every: int = 0) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "program"
        program.write_text(_PROGRAM.format(python=sys.executable, here=str(HERE), fault=fault))
        program.chmod(0o755)
        return run(Plan(program, 2 if every else 12, every, Path(name) / "kept"), 3)


class Runner(unittest.TestCase):
    def kinds(self, fault: str, every: int = 0) -> set[str]:
        return {kind for kind, _ in outcome(fault, every).found}

    def test_agreement(self) -> None:
        self.assertEqual(outcome().found, [])

    def test_a_wrong_verdict(self) -> None:
        self.assertIn(
            "verdict", self.kinds("verdict, blockers = ('undecided', []) if verdict == 'deny' else (verdict, blockers)")
        )

    def test_a_blocker_that_blocks_nothing(self) -> None:
        self.assertIn(
            "blocker",
            self.kinds("if blockers: blockers.append(dict(blockers[0], step='return-route', resource={'id': 'x'}))"),
        )
        self.assertIn("blocker", self.kinds("blockers = []"))

    def test_a_wrong_code(self) -> None:
        self.assertIn("code", self.kinds("for one in blockers: one['aws_code'] = 'NO_SUCH_CODE'"))

    def test_a_wrong_share(self) -> None:
        self.assertIn("share", self.kinds("steps[7]['blocked_share'] = 0.123"))

    def test_a_contract_broken(self) -> None:
        self.assertEqual(self.kinds("steps = steps[1:]"), {"contract"})
        self.assertEqual(self.kinds("sys.exit(101)"), {"crash"})

    def test_an_answer_that_depends_on_the_order(self) -> None:
        self.assertIn("order", self.kinds("steps[0]['rule'] = next(Path(o['inventory']).rglob('*.json')).name", 3))

    def test_a_missing_list_taken_for_fine(self) -> None:
        self.assertIn("missing", self.kinds("verdict = 'allow' if verdict == 'undecided' else verdict", 3))


if __name__ == "__main__":
    unittest.main()
