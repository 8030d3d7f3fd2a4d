"""Options of a kind of stimulus: read from the signature of its generator, explained by its docstring."""

import argparse
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from ..display import Display
from ..pictures import colours


def parser_of(kind: str, generator: Callable[..., Any]) -> argparse.ArgumentParser:
    """Parser of all that follows the name of a kind.

    Parameters
    ----------
    kind
        Its name.
    generator
        Takes a display, then what becomes an option each.

    Returns
    -------
    argparse.ArgumentParser
        With ``--out`` and its companions, the fields of the display and the parameters of the generator.
    """
    parser = argparse.ArgumentParser(
        f"neuromodels simulate motion {kind}",
        description=(inspect.getdoc(generator) or "").split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("files").add_argument
    nothing = argparse.SUPPRESS
    add("--out", required=True, metavar="FILE", help="stimulus set (.nc) or movie (.gif, .mp4)", default=nothing)
    add("--truth", metavar="FILE.nc", help="also frames with their flow and segmentation")
    add("--magnify", type=int, default=1, metavar="N", help="pixels of a movie per pixel")
    add("--show-flow", action="store_true", help="flow in colours beside the frames of a movie")
    add("--overwrite", action="store_true", help="replace files that exist")
    add("--json", action="store_true", help="one JSON object on stdout")
    add = parser.add_argument_group("display").add_argument
    for field in fields(Display):
        reading = int if field.type is int else float
        add(_flag(field.name), type=reading, default=field.default, metavar="N", help="of the display")
    group = parser.add_argument_group("stimulus")
    hints, words = get_type_hints(generator), parameter_words(generator)
    for name, parameter in list(inspect.signature(generator).parameters.items())[1:]:
        _add(group, parameter, hints[name], words.get(name, " "))
    return parser


def display_options(given: dict[str, Any]) -> Display:
    """Take the fields of the display out of the options given."""
    return Display(**{field.name: given.pop(field.name) for field in fields(Display)})


def parameter_words(generator: Callable[..., Any]) -> dict[str, str]:
    """What the numpydoc docstring says of each parameter, in one line."""
    documentation = inspect.getdoc(generator) or ""
    found = re.search(r"\nParameters\n-+\n(.*?)(?:\n\n\w[^\n]*\n-+\n|\Z)", documentation, flags=re.S)
    words: dict[str, str] = {}
    names: list[str] = []
    for line in (found.group(1) if found else "").split("\n"):
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(",")]
        else:
            for name in names:
                words[name] = f"{words.get(name, '')} {line.strip()}".strip()
    return {name: text.replace("``", "").replace("%", "%%") for name, text in words.items()}


def read_array(path: str) -> np.ndarray:
    """Numbers from a ``.npy`` or ``.csv`` file, or the luminance or colours of a picture, 0 to 1.

    Raises
    ------
    argparse.ArgumentTypeError
        If the file cannot be read.
    """
    from PIL import Image

    try:
        if Path(path).suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if Path(path).suffix == ".csv":
            return np.loadtxt(path, delimiter=",")
        with Image.open(path) as picture:
            found = colours(picture) / 255
            return found[:, :, 0] if picture.mode in ("1", "L") or picture.mode.startswith("I") else found
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be read: {error}") from error


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _add(group: "argparse._ArgumentGroup", parameter: inspect.Parameter, hint: Any, words: str) -> None:
    required = parameter.default is inspect.Parameter.empty
    default = argparse.SUPPRESS if required else parameter.default
    if hint is bool:
        group.add_argument(_flag(parameter.name), action=argparse.BooleanOptionalAction, default=default, help=words)
        return
    reading = _reading(parameter.name, hint)
    group.add_argument(_flag(parameter.name), required=required, default=default, help=words, **reading)


def _reading(name: str, hint: Any) -> dict[str, Any]:
    """How argparse reads a parameter of this type."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for kind in kinds:
        if get_origin(kind) is Literal:
            return {"choices": get_args(kind)}
        if get_origin(kind) in (Sequence, tuple):
            return {"type": int if get_args(kind)[0] is int else float, "nargs": "+", "metavar": "N"}
    if str in kinds:
        return {"type": str, "metavar": "TEXT"}
    if float in kinds or int in kinds:
        return {"type": float if float in kinds else int, "metavar": "N"}
    if np.ndarray in kinds:
        return {"type": read_array, "metavar": "FILE"}
    raise TypeError(f"parameter {name} of type {hint} cannot be an option; give it a type that _reading knows.")
