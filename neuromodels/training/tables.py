"""Sections of a recipe from tables: dataclasses from TOML and JSON, and the sentences where that cannot be."""

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin


class RecipeError(ValueError):
    """A recipe that cannot be meant; the message names the field."""

    exit_code = 2


@dataclass(frozen=True)
class Choice:
    """Something chosen by name, with the options that this kind takes.

    Attributes
    ----------
    kind
        Its name.
    options
        Every other key of the section.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As in a recipe."""
        return {"kind": self.kind, **self.options}


def first_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """The first field in which two recipes differ.

    Parameters
    ----------
    one, other
        Nested tables, see `Recipe.to_dict`.

    Returns
    -------
    str or None
        ``section.key: value of one, value of other``; None where they are the same.
    """
    for key in sorted({*one, *other}):
        left, right = one.get(key), other.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            inner = first_difference(left, right)
            if inner is not None:
                return f"{key}.{inner}"
        elif left != right:
            return f"{key}: {left!r} there, {right!r} here"
    return None


def read_table(kind: Any, content: Mapping[str, Any], place: str) -> Any:
    """A dataclass from a table; unknown and missing keys are named with their place."""
    if not isinstance(content, Mapping):
        raise RecipeError(f"{place} must be a section with keys of its own, received {content!r}.")
    if kind is Choice:
        if not isinstance(content.get("kind"), str):
            raise RecipeError(f"{place}.kind must be there and name what is chosen; add it to the section [{place}].")
        return Choice(content["kind"], {key: value for key, value in content.items() if key != "kind"})
    hints = typing.get_type_hints(kind)
    prefix = f"{place}." if place else ""
    for key in content:
        if key not in hints:
            close = difflib.get_close_matches(key, hints, n=1, cutoff=0.0)[0]
            raise RecipeError(f"{prefix}{key} is no field of a recipe; the closest one is {prefix}{close}.")
    values: dict[str, Any] = {}
    for entry in dataclasses.fields(kind):
        if entry.name in content:
            values[entry.name] = _convert(hints[entry.name], content[entry.name], prefix + entry.name)
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{prefix}{entry.name} is missing from the recipe; add it.")
    return kind(**values)


def _convert(hint: Any, value: Any, place: str) -> Any:
    """The value as the field wants it; a whole number may stand for a real one, nothing else is changed."""
    if get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(choice for choice in get_args(hint) if choice is not type(None))
    if dataclasses.is_dataclass(hint):
        return read_table(hint, value, place)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != len(parts):
            raise RecipeError(f"{place} must be a list of {len(parts)} values, received {value!r}.")
        return tuple(_convert(part, item, place) for part, item in zip(parts, value, strict=True))
    if get_origin(hint) is not None:
        if not isinstance(value, Mapping):
            raise RecipeError(f"{place} must be a section with keys of its own, received {value!r}.")
        return dict(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise RecipeError(f"{place} must be {words[hint]}, received {value!r}.")
    return value


def plain(value: Any) -> Any:
    """The same as dicts, lists and plain values, as they come back from JSON."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def toml_value(text: str) -> Any:
    """A value as TOML writes it; what is none is taken as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def check_choice(place: str, received: str, accepted: Sequence[str]) -> None:
    """A word must be one of those that are accepted."""
    if received not in accepted:
        close = difflib.get_close_matches(received, accepted, n=1, cutoff=0.0)[0]
        raise RecipeError(
            f"{place} must be one of {', '.join(accepted)}, received {received!r}; the closest one is {close!r}."
        )


def check(holds: bool, place: str, received: object, accepted: str) -> None:
    """Refuse a field unless the condition holds."""
    if not holds:
        raise RecipeError(f"{place} must be {accepted}, received {received!r}.")


def check_options(section: str, choice: Choice, known: Sequence[str]) -> None:
    """Every option of a choice is one that its kind takes."""
    for option in choice.options:
        if option not in known:
            close = ", ".join(difflib.get_close_matches(option, known, n=1, cutoff=0.0)) or "none, it takes no options"
            raise RecipeError(f"{section}.{option} is no option of {choice.kind!r}; the closest one is {close}.")
