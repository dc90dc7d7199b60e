"""Where a slip in a scenario is, and what was meant: for errors that only name the word they stumbled over."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any


def explain(message: str, own: dict[str, Any], base: dict[str, Any]) -> str:
    """`message` with the place in the scenario and the nearest name there is. `base`: what the scenario changes."""
    places = [(path, text) for path, text in _texts(own, "") if _says(message, text)]
    placed = message.startswith(("the key", "there is no key", *own))
    where = f"{places[0][0]}: " if places and not placed else ""
    # Only a name that leads nowhere is worth a guess at another.
    astray = "is missing" in message or "there is no " in message
    return where + message + (_meant([text for _, text in places], own, base) if astray else "")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of the file and every id, with its place."""
    if isinstance(value, dict):
        for key, below in value.items():
            place = f"{path}.{key}" if path else key
            yield place, key
            yield from _texts(below, place)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, path)
    elif isinstance(value, str):
        yield path, value


def _says(message: str, text: str) -> bool:
    # One word such as `tcp` says nothing about the place.
    return len(text) > 4 and re.search(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])", message) is not None


def _meant(texts: list[str], own: dict[str, Any], base: dict[str, Any]) -> str:
    known = {id: table for table, ids in base.items() if isinstance(ids, dict) for id in ids}
    strangers = [id for table, ids in own.items() if table in base and isinstance(ids, dict) for id in ids]
    for word in [*texts, *strangers]:
        if word not in known and (near := difflib.get_close_matches(word, known, 1, 0.7)):
            return f"; there is no '{word}' in {known[near[0]]}: did you mean '{near[0]}'?"
    return ""
