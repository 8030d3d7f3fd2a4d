"""The command ``neuromodels``: a dispatcher that knows no subcommand by itself.

Subcommands come from the entry-point group ``neuromodels.commands``: classes with ``summary``,
``configure(parser)`` and ``run(arguments, toolbox) -> exit code``. Only the chosen one is loaded, and it
meets models through the `Toolbox` alone, so that scoring code need not import this package.
Exit codes: 0 success, 1 failure, 2 usage, 3 data or weights not available, 130 interrupted.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from ._version import __version__

GROUP_COMMANDS = "neuromodels.commands"
GROUP_LISTINGS = "neuromodels.listings"
OWN_PACKAGES = ("alignment", "data", "simulators", "neuromodels")


@dataclass(frozen=True)
class Toolbox:
    """What a subcommand gets from here: models by name and from folders, device names, the version."""

    create_model: Callable[..., Any]
    list_models: Callable[..., list[str]]
    load_model: Callable[..., Any]
    is_model_folder: Callable[[str], bool]
    resolve_device: Callable[[str], str]
    version: str


class Command(Protocol):
    """One subcommand."""

    summary: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""

    def run(self, arguments: argparse.Namespace, toolbox: Toolbox) -> int:
        """Do the work; returns the exit code."""


class ListCommand:
    """``neuromodels list models|benchmarks|datasets``."""

    summary = "what there is: models, benchmarks, datasets"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        parser.add_argument("kind", choices=sorted(_entry_points(GROUP_LISTINGS)))
        parser.add_argument("pattern", nargs="?", default="*", help="shell pattern over names")
        parser.add_argument("--long", action="store_true", help="all that is known of each")
        parser.add_argument("--json", action="store_true", help="one JSON object per line")

    def run(self, arguments: argparse.Namespace, toolbox: Toolbox) -> int:
        """Print one row per name."""
        from fnmatch import fnmatchcase

        rows = _load(_entry_points(GROUP_LISTINGS)[arguments.kind])()
        rows = [row for row in rows if fnmatchcase(row["name"], arguments.pattern)]
        if not rows:
            print(f"no {arguments.kind} match {arguments.pattern!r}", file=sys.stderr)
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            if arguments.json:
                print(json.dumps(row))
            elif arguments.long:
                print(row["name"])
                for key, value in row.items():
                    if key != "name":
                        text = ", ".join(map(str, value)) if isinstance(value, list) else value
                        print(f"    {key.replace('_', ' ')}: {text}")
            else:
                print(f"{row['name']:<{width}}  {row['summary']}")
        return 0


def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=group))}


def _load(point: EntryPoint) -> Any:
    """Load an entry point; a user's file that hides one of our packages is named."""
    package = point.module.partition(".")[0]
    try:
        return point.load()
    except Exception as error:
        module = sys.modules.get(package)
        if package in OWN_PACKAGES and module is not None and not hasattr(module, "__neuromodels__"):
            place = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "an unknown place")
            raise ImportError(
                f"{place} hides the package {package!r} of neuromodels; rename it, or run the console command "
                "`neuromodels` without that folder in PYTHONPATH."
            ) from error
        raise


def _commands() -> dict[str, Callable[[], Command]]:
    outside = {name: (lambda point=point: _load(point)()) for name, point in _entry_points(GROUP_COMMANDS).items()}
    return {**outside, "list": ListCommand}


def _summary(load: Callable[[], Command]) -> str:
    try:
        return load().summary.replace("%", "%%")  # argparse formats help texts
    except Exception as error:  # a broken plug-in must not take --help away from the others
        return f"(unavailable: {error})".replace("%", "%%")


def _toolbox() -> Toolbox:
    from .devices import resolve_device
    from .registry import create_model, list_models
    from .weights import is_model_folder, load_model

    return Toolbox(create_model, list_models, load_model, is_model_folder, resolve_device, __version__)


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Parser for these arguments; only the subcommand that is named gets its options."""
    parser = argparse.ArgumentParser(
        prog="neuromodels",
        description="Biologically inspired models, the stimuli they take, and how brain-like they are.",
        epilog="exit codes: 0 success, 1 failure, 2 usage, 3 data or weights not available, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"neuromodels {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    available = _commands()
    chosen = next((word for word in argv if word in available), None)
    for name, load in available.items():
        if name == chosen:
            command = load()
            sub = commands.add_parser(name, help=command.summary, description=command.summary)
            command.configure(sub)
            sub.set_defaults(run=command.run)
        else:
            commands.add_parser(name, help=None if chosen else _summary(load))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = os.environ.get("NEUROMODELS_DEBUG", "").lower() not in ("", "0", "false", "no")
    try:
        try:
            arguments = build_parser(words).parse_args(words)
            return arguments.run(arguments, _toolbox())
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: end quietly, also at the flush on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("neuromodels: interrupted; files that were finished are kept.", file=sys.stderr)
        return 130
    except (Exception, Warning) as error:
        if debug:
            raise
        print(f"neuromodels: {type(error).__name__}: {error}", file=sys.stderr)
        return int(getattr(error, "exit_code", 1))
