"""``neuromodels brainscore``: what Brain-Score lacks here, and folders by which it finds our models."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .plugins import Plugin


class UsageError(ValueError):
    """Arguments that cannot be meant."""

    exit_code = 2


class BrainScoreCommand:
    """Check the environment; write or remove the folder of a model."""

    summary = "Brain-Score: check the environment, write a submission or a local shim of a model"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        language = {"action": "store_true", "help": "Brain-Score language instead of vision"}
        check = actions.add_parser("check", help="say whether Brain-Score works in this environment")
        check.add_argument("--language", **language)  # type: ignore[arg-type]
        shim = actions.add_parser("shim", help="write a folder into the installed Brain-Score for its load_model")
        submission = actions.add_parser("submission", help="write a folder for Brain-Score's repository")
        for writer in (shim, submission):
            add = writer.add_argument
            add("model", metavar="MODEL", help="registered name, or package.module:function that returns a model")
            add("--id", required=True, metavar="ID", help="identifier in Brain-Score")
            add(
                "--region",
                nargs="+",
                default=[],
                metavar="REGION=LAYER",
                help="layer that stands for a region; the committed layer everywhere by default",
            )
            add("--seed", type=int, default=0, help="seed of untrained weights (default: 0)")
            add("--visual-degrees", type=float, default=8, help="width that an input covers (default: 8)")
            add("--bibtex", metavar="FILE", help="file with the reference")
            add("--force", action="store_true", help="write over a folder that this command wrote")
            add("--language", **language)  # type: ignore[arg-type]
        submission.add_argument(
            "--requirement",
            action="append",
            default=[],
            metavar="LINE",
            help="line of requirements.txt; may be repeated",
        )
        submission.add_argument(
            "--out", default=".", metavar="DIR", help="where models/<name>/ is made (default: here)"
        )
        remove = actions.add_parser("remove", help="remove a shim again")
        remove.add_argument("id", metavar="ID", help="identifier in Brain-Score")
        remove.add_argument("--language", **language)  # type: ignore[arg-type]

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Do what was asked and say what was written; returns the exit code."""
        package: Any = "language" if arguments.language else "vision"
        if arguments.action == "check":
            return _check(package)
        from .plugins import remove_shim, write_shim, write_submission

        if arguments.action == "remove":
            print(f"removed: {remove_shim(arguments.id, package)}")
            return 0
        plugin = _plugin(arguments, toolbox, package)
        if arguments.action == "shim":
            files = write_shim(plugin, force=arguments.force)
        else:
            files = write_submission(plugin, arguments.out, force=arguments.force)
        for file in files:
            print(f"wrote: {file}")
        if arguments.action == "shim":
            flag = " --language" if arguments.language else ""
            print(f"to undo: neuromodels brainscore remove {arguments.id}{flag}")
        return 0


def _check(package: Any) -> int:
    from .environment import MODULES, environment_problems, how_to_install, require_brainscore

    problems = environment_problems(package)
    if problems:
        print("\n".join([*problems, how_to_install(package)]), file=sys.stderr)
        return 3
    require_brainscore(package)
    print(f"{MODULES[package]} works here.")
    return 0


def _plugin(arguments: argparse.Namespace, toolbox: Any, package: Any) -> "Plugin":
    from .layers import layer_map
    from .plugins import Plugin

    pairs = [pair.partition("=") for pair in arguments.region]
    if not all(region and layer for region, _, layer in pairs):
        raise UsageError(f"--region takes REGION=LAYER, received {' '.join(arguments.region)!r}.")
    layers = {region: layer for region, _, layer in pairs}
    # Built once here, so that a wrong name or layer fails now and not on the machine that scores.
    model = _build(arguments.model, arguments.seed, toolbox)
    layer_map(model, layers or None)
    count = sum(value.numel() for value in model.parameters()) if hasattr(model, "parameters") else None
    return Plugin(
        arguments.id,
        arguments.model,
        package,
        layers,
        arguments.seed,
        arguments.visual_degrees,
        tuple(getattr(arguments, "requirement", ())),
        count,
        Path(arguments.bibtex).read_text(encoding="utf-8") if arguments.bibtex else "",
    )


def _build(source: str, seed: int, toolbox: Any) -> Any:
    module, colon, function = source.partition(":")
    if not colon:
        return toolbox.create_model(source, seed=seed)
    try:
        factory = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{source!r} cannot be imported ({error}); give package.module:function.") from error
    return factory()
