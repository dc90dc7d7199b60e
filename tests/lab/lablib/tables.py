"""Tables of a TOML file: laid over each other, and made into dataclasses with errors that a person can act on."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def read(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return tomllib.load(stream)


#: What makes a table a DNS record, which is replaced as a whole.
_RECORD = {"aaaa", "alias", "cname", "first", "rcode", "turns"}


def merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged, everything else is replaced; `false` in place of a table or a text removes it."""
    result = copy.deepcopy(base)
    for key, value in own.items():
        if isinstance(result.get(key), dict) and isinstance(value, dict) and not _RECORD & {*result[key], *value}:
            result[key] = merge(result[key], value)
        elif isinstance(result.get(key), (dict, str)) and value is False:
            del result[key]
        else:
            result[key] = copy.deepcopy(value)
    return result


def typed(kind: type[T], table: dict[str, Any], where: str | None = None) -> T:
    """A dataclass from a table. Lists become tuples; unknown and missing keys and wrong types are `ValueError`s."""
    fields = {one.name: one for one in dataclasses.fields(typing.cast(Any, kind))}
    where = where or " ".join([kind.__name__.lower(), *(str(table[key]) for key in ("id", "name") if key in table)][:2])
    for key in table:
        if key not in fields:
            raise ValueError(f"{where}: {unknown(key, fields)}")
    for name, one in fields.items():
        needed = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        if needed and name not in table:
            raise ValueError(f"{where}: the key '{name}' is missing")
    hints = typing.get_type_hints(kind)
    return kind(**{key: _fit(value, hints[key], f"{where}.{key}") for key, value in table.items()})


def unknown(key: str, known: Iterable[str]) -> str:
    """Says that there is no such key, and what was meant."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, 1, 0.5)
    return f"there is no key '{key}'; " + (f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names)}")


def one_of(value: str, known: Iterable[str], where: str) -> str:
    names = sorted(known)
    if value in names:
        return value
    near = difflib.get_close_matches(value, names, 1, 0.5)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"{where}: expected one of {', '.join(names)}, not '{value}'{meant}")


def _fit(value: Any, hint: Any, where: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        return _fit_any(value, inner, where)
    if origin is typing.Literal:
        return one_of(value, inner, where) if isinstance(value, str) else _wrong(value, "text", where)
    if origin is tuple:
        items = value if isinstance(value, (list, tuple)) else _wrong(value, "a list", where)
        return tuple(_fit(one, inner[0], f"{where}[{at}]") for at, one in enumerate(items))
    if origin is dict:
        table = value if isinstance(value, dict) else _wrong(value, "a table", where)
        return {key: _fit(one, inner[1], f"{where}.{key}") for key, one in table.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return typed(typing.cast(Any, hint), value, where)
    if hint in _WORDS and type(value) not in _WORDS[hint][0]:
        return _wrong(value, _WORDS[hint][1], where)
    return value


def _fit_any(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    problem: ValueError | None = None
    for choice in choices:
        if choice is types.NoneType:
            if value is None:
                return None
            continue
        try:
            return _fit(value, choice, where)
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError(f"{where}: expected nothing")


#: What a hint takes, and what it is called.
_WORDS: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    bool: ((bool,), "true or false"),
}


def _wrong(value: Any, wanted: str, where: str) -> Any:
    raise ValueError(f"{where}: expected {wanted}, not {value!r}")
