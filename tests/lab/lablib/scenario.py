"""A scenario file: a world, how its configuration is shown, what is checked there and what must be said about it."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from . import ec2_faults, slips
from .declaration import World, make_world
from .tables import merge, one_of, read, typed, unknown

DEFAULT_TARGET = "tls://api.vendor.example:443"
Verdict = Literal["healthy", "degraded", "down", "unknown"]
PathVerdict = Literal["allow", "deny", "undecided"]
Cell = Literal["allowed-answered", "allowed-dropped", "denied-answered", "denied-dropped"]
Kind = Literal["directory", "ec2", "moto", "directory-only", "ec2-only", "ec2-unreachable", "none", "auto"]

#: For what the API does not show of other VPCs, and a directory does.
ALONE = {("directory-only",): ("directory",), ("ec2-only",): ("ec2",)}


@dataclass(frozen=True)
class Inventory:
    """How the configuration is shown to the binary."""

    #: `directory`, `ec2` (found by credentials in the environment), `moto` (the same, from an API that is not ours),
    #: `directory-only`, `ec2-only`, `ec2-unreachable`, `none`, or `auto` (no option and no credentials either): one
    #: run for each.
    kinds: tuple[Kind, ...] = ("ec2",)
    #: Actions that are not permitted: no such file, respectively `UnauthorizedOperation`.
    denied: tuple[str, ...] = ()
    #: Action to how many requests are turned away by `RequestLimitExceeded` before one is answered; `true`: all.
    throttled: dict[str, int | bool] = field(default_factory=dict)
    #: Actions that are accepted and never answered.
    hangs: tuple[str, ...] = ()
    #: Action to what is answered instead, `ec2_faults.KINDS`; with ` first N`, only so many times.
    answers: dict[str, str] = field(default_factory=dict)
    #: Id to the number of answers that still show the object. Asked for by id afterwards, it is `….NotFound`.
    vanishes: dict[str, int] = field(default_factory=dict)

    @property
    def on_the_wire(self) -> bool:
        """It can only be shown by the EC2 API of the lab."""
        return bool(self.throttled or self.hangs or self.answers or self.vanishes)


@dataclass(frozen=True)
class Expect:
    """What must be said about one target."""

    verdict: Verdict
    #: A code, `a|b` where no evidence separates them, `*` where the scenario does not say, absent for null.
    primary: str | None = None
    #: Why `a|b`.
    reason: str | None = None
    confidence: Literal["confirmed", "likely", "possible"] | None = None
    side: Literal["client", "consumer-vpc", "endpoint", "provider", "tool"] | None = None
    #: Further codes that must appear.
    codes: tuple[str, ...] = ()
    #: Codes that may appear without being asked for. Errors outside `primary`, `codes` and `may` are mismatches.
    may: tuple[str, ...] = ()
    #: Codes (shell patterns) that must not appear, whatever their severity.
    absent: tuple[str, ...] = ()
    #: `missing` of the undecided entries that must be there.
    undecided: tuple[str, ...] = ()
    #: The primary finding must carry a fix that was proved (True), or must not (False).
    verified_fix: bool | None = None
    #: Static verdict by address.
    path: dict[str, PathVerdict] = field(default_factory=dict)
    #: Configuration and packets by address.
    cells: dict[str, Cell] = field(default_factory=dict)
    #: Patterns, each of which one text of what stays unexplained must fit.
    unexplained: tuple[str, ...] = ()
    #: Patterns, each of which the fact of one change must fit.
    changes: tuple[str, ...] = ()
    #: Nothing must be said to have changed.
    unchanged: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """Codes of which any may be the primary; none: there must be no primary."""
        return tuple(self.primary.split("|")) if self.primary else ()

    @property
    def open(self) -> bool:
        return self.primary == "*"


@dataclass(frozen=True)
class Cause:
    """A line of the report's summary."""

    code: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class ExpectRun:
    """What must be true of the whole run."""

    exit: tuple[int, ...]
    #: How the host must have learnt where it stands: `imds`, `inventory`, `kernel`.
    vantage: str | None = None
    #: Wall time, seconds. The probe's own timeout is 2 s.
    max_seconds: float = 4.0
    #: Causes with exactly the targets that share them.
    summary: tuple[Cause, ...] = ()
    #: For targets that have no table of their own.
    every: Expect | None = None
    #: By the target's name, or the target as it was given.
    targets: dict[str, Expect] = field(default_factory=dict)

    def all(self) -> list[Expect]:
        return [*self.targets.values(), *([self.every] if self.every else [])]


@dataclass(frozen=True)
class Before:
    """The world as it was when all was well: an earlier run is recorded there."""

    world: World
    verdict: Verdict = "healthy"


@dataclass(frozen=True)
class Scenario:
    #: FAMILY/NAME.
    name: str
    story: str
    #: What is checked, on the command line …
    targets: tuple[str, ...]
    #: … or in a file of this text.
    config: str | None
    args: tuple[str, ...]
    world: World
    #: The world that the configuration shows: the same, unless the scenario patches it.
    shown: World
    before: Before | None
    inventory: Inventory
    #: `HOST:PORT` to what the lab's own probe must see: addresses, each with `connected`, `refused` or `timed-out`.
    packets: dict[str, dict[str, str]]
    expect: ExpectRun
    #: Why the product cannot pass yet. Its mismatches are then shown and not counted; passing is the mismatch.
    awaits: str | None = None

    @property
    def family(self) -> str:
        return self.name.rpartition("/")[0]

    def kinds(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Which inventories to run it with, when the command line asks for some.

        Who can show the configuration either way shows it as wanted. moto knows little of AWS: only where it is listed.
        """
        own = self.inventory.kinds
        if own in ALONE:
            return ALONE[own]
        if not {"directory", "ec2", "moto"} & set(own):
            return own
        if self.inventory.on_the_wire:
            return ("ec2",)
        return tuple(one for one in wanted if one != "moto" or one in own) if wanted else ("ec2", *_but(own, "ec2"))


def _but(kinds: tuple[str, ...], one: str) -> list[str]:
    return [kind for kind in kinds if kind != one]


def scenario_name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def find(path: Path) -> list[Path]:
    """The scenarios of a folder: every TOML file that is not a world."""
    if not path.is_dir():
        return [path]
    return [file for file in sorted(path.rglob("*.toml")) if "worlds" not in file.parts and not _is_world(file)]


def _is_world(file: Path) -> bool:
    try:
        return not {"story", "packets", "expect"} & set(read(file))
    except ValueError:
        return False  # What is wrong with it is said when it is loaded.


def load(file: Path, lab: Path) -> Scenario:
    """Reads a scenario; a slip in it raises `ValueError` with the file's name, the key, and what was meant."""
    own: dict[str, Any] = {}
    base: dict[str, Any] = {}
    try:
        own = read(file)
        base = _base(own, file, lab)
        return _scenario(scenario_name(file), base, own)
    except KeyError as error:
        problem = f"{error} is missing, or named and nowhere declared"
    except RecursionError:
        problem = "world: names itself, by way of others"
    except (OSError, ValueError, TypeError, AttributeError) as error:
        problem = str(error)
    raise ValueError(f"{file}: {slips.explain(problem, own, base)}")


def _base(own: dict[str, Any], file: Path, lab: Path) -> dict[str, Any]:
    """The world that a file changes: the default, and what its `world` lays over that."""
    if "world" not in own:
        return read(lab / "worlds" / "default.toml")
    name = own["world"]
    folders = [*(place for folder in file.parents for place in (folder, folder / "worlds")), lab / "worlds"]
    files = [folder / f"{name}.toml" for folder in folders]
    found = next((one for one in files if one.is_file() and one != file), None)
    if found is None:
        near = [one.stem for folder in (file.parent / "worlds", lab / "worlds") for one in folder.glob("*.toml")]
        raise ValueError("world: " + unknown(name, near).replace("key", "world"))
    world = read(found)
    return merge(_base(world, found, lab), {key: value for key, value in world.items() if key != "world"})


_KEYS = {
    "story", "world", "target", "targets", "config", "args", "before", "inventory", "packets", "expect", "awaits"
}  # fmt: skip


def _scenario(name: str, base: dict[str, Any], own: dict[str, Any]) -> Scenario:
    for key in ("story", "packets", "expect"):
        if key not in own:
            raise ValueError(f"the key '{key}' is missing")
    raw = merge(base, {key: value for key, value in own.items() if key not in _KEYS})
    inventory = dict(own.get("inventory", {}))
    shown = merge(raw, inventory.pop("shows", {}))
    targets = _targets(own)
    return typed(
        Scenario,
        {
            "name": name,
            "story": own["story"],
            "targets": targets,
            "config": own.get("config"),
            "args": own.get("args", ()),
            "world": make_world(raw, _KEYS),
            "shown": make_world(shown, _KEYS),
            "before": _before(raw, own["before"]) if "before" in own else None,
            "inventory": _inventory(inventory),
            "packets": _packets(own["packets"], [endpoint(one) for one in targets]),
            "expect": _expect(own["expect"], targets),
            "awaits": own.get("awaits"),
        },
        "scenario",
    )


def _targets(own: dict[str, Any]) -> tuple[str, ...]:
    given = [key for key in ("target", "targets", "config") if key in own]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)}: only one of them says what is checked")
    if "config" in own:
        return ()
    return tuple(own["targets"]) if "targets" in own else (own.get("target", DEFAULT_TARGET),)


def endpoint(target: str) -> str:
    """`HOST:PORT` of a target, as `packets` names it."""
    scheme, marked, rest = target.rpartition("://")
    parts = urllib.parse.urlsplit(f"//{rest}")
    port = parts.port or {"http": 80}.get(scheme if marked else "tls", 443)
    return f"{parts.hostname}:{port}"


def _before(raw: dict[str, Any], patch: dict[str, Any]) -> Before:
    own = {key: value for key, value in patch.items() if key != "verdict"}
    before = {"world": make_world(merge(raw, own), ["verdict"])}
    return typed(Before, before | {key: patch[key] for key in ("verdict",) if key in patch}, "before")


def _inventory(table: dict[str, Any]) -> Inventory:
    inventory = typed(Inventory, table, "inventory")
    for action, what in inventory.answers.items():
        ec2_faults.parse(what, f"inventory.answers.{action}")
    if inventory.on_the_wire and (others := set(inventory.kinds) - {"ec2"}):
        raise ValueError(f"inventory.kinds: only ec2 can throttle, hang or answer otherwise, not {', '.join(others)}")
    if "moto" in inventory.kinds and inventory.denied:
        raise ValueError("inventory.kinds: moto refuses nobody; `denied` needs ec2 or directory")
    return inventory


_SEEN = ("connected", "refused", "timed-out")
_NAMES = ("no-such-name", "no-address", "no-answer")


def _packets(table: dict[str, Any], endpoints: list[str]) -> dict[str, dict[str, str]]:
    if table and all(isinstance(one, dict) for one in table.values()):
        if missing := set(endpoints) - set(table):
            raise ValueError(f"packets: there is no table '{min(missing)}'; there are {', '.join(sorted(table))}")
        packets = table
    elif len(set(endpoints)) == 1:
        packets = {endpoints[0]: table}
    else:
        raise ValueError('packets: several hosts need a table each, [packets."HOST:PORT"]')
    for host, seen in packets.items():
        for key, what in seen.items():
            # Whatever else a socket may say is an errno's name.
            if not str(what).startswith("E"):
                one_of(what, _NAMES if key == "name" else _SEEN, f"packets.{host}.{key}")
    return packets


_OF_RUN = ("exit", "vantage", "max_seconds", "summary")


def _expect(table: dict[str, Any], targets: tuple[str, ...]) -> ExpectRun:
    known = {*_OF_RUN, "targets", *(one.name for one in fields(Expect))}
    if strangers := set(table) - known:
        raise ValueError(f"expect: {unknown(min(strangers), known)}")
    run = {key: table[key] for key in _OF_RUN if key in table}
    if "exit" in run and not isinstance(run["exit"], list):
        run["exit"] = [run["exit"]]
    every = {key: value for key, value in table.items() if key not in (*_OF_RUN, "targets")}
    own = {name: _expect_target(one, name) for name, one in table.get("targets", {}).items()}
    uncovered = [one for one in targets if one not in own]
    default = None
    if "verdict" in every or not own:
        default = _expect_target(every, "")
    elif uncovered and len(own) < len(targets):
        raise ValueError(f'expect: nothing is expected of {uncovered[0]}: give [expect.targets."{uncovered[0]}"]')
    return replace(typed(ExpectRun, run, "expect"), every=default, targets=own)


def _expect_target(table: dict[str, Any], name: str) -> Expect:
    where = f'expect.targets."{name}"' if name else "expect"
    expect = typed(Expect, table, where)
    if len(expect.choices) > 1 and not expect.reason:
        raise ValueError(f"{where}.primary: several codes need {where}.reason: why does no evidence separate them?")
    return expect
