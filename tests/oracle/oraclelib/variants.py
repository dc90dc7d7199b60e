"""The same inventory told otherwise: with a list missing, in another order, in other files, or damaged."""

from __future__ import annotations

import copy
import json
import random
from typing import Any, Iterator

from .inventory import Object

Files = dict[str, Object]

#: The contract takes an instance for running when no list of instances was given.
_MAY_BE_MISSING = ("describe-instances.json",)
_ABSURD: tuple[Any, ...] = (
    None, "", "no-such-value", -1, 10**12, 1.5, True, [], {}, [None], "10.0.0.0/33", "0.0.0.0/0", "::/0",
    "::ffff:1.2.3.4", "10.0.0.0/-1", "300.1.1.1", "sg-", "vpce-0", "\u0000", "ü" * 300, "local", "blackhole",
    "active", "-1", "6",
)  # fmt: skip


def missing(files: Files) -> Iterator[tuple[str, Files]]:
    """Every inventory that lacks one file of this one."""
    for name in files:
        if name not in _MAY_BE_MISSING:
            yield name, {other: document for other, document in files.items() if other != name}


def retold(files: Files, rng: random.Random) -> Files:
    """Every list in another order, and the files split or merged."""
    told: Files = {}
    merged: Object = {}
    for name, document in files.items():
        document = _shuffled(document, rng)
        key = next(iter(document))
        if name.startswith(("get-", "search-")):
            # These say by their name what they belong to, and messages quote it.
            told[name] = document
        elif len(document[key]) > 1 and rng.random() < 0.5:
            cut = rng.randrange(1, len(document[key]))
            told[f"a/{key}-1.json"] = {key: document[key][:cut]}
            told[f"z/{key}-2.json"] = {key: document[key][cut:]}
        elif rng.random() < 0.5:
            merged[key] = document[key]
        else:
            told[name] = document
    if merged:
        told["everything.json"] = merged
    return dict(rng.sample(sorted(told.items()), len(told)))


def _shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(one, rng) for key, one in value.items()}
    if isinstance(value, list):
        items = [_shuffled(one, rng) for one in value]
        rng.shuffle(items)
        return items
    return value


def damaged(files: Files, rng: random.Random) -> Files:
    """A few values replaced, dropped, repeated, or swapped with one from elsewhere."""
    told = copy.deepcopy(files)
    places = [place for document in told.values() for place in _places(document)]
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        holder, key = rng.choice(places)
        if isinstance(holder, dict) and key not in holder or isinstance(holder, list) and key >= len(holder):
            continue
        how = rng.randrange(5)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif how == 2:
            other, there = rng.choice(places)
            if isinstance(other, dict) and there in other:
                holder[key] = copy.deepcopy(other[there])
        else:
            holder[key] = rng.choice(_ABSURD)
    return json.loads(json.dumps(told))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield value, key
            yield from _places(one)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield value, index
            yield from _places(one)
