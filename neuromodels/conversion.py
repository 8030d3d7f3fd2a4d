"""``neuromodels convert``: weights that others published become a network's folder."""

import argparse
import inspect
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NeuromodelsError, UnknownNameError

if TYPE_CHECKING:
    from .cli import Toolbox

GROUP = "neuromodels.converters"
# Network to "module:function"; other packages add theirs through the entry-point group of this name. The function is
# f(path, folder, name, *, label, **options) -> folder; without a label it takes its own.
CONVERTERS = {
    "motion/dual": "neuromodels.motion.published_checkpoint:convert_published_checkpoint",
    "motion/fom": "neuromodels.motion.published_checkpoint:convert_published_checkpoint",
}


class UsageError(NeuromodelsError, ValueError):
    """Arguments that cannot be meant."""

    exit_code = 2


class ConvertCommand:
    """Turn published weights into a folder that `load_model` reads."""

    summary = "published weights from a file that you have, as a folder to score, train on or load"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        add = parser.add_argument
        add("model", nargs="?", metavar="MODEL", help="the network that they belong to; see --list")
        add(
            "file",
            nargs="?",
            metavar="FILE",
            help="as its authors distribute it; read as tensors, no code in it is run",
        )
        add("--out", metavar="DIR", help="folder of the network, which must not be there yet")
        add("--label", metavar="WORD", help="tells these weights apart from others of the network (default: published)")
        add(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            help="options of the network where they differ from those that were published: iterations=6",
        )
        add("--json", action="store_true", help="the result as one JSON object on stdout")
        add("--list", action="store_true", help="networks whose published weights can be converted")

    def run(self, arguments: argparse.Namespace, toolbox: "Toolbox") -> int:
        """Convert one file; returns the exit code."""
        if arguments.list:
            print(*list_converters(), sep="\n")
            return 0
        if arguments.model is None or arguments.file is None or arguments.out is None:
            raise UsageError("give MODEL FILE --out DIR; `neuromodels convert --list` names the networks.")
        convert, out = converter_of(arguments.model), Path(arguments.out)
        options = _options(arguments.set, convert)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"--out {out} is there already; give a folder that is not, or remove it.")
        label = {} if arguments.label is None else {"label": arguments.label}
        folder = convert(arguments.file, out, arguments.model, **label, **options)
        model = toolbox.load_model(folder)
        facts = {
            "model": model.name,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "options": dict(model.options),
            "folder": str(folder),
        }
        if arguments.json:
            print(json.dumps(facts))
        else:
            print(
                f"{facts['model']}, {facts['parameters']:,} parameters, in {folder}: neuromodels score {folder} --on ..."
            )
        return 0


def list_converters() -> list[str]:
    """Networks whose published weights can be converted, sorted."""
    return sorted(_table())


def converter_of(model: str) -> Callable[..., Path]:
    """The converter of a network's published weights.

    Parameters
    ----------
    model
        A registered name.

    Raises
    ------
    UnknownNameError
        If there is none; names the closest networks that have one.
    """
    table = _table()
    if model not in table:
        raise UnknownNameError.for_name(
            "network with published weights", model, table, "`neuromodels convert --list` names all."
        )
    module, _, name = table[model].partition(":")
    found: Callable[..., Path] = getattr(import_module(module), name)
    return found


def _table() -> dict[str, str]:
    return {**{point.name: point.value for point in entry_points(group=GROUP)}, **CONVERTERS}


def _options(words: Sequence[str], convert: Callable[..., Path]) -> dict[str, Any]:
    """KEY=VALUE as options of a network; what the converter calls otherwise is none."""
    from .training.tables import toml_value

    taken = [one.name for one in inspect.signature(convert).parameters.values() if one.kind is not one.VAR_KEYWORD]
    options: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key.isidentifier() or key in taken:
            raise UsageError(f"--set takes KEY=VALUE with an option of the network, received {word!r}.")
        options[key] = toml_value(value)
    return options
